package draft

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// scope says which tables the names in an expression may mean: those of the queries
// around it, the innermost last, and the table whose policy it is.
type scope struct {
	survey *Survey
	base   *model.Table // nil for a function
	inner  []bound
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
		label := t.Alias
		if label == "" {
			label = t.Name
		}
		out.inner = append(out.inner, bound{label, s.table(t)})
	}
	return out
}

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
			return Column{b.table, at}, true
		}
	}
	if s.base == nil || c.Qualifier != "" && c.Qualifier != s.base.Name {
		return Column{}, false
	}
	at := s.base.Column(c.Name)
	return Column{s.base, at}, at >= 0
}
