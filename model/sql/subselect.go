package sql

import "strings"

// QueryProgram is a compiled query of one output.
type QueryProgram struct {
	scan   *scan
	target valueFunc
	spread bool // the values of target are lists, of which each item is one
	slots  int
	kind   Kind
	typ    string
}

// CompileQuery binds a query whose outer row is the scope's base. It fails as
// Compile does.
func CompileQuery(q *Query, s *Scope) (*QueryProgram, error) {
	c := &compiler{scope: s}
	list := unnested(q)
	if list != nil {
		of := *q
		of.Target, q = list, &of
	}
	sc, target := c.query(q, true)
	if list != nil {
		target = c.item(list, target)
	}
	if err := c.outcome(); err != nil {
		return nil, err
	}
	return &QueryProgram{scan: sc, target: target.get, spread: list != nil, slots: c.slots, kind: target.kind, typ: target.typ}, nil
}

// unnested is the column whose lists a query gives item by item: SELECT unnest(x); nil for another
// query.
func unnested(q *Query) *Column {
	o, ok := q.Target.(*Opaque)
	if !ok || len(o.Parts) != 3 || o.What != "function unnest" || o.Parts[0].Text != "unnest(" || o.Parts[2].Text != ")" {
		return nil
	}
	return o.Parts[1].Column
}

// item is an item of a list.
func (c *compiler) item(list *Column, o operand) operand {
	switch {
	case o.bad:
	case !isArray(o.typ):
		c.fail(list.Offset(), "unnest needs an array, not %s", o.typ)
	default:
		o.typ = strings.TrimSuffix(o.typ, "[]")
		if o.kind == Other {
			o.kind = builtin(o.typ)
		}
	}
	return o
}

// Each yields the query's values, until yield says false. DISTINCT is not
// applied: a value may come more than once. The frame may be used for other
// programs meanwhile, if its row is put back.
func (q *QueryProgram) Each(f *Frame, yield func(Value) bool) {
	base, top := f.enter(q.slots)
	q.scan.run(f, 0, func(f *Frame) bool {
		v := q.target(f)
		if !q.spread {
			return yield(v)
		}
		return v.Null || eachItem(v.Text, yield)
	})
	f.leave(base, top)
}

// Kind is the kind of the values; of the elements, when Type ends in [].
func (q *QueryProgram) Kind() Kind { return q.kind }

// Type is the type of the values as format_type prints it.
func (q *QueryProgram) Type() string { return q.typ }

// scan is nested loops over the tables of a query.
type scan struct {
	relations []int
	first     int          // the slot of the first table's row
	conds     [][]condFunc // conds[i] can be judged once i rows are there
}

// run calls visit for each combination of rows that the conditions let
// through; it reports false when visit did.
func (s *scan) run(f *Frame, i int, visit func(*Frame) bool) bool {
	for _, c := range s.conds[i] {
		if c(f) != True {
			return true
		}
	}
	if i == len(s.relations) {
		return visit(f)
	}
	slot := f.base + s.first + i
	for _, row := range f.World.Rows(s.relations[i]) {
		f.stack[slot] = row
		if !s.run(f, i+1, visit) {
			return false
		}
	}
	return true
}

// query compiles a sub-select. With wanted it must have one output.
func (c *compiler) query(q *Query, wanted bool) (*scan, operand) {
	if q.Opaque != nil {
		c.opaque(q.Opaque)
		return nil, badOperand(q.Opaque)
	}
	out := &scan{first: c.slots, conds: make([][]condFunc, len(q.From)+1)}
	c.slots += len(q.From)
	tables := c.bind(q.From, out)
	c.levels = append(c.levels, level{})
	defer func() { c.levels = c.levels[:len(c.levels)-1] }()
	this := &c.levels[len(c.levels)-1]
	group := 0
	for i, t := range q.From {
		if !t.Join {
			group = i
		}
		this.tables = tables[group : i+1]
		if t.On != nil {
			c.conjuncts(t.On, out)
			this = &c.levels[len(c.levels)-1]
		}
	}
	this.tables = tables
	if q.Where != nil {
		c.conjuncts(q.Where, out)
	}
	return out, c.target(q, wanted)
}

// bind looks up the tables of a query.
func (c *compiler) bind(from []*Table, out *scan) []bound {
	tables := make([]bound, len(from))
	for i, t := range from {
		tables[i] = c.bound(t, out.first+i)
		for _, other := range tables[:i] {
			if other.label == tables[i].label {
				c.fail(t.Offset(), "the name %q stands for two tables", other.label)
			}
		}
		id := -1
		if r := tables[i].relation; r != nil {
			id = r.ID
			c.uses.relation(id)
		}
		if id < 0 {
			c.leave(nil, "the rows of "+t.Name)
		}
		out.relations = append(out.relations, id)
	}
	return tables
}

// conjuncts compiles a condition and puts each part of it where the last row
// that it reads is known.
func (c *compiler) conjuncts(e Expr, out *scan) {
	if and, ok := e.(*And); ok {
		for _, arg := range and.Args {
			c.conjuncts(arg, out)
		}
		return
	}
	from := len(c.read)
	run := c.cond(e)
	at := 0
	for _, slot := range c.read[from:] {
		if i := slot - out.first; i >= 0 && i < len(out.conds)-1 {
			at = max(at, i+1)
		}
	}
	out.conds[at] = append(out.conds[at], run)
}

func (c *compiler) target(q *Query, wanted bool) operand {
	if q.Target != nil {
		return c.settled(c.operand(q.Target))
	}
	if wanted && q.Star {
		c.leave(nil, "SELECT *, where one output is wanted")
	} else if wanted {
		c.fail(q.Offset(), "a query of one output is wanted")
	}
	return badOperand(nil)
}

func (c *compiler) exists(x *Exists) condFunc {
	s, _ := c.query(x.Query, false)
	return func(f *Frame) Tri {
		return tri(!s.run(f, 0, func(*Frame) bool { return false }))
	}
}

func (c *compiler) inQuery(x *InQuery) condFunc {
	left := c.operand(x.X)
	s, target := c.query(x.Query, true)
	left, target, ok := c.unify(x, "IN", left, target)
	if !ok {
		return never
	}
	get, output, not := left.get, target.get, x.Not
	return func(f *Frame) Tri {
		v, found := get(f), False
		s.run(f, 0, func(f *Frame) bool {
			switch w := output(f); {
			case v.Null || w.Null:
				found = Unknown
			case v.Text == w.Text:
				found = True
			}
			return found != True && !v.Null
		})
		if not {
			return found.Not()
		}
		return found
	}
}
