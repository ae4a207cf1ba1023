package sql

// Program is a compiled condition.
type Program struct {
	run   condFunc
	slots int
}

// Eval evaluates the condition. It does not allocate once f's stack has grown.
func (p *Program) Eval(f *Frame) Tri {
	if p.slots == 0 {
		return p.run(f)
	}
	base, top := f.enter(p.slots)
	t := p.run(f)
	f.leave(base, top)
	return t
}

type (
	condFunc  func(*Frame) Tri
	valueFunc func(*Frame) Value
)

// Compile binds a condition to a scope. It fails with *Error for a mistake in
// the expression, else with *NotInGo when only Postgres can evaluate it.
func Compile(e Expr, s *Scope) (*Program, error) {
	c := &compiler{scope: s}
	run := c.cond(e)
	if err := c.outcome(); err != nil {
		return nil, err
	}
	return &Program{run: run, slots: c.slots}, nil
}

// ValueProgram is a compiled value.
type ValueProgram struct {
	run   valueFunc
	slots int
	typ   string
}

// CompileValue binds an expression that gives a value of any type: a column, a
// variable, a literal, a cast of those, or a condition. It fails as Compile does.
func CompileValue(e Expr, s *Scope) (*ValueProgram, error) {
	c := &compiler{scope: s}
	o := c.settled(c.operand(e))
	if err := c.outcome(); err != nil {
		return nil, err
	}
	return &ValueProgram{run: o.get, slots: c.slots, typ: o.typ}, nil
}

// Eval evaluates the value.
func (p *ValueProgram) Eval(f *Frame) Value {
	if p.slots == 0 {
		return p.run(f)
	}
	base, top := f.enter(p.slots)
	v := p.run(f)
	f.leave(base, top)
	return v
}

// Type is the value's type as format_type prints it.
func (p *ValueProgram) Type() string { return p.typ }

// compiler goes on after a failure, so that a mistake is found even behind
// something that Go cannot evaluate.
type compiler struct {
	scope  *Scope
	levels []level // sub-selects around, the innermost last
	slots  int     // rows of the stack that are needed
	read   []int   // slots of the stack that were read, in order
	uses   uses

	mistake *Error
	notInGo *NotInGo
}

func (c *compiler) outcome() error {
	switch {
	case c.mistake != nil:
		return c.mistake
	case c.notInGo != nil:
		return c.notInGo
	default:
		return nil
	}
}

// fail notes a mistake; the first in the text counts.
func (c *compiler) fail(at int, format string, args ...any) {
	if c.mistake == nil || at < c.mistake.Offset {
		c.mistake = errorAt(at, format, args...)
	}
}

// leave notes that Postgres must be asked.
func (c *compiler) leave(e Expr, reason string) {
	if c.notInGo == nil {
		c.notInGo = &NotInGo{Node: e, Reason: reason}
	}
}

func never(*Frame) Tri { return Unknown }

// cond compiles a boolean expression.
func (c *compiler) cond(e Expr) condFunc {
	switch x := e.(type) {
	case *And:
		return all(c.conds(x.Args))
	case *Or:
		return some(c.conds(x.Args))
	case *Not:
		arg := c.cond(x.X)
		return func(f *Frame) Tri { return arg(f).Not() }
	case *IsNull:
		return c.isNull(x)
	case *IsBool:
		arg, what, not := c.cond(x.X), x.What, x.Not
		return func(f *Frame) Tri { return tri((arg(f) == what) != not) }
	case *Compare:
		return c.compare(x)
	case *IsDistinct:
		return c.distinct(x)
	case *In:
		return c.in(x)
	case *AnyArray:
		return c.anyArray(x)
	case *InQuery:
		return c.inQuery(x)
	case *Exists:
		return c.exists(x)
	case *Atom:
		return c.atom(x, x.Name)
	case *Column:
		if c.isAtom(x) {
			return c.atom(x, x.Name)
		}
		return c.boolean(x)
	case *Var, *Literal, *Cast, *Field, *Coalesce, *Array, *Opaque:
		return c.boolean(x)
	default:
		panic("sql: unknown expression")
	}
}

func (c *compiler) conds(list []Expr) []condFunc {
	out := make([]condFunc, len(list))
	for i, e := range list {
		out[i] = c.cond(e)
	}
	return out
}

func all(args []condFunc) condFunc {
	return func(f *Frame) Tri {
		out := True
		for _, a := range args {
			switch a(f) {
			case False:
				return False
			case Unknown:
				out = Unknown
			case True:
			}
		}
		return out
	}
}

func some(args []condFunc) condFunc {
	return func(f *Frame) Tri {
		out := False
		for _, a := range args {
			switch a(f) {
			case True:
				return True
			case Unknown:
				out = Unknown
			case False:
			}
		}
		return out
	}
}

// boolean compiles a value that must be a boolean.
func (c *compiler) boolean(e Expr) condFunc {
	o := c.operand(e)
	if o.untyped() {
		o = c.adapt(o, operand{kind: Bool, typ: "boolean"})
	}
	switch {
	case o.bad:
		return never
	case o.kind == Bool && !isArray(o.typ):
		get := o.get
		return func(f *Frame) Tri { return truth(get(f)) }
	case o.kind == Other && !isArray(o.typ) && o.typ != "numeric":
		c.leave(e, "a condition of type "+o.typ)
	default:
		c.fail(e.Offset(), "a condition must be boolean, not %s", o.typ)
	}
	return never
}

func (c *compiler) atom(e Expr, name string) condFunc {
	c.mention(e, name)
	if run, ok := c.scope.Atoms[name]; ok {
		return run
	}
	c.fail(e.Offset(), "%q means nothing here", name)
	return never
}

// mention notes an atom. It speaks of the base table's row, which a sub-select
// over the same table, under the same name, would hide in SQL.
func (c *compiler) mention(e Expr, name string) {
	c.uses.atom(name)
	for _, l := range c.levels {
		for _, t := range l.tables {
			if c.scope.Base != nil && t.label == c.scope.label() {
				c.fail(e.Offset(), "%q speaks of the row of %q, which this sub-select reads as well: give it an alias there", name, t.label)
			}
		}
	}
}

func (c *compiler) isNull(x *IsNull) condFunc {
	o := c.operand(x.X)
	if o.bad {
		return never
	}
	if o.composite {
		c.leave(x, "IS NULL of a row type")
		return never
	}
	get, not := o.get, x.Not
	return func(f *Frame) Tri { return tri(get(f).Null != not) }
}
