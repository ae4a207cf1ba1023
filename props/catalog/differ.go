package catalog

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// differing lists the columns that may not have the same value in a row, by an expression that says
// only that: a <> b, such comparisons joined by AND, each alone or allowing that a column IS NULL. It
// is nil for every other form, and where the values are not of a kind whose text tells whether they
// are equal.
func differing(t *model.Table, expr string) [][2]int {
	e, err := sql.ParseExpr(expr)
	if err != nil {
		return nil
	}
	parts := []sql.Expr{e}
	if all, ok := e.(*sql.And); ok {
		parts = all.Args
	}
	var out [][2]int
	for _, part := range parts {
		pair, ok := unequal(t, part)
		if !ok {
			return nil
		}
		out = append(out, pair)
	}
	return out
}

// unequal reads one such comparison.
func unequal(t *model.Table, e sql.Expr) (pair [2]int, ok bool) {
	switch x := e.(type) {
	case *sql.Or:
		var nulls []int
		for _, arg := range x.Args {
			if null, is := arg.(*sql.IsNull); is && !null.Not {
				nulls = append(nulls, bare(t, null.X))
			} else if pair, is = unequal(t, arg); is && !ok {
				ok = true
			} else {
				return pair, false
			}
		}
		return pair, ok && !slices.ContainsFunc(nulls, func(i int) bool { return i != pair[0] && i != pair[1] })
	case *sql.Not:
		if c, is := x.X.(*sql.Compare); is && c.Op == "=" {
			return pairOf(t, c.L, c.R)
		}
	case *sql.Compare:
		if x.Op == "<>" {
			return pairOf(t, x.L, x.R)
		}
	case *sql.IsDistinct: // refuses two NULLs too
		if pair, ok = pairOf(t, x.L, x.R); ok && !x.Not {
			return pair, t.Columns[pair[0]].NotNull || t.Columns[pair[1]].NotNull
		}
	}
	return pair, false
}

// pairOf is the two columns that a comparison is between.
func pairOf(t *model.Table, l, r sql.Expr) (pair [2]int, ok bool) {
	a, b := bare(t, l), bare(t, r)
	if a < 0 || b < 0 || a == b {
		return pair, false
	}
	x, y := &t.Columns[a].Type, &t.Columns[b].Type
	kind := x.Kind == sql.Int || x.Kind == sql.UUID || x.Kind == sql.Text
	return [2]int{a, b}, kind && x.Kind == y.Kind && !x.Array && !y.Array
}

// bare is the column that an expression is, perhaps cast to a wider type; -1 for any other.
func bare(t *model.Table, e sql.Expr) int {
	if c, ok := e.(*sql.Cast); ok && (c.Type == "text" || c.Type == "bigint") { // which leave it what it is
		e = c.X
	}
	if c, ok := e.(*sql.Column); ok {
		return t.Column(c.Name)
	}
	return -1
}
