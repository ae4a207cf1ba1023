package gen

import (
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// between is one rule between the rows of a table: a unique key or an exclusion.
type between struct {
	model.Exclusion
	where      []sql.Expr // the parts of a partial key's predicate; nil without one
	nullsEqual bool
}

// betweens lists the rules between the rows of a table.
func betweens(t *model.Table) []between {
	var out []between
	if len(t.Key) > 0 {
		out = append(out, between{Exclusion: model.Exclusion{Same: t.Key}})
	}
	for i := range t.Unique {
		u := &t.Unique[i]
		b := between{Exclusion: model.Exclusion{Name: u.Name, Same: u.Columns}, nullsEqual: u.NullsEqual}
		if u.Where != "" {
			if e, err := sql.ParseExpr(u.Where); err == nil {
				b.where = conjuncts(e)
			}
		}
		out = append(out, b)
	}
	for i := range t.Exclusions {
		out = append(out, between{Exclusion: t.Exclusions[i]})
	}
	return out
}

// about reports whether the rule is about a column, or an expression of it.
func (x *between) about(column int) bool {
	return model.Contains(x.Same, column) || model.Contains(x.Reads, column)
}

// collide reports whether two rows may break the rule. It errs towards yes: strict
// takes every expression for one that gives the same for all rows.
func (x *between) collide(t *model.Table, a, b model.Row, strict bool) bool {
	if !x.holds(t, a) || !x.holds(t, b) {
		return false
	}
	for _, i := range x.Same {
		if !x.nullsEqual && (a[i].Null || b[i].Null) || !alike(&t.Columns[i], a[i], b[i], strict) {
			return false
		}
	}
	for _, i := range x.Differ {
		if a[i] == b[i] {
			return false
		}
	}
	for _, i := range x.Overlap { // the values of such columns are equal or apart
		if a[i].Null || b[i].Null || a[i] != b[i] {
			return false
		}
	}
	if strict || len(x.Reads) == 0 {
		return true
	}
	for _, i := range x.Reads {
		if !strings.EqualFold(strings.TrimSpace(a[i].Text), strings.TrimSpace(b[i].Text)) || a[i].Null != b[i].Null {
			return false
		}
	}
	return true
}

// alike reports whether two values may be equal to Postgres.
func alike(c *model.Column, a, b model.Value, strict bool) bool {
	if a.Null != b.Null {
		return false
	}
	if c.Type.Base == "citext" || strict && c.Type.Kind == sql.Other || c.Type.Base == "bpchar" {
		return strings.EqualFold(strings.TrimSpace(a.Text), strings.TrimSpace(b.Text))
	}
	return a.Text == b.Text
}

// holds reports whether a row may meet the predicate of a partial key.
func (x *between) holds(t *model.Table, row model.Row) bool {
	for _, part := range x.where {
		if met, known := meets(t, row, part); known && !met {
			return false
		}
	}
	return true
}

// meets evaluates the simple conditions of which predicates are made.
func meets(t *model.Table, row model.Row, e sql.Expr) (met, known bool) {
	value := func(e sql.Expr) (model.Value, bool) {
		col, ok := plain(e).(*sql.Column)
		if !ok {
			return null, false
		}
		i := t.Column(col.Name)
		if i < 0 || t.Columns[i].Generated {
			return null, false
		}
		return row[i], true
	}
	switch x := e.(type) {
	case *sql.Column:
		v, ok := value(x)
		return v.Text == "t", ok
	case *sql.Not:
		v, ok := value(x.X)
		return v.Text == "f", ok
	case *sql.IsNull:
		v, ok := value(x.X)
		return v.Null != x.Not, ok
	case *sql.Compare:
		col, other := equality(x)
		if col == nil {
			break
		}
		lit, ok := plain(other).(*sql.Literal)
		v, have := value(col)
		if !ok || !have || lit.Value.Null {
			break
		}
		return !v.Null && v.Text == lit.Value.Text, true
	}
	return false, false
}
