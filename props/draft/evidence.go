package draft

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Column is a column of a table, or a part of what it holds, such as a key of a JSON document.
type Column struct {
	Table  *model.Table
	Column int
	Part   string // SQL of the part, with hole for the column; empty: all of it
}

// name is the column's name.
func (c Column) name() string { return c.Table.Columns[c.Column].Name }

// String is table.column, for people, or what is made of it.
func (c Column) String() string { return c.fill(c.Table.Label() + "." + c.name()) }

// evidence is what expressions of the schema say of what columns and sources hold. It
// tells what a value is, an account or a user, never who may see what.
type evidence struct {
	survey *Survey
	probe  *probe

	equal   []equality
	same    [][2]Column // columns that are compared with each other
	joined  [][]Column  // lists that are looked through together
	consts  []constant
	unread  []string // expressions that read the session in a way that is not understood
	sources []*Source
	policy  *model.Policy              // the policy that is being read; nil for anything else
	readers map[string][]*model.Policy // the policies that read a source, by its place
	casts   map[Column]string          // the type that a part of a column is cast to
}

// equality is a column that is compared with a source.
type equality struct {
	column Column
	source *Source
	op     string
	table  *model.Table // whose policy or default says so; nil for a function
	set    bool         // a function writes the source's value into the column, and compares nothing
}

// constant is a source that is compared with a constant.
type constant struct {
	source *Source
	value  string
	op     string
}

// collect reads policies, defaults, and functions that are one query.
func (e *evidence) collect() {
	for _, t := range e.survey.Schema.Tables {
		for i := range t.Policies {
			e.policy = &t.Policies[i]
			for _, text := range []string{e.policy.Using, e.policy.Check} {
				if x, err := sql.ParseExpr(text); text != "" && err == nil {
					e.expr(x, scope{survey: e.survey, base: t})
				}
			}
		}
		e.policy = nil
	}
	for _, f := range e.survey.Functions {
		if q, ok := f.query(); ok && !slices.Contains(e.survey.Own, f.Schema) {
			e.query(q, scope{survey: e.survey})
		}
	}
	for _, t := range e.survey.Schema.Tables {
		for i := range t.Columns {
			if text := t.Columns[i].Default; text != "" && !t.Columns[i].Generated {
				e.defaulted(Column{Table: t, Column: i}, text)
			}
		}
	}
	e.sources = slices.DeleteFunc(e.sources, func(s *Source) bool { return !e.compared(s) })
	e.bodies()
}

// compared reports whether a source is compared with a column or a constant, and not only handed
// on to something else.
func (e *evidence) compared(s *Source) bool {
	return slices.ContainsFunc(e.equal, func(q equality) bool { return q.source == s }) ||
		slices.ContainsFunc(e.consts, func(c constant) bool { return c.source == s })
}

// defaulted notes a column whose default is what the session brings. The role's name counts only
// if it is compared with something too: else it says who wrote the row, not whose it is.
func (e *evidence) defaulted(c Column, text string) {
	x, err := sql.ParseExpr(text)
	if err != nil {
		return
	}
	if s := e.source(x); s != nil && (!s.Role() || e.compared(s)) {
		e.equal = append(e.equal, equality{column: c, source: s, op: "=", table: c.Table})
	}
}

// expr notes every comparison in an expression.
func (e *evidence) expr(x sql.Expr, in scope) {
	sql.Walk(x, func(x sql.Expr) bool {
		before := e.found()
		switch x := x.(type) {
		case *sql.Compare:
			e.compare(x.Op, x.L, x.R, in)
			e.compare(flipped(x.Op), x.R, x.L, in)
		case *sql.IsDistinct:
			e.compare("=", x.L, x.R, in)
			e.compare("=", x.R, x.L, in)
		case *sql.AnyArray:
			if x.Not || !e.ofList(x.X, x.Array, in) {
				e.compare("=", x.X, x.Array, in)
			}
			if list, ok := bare(x.Array).(*sql.Array); ok && !x.Not {
				e.oneOf(x.X, list.Items, in)
			}
		case *sql.Or:
			e.alternatives(x, in)
		case *sql.In:
			if !x.Not {
				e.oneOf(x.X, x.List, in)
			}
		case *sql.InQuery:
			e.in(x, in)
			e.query(x.Query, in)
			e.expr(x.X, in)
			return false
		case *sql.Exists:
			e.query(x.Query, in)
			return false
		case *sql.Field:
			e.source(x)
			e.callsIn(x, in)
			return false
		case *sql.Opaque:
			e.source(x)
			e.pieces(x, in)
			e.calls(x, in)
			e.overlap(x, in)
			if e.found() == before {
				e.holds(x, in)
			}
			return true
		}
		switch x.(type) {
		case *sql.Compare, *sql.AnyArray, *sql.In, *sql.IsNull:
			if e.found() == before {
				e.behind(x, in)
			}
		}
		return true
	})
}

// found is how much was noted so far, to see whether something was.
func (e *evidence) found() int { return len(e.equal) + len(e.same) + len(e.consts) }

// callsIn goes into the functions in the expression that a JSON document is taken from.
func (e *evidence) callsIn(x *sql.Field, in scope) {
	sql.Walk(x, func(x sql.Expr) bool {
		if o, ok := x.(*sql.Opaque); ok {
			e.pieces(o, in)
			e.calls(o, in)
		}
		return true
	})
}

// oneOf notes a comparison with each of a list.
func (e *evidence) oneOf(x sql.Expr, list []sql.Expr, in scope) {
	for _, item := range list {
		e.compare("=", x, item, in)
		e.compare("=", item, x, in)
	}
}

