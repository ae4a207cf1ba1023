package draft

import (
	"cmp"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// scope says which tables the names in an expression may mean: those of the queries
// around it, the innermost last, and the table whose policy it is.
type scope struct {
	survey *Survey
	base   *model.Table       // nil for a function
	inner  []bound            // the tables of the queries around it
	given  map[string]*Source // the sources that a function's parameters are given, by name and as $1
	depth  int                // how many calls of functions deep it is
	strict bool               // a column's name that two tables have means neither
}

// bound is a table under the name that a query gives it.
type bound struct {
	label string
	table *model.Table // nil for a view, a common table expression, an unknown table
}

// with is the scope inside of a query.
func (s scope) with(q *sql.Query) scope {
	out := s
	out.inner = slices.Clone(s.inner)
	for _, t := range q.From {
		out.inner = append(out.inner, bound{cmp.Or(t.Alias, t.Name), s.table(t)})
	}
	return out
}

// around is the scope inside of SQL that only Postgres understands. Names that several of
// its tables know are left out: nothing tells which of them is meant.
func (s scope) around(o *sql.Opaque) scope {
	out := s
	out.inner = slices.Clone(s.inner)
	out.strict = true
	for i := range o.Parts {
		if t := o.Parts[i].Table; t != nil {
			out.inner = append(out.inner, bound{cmp.Or(t.Alias, t.Name), s.table(t)})
		}
	}
	return out
}

// table is the table of the schema that a query names; nil for another one. Without a schema it is
// the one in public, if there is one.
func (s scope) table(t *sql.Table) *model.Table {
	if s.survey == nil {
		return nil
	}
	if t.Schema == "" {
		if found := s.survey.Schema.Table("public", t.Name); found != nil {
			return found
		}
	}
	return s.survey.Schema.Table(t.Schema, t.Name)
}

// column is the column that an expression is, casts aside.
func (s scope) column(x sql.Expr) (Column, bool) {
	c, ok := bare(x).(*sql.Column)
	if !ok {
		return Column{}, false
	}
	for i := len(s.inner) - 1; i >= 0; i-- {
		b := s.inner[i]
		if b.table == nil || c.Qualifier != "" && c.Qualifier != b.label {
			continue
		}
		if at := b.table.Column(c.Name); at >= 0 {
			return Column{Table: b.table, Column: at}, !s.strict || c.Qualifier != "" || s.alone(c.Name, b.table)
		}
	}
	if s.base == nil || c.Qualifier != "" && c.Qualifier != s.base.Name {
		return Column{}, false
	}
	at := s.base.Column(c.Name)
	return Column{Table: s.base, Column: at}, at >= 0
}

// alone reports whether no other table around has a column of the name.
func (s scope) alone(name string, t *model.Table) bool {
	return !slices.ContainsFunc(s.inner, func(b bound) bool { return b.table != nil && b.table != t && b.table.Column(name) >= 0 })
}
