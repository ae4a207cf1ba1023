package sql


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
