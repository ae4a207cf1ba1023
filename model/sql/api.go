package sql

func ParseExpr(src string) (Expr, error)    { panic("todo") }
func ParseQuery(src string) (*Query, error) { panic("todo") }

type Statement struct {
	Text       string
	Start, End int
	Line       int
}

func Split(src string) ([]Statement, error) { panic("todo") }

func Walk(e Expr, f func(Expr) bool) { panic("todo") }
func Vars(e Expr) []string           { panic("todo") }
func Columns(e Expr) []*Column       { panic("todo") }
func Tables(e Expr) []*Table         { panic("todo") }

// PrintOptions says how Print renders names.
type PrintOptions struct {
	Scope     *Scope
	Qualifier string
	Atom      func(name string) (string, bool)
	Table     func(schema, name string) (newSchema, newName string)
	Vars      map[string]VarType
	Named     bool
}

func Print(e Expr, o PrintOptions) (text string, vars []string)        { panic("todo") }
func PrintQuery(q *Query, o PrintOptions) (text string, vars []string) { panic("todo") }
func Names(e Expr, s *Scope) error                                     { panic("todo") }
func NamesQuery(q *Query, s *Scope) error                              { panic("todo") }

type Program struct{}

func Compile(e Expr, s *Scope) (*Program, error) { panic("todo") }
func (p *Program) Eval(f *Frame) Tri             { panic("todo") }

type QueryProgram struct{}

func CompileQuery(q *Query, s *Scope) (*QueryProgram, error)  { panic("todo") }
func (q *QueryProgram) Each(f *Frame, yield func(Value) bool) { panic("todo") }

type ValueProgram struct{}

func CompileValue(e Expr, s *Scope) (*ValueProgram, error) { panic("todo") }
func (p *ValueProgram) Eval(f *Frame) Value                { panic("todo") }
func (p *ValueProgram) Kind() Kind                         { panic("todo") }
func QuoteName(name string) string                         { panic("todo") }