// flipped is the operator with its sides exchanged.
func flipped(op string) string {
	switch op {
	case "<":
		return ">"
	case ">":
		return "<"
	case "<=":
		return ">="
	case ">=":
		return "<="
	}
	return op
}

// compare notes a comparison of l with r.
func (e *evidence) compare(op string, l, r sql.Expr, in scope) {
	l, r = anyCase(l), anyCase(r)
	left, ok := e.holder(l, in)
	if !ok {
		if c, is := bare(r).(*sql.Literal); is && !c.Value.Null {
			if s := e.source(l); s != nil {
				e.consts = append(e.consts, constant{s, c.Value.Text, op})
			}
		}
		return
	}
	e.cast(left, l)
	if right, ok := e.holder(r, in); ok {
		if op == "=" && left != right {
			e.same = append(e.same, [2]Column{left, right})
		}
		return
	}
	if s := e.held(r, in); s != nil {
		e.equal = append(e.equal, equality{column: left, source: s, op: op, table: in.base})
	}
}

// anyCase is the argument of lower() or upper(), since texts that are compared in any case are
// compared; any other expression is itself.
func anyCase(x sql.Expr) sql.Expr {
	o, ok := bare(x).(*sql.Opaque)
	if !ok {
		return x
	}
	text, _ := sql.Print(o, sql.PrintOptions{})
	calls := sql.Calls(text)
	if len(calls) == 0 || calls[0].Name != "lower" && calls[0].Name != "upper" || len(calls[0].Args) != 1 || text != calls[0].Name+"("+calls[0].Args[0]+")" {
		return x
	}
	if inner, err := sql.ParseExpr(calls[0].Args[0]); err == nil {
		return inner
	}
	return x
}

// cast notes the type that a part of a column is cast to.
func (e *evidence) cast(c Column, x sql.Expr) {
	if y, ok := x.(*sql.Cast); ok && c.isPart() && e.casts[c] == "" {
		if e.casts == nil {
			e.casts = map[Column]string{}
		}
		e.casts[c] = y.Type
	}
}

// in notes a column that is looked for in a query: in another table's column, or in a
// list that the session brings.
func (e *evidence) in(x *sql.InQuery, in scope) {
	left, ok := e.holder(x.X, in)
	if !ok || x.Not {
		return
	}
	e.cast(left, x.X)
	if right, ok := e.gathered(x.Query, in); ok {
		e.same = append(e.same, [2]Column{left, right})
		return
	}
	if o, ok := bare(x.Query.Target).(*sql.Opaque); ok && x.Query.Opaque == nil {
		text, _ := sql.Print(o, sql.PrintOptions{})
		if right, ok := e.given(text); ok {
			e.same = append(e.same, [2]Column{left, right})
		}
	}
	if s := e.set(x.Query); s != nil {
		e.equal = append(e.equal, equality{column: left, source: s, op: "=", table: in.base})
	}
}

// query notes every comparison in a query.
func (e *evidence) query(q *sql.Query, in scope) {
	if q == nil {
		return
	}
	if q.Opaque != nil {
		e.expr(q.Opaque, in)
		return
	}
	inner := in.with(q)
	for _, t := range q.From {
		if t.On != nil {
			e.expr(t.On, inner)
		}
	}
	if q.Where != nil {
		e.expr(q.Where, inner)
	}
	if q.Target != nil {
		e.expr(q.Target, inner)
	}
}

// source is where an expression takes its value from, as Postgres tells; nil for one with columns
// or tables, for a constant, and where it is no single setting, claim or role.
func (e *evidence) source(x sql.Expr) *Source {
	x = bare(x)
	switch x.(type) {
	case *sql.Opaque, *sql.Coalesce, *sql.Field:
	default:
		return nil
	}
	if len(sql.Columns(x)) > 0 || len(sql.Tables(x)) > 0 {
		return nil
	}
	text, _ := sql.Print(x, sql.PrintOptions{})
	s := e.probe.source(text, false)
	if s == nil {
		s = e.lookup(text)
	}
	return e.remember(s, text)
}

// set is source for a query that gives any number of values.
func (e *evidence) set(q *sql.Query) *Source {
	if len(sql.QueryTables(q)) > 0 {
		return nil
	}
	text, _ := sql.PrintQuery(q, sql.PrintOptions{})
	return e.remember(e.probe.source(text, true), text)
}

// remember gives the one *Source that stands for all equal ones, and notes which policy reads it.
// Without a source it notes a text that reads the session in a way that is not understood.
func (e *evidence) remember(s *Source, text string) *Source {
	if s == nil {
		if readsSession(e.survey.closure(text)) && !slices.Contains(e.unread, text) {
			e.unread = append(e.unread, text)
		}
		return nil
	}
	if e.policy != nil {
		if e.readers == nil {
			e.readers = map[string][]*model.Policy{}
		}
		e.readers[s.place()] = append(e.readers[s.place()], e.policy)
	}
	for _, known := range e.sources {
		if known.same(s) {
			return known
		}
	}
	e.sources = append(e.sources, s)
	return s
}

// read is the sources that sessions of a role have to bring: those that policies for it read, and
// those that no policy reads.
func (e *evidence) read(role string) []*Source {
	return slices.DeleteFunc(slices.Clone(e.sources), func(s *Source) bool {
		list := e.readers[s.place()]
		return len(list) > 0 && !slices.ContainsFunc(list, func(p *model.Policy) bool { return e.survey.applies(p, role) })
	})
}

// bare is an expression without casts around it.
func bare(x sql.Expr) sql.Expr {
	for {
		c, ok := x.(*sql.Cast)
		if !ok {
			return x
		}
		x = c.X
	}
}
