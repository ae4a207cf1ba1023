package mutate

import (
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// weakening is a changed expression.
type weakening struct {
	kind   Kind
	change string
	expr   sql.Expr
	null   *sql.Column // the change matters only where this column is NULL
	weaker sql.Expr    // the conjunct that is left out or holds more often
	// distinct says that NULL equals NULL now.
	distinct bool
}

// weakenings changes an expression in one place each.
func weakenings(t *model.Table, tree sql.Expr) []weakening {
	var out []weakening
	places := 0
	sql.Rewrite(tree, func(e sql.Expr) sql.Expr { places++; return e })
	for at := range places {
		for choice := 0; ; choice++ {
			w, ok := weaken(t, tree, at, choice)
			if !ok {
				break
			}
			if w.expr != nil {
				out = append(out, w)
			}
		}
	}
	return out
}

// weaken makes the choice-th change of the at-th node. ok is false past the last choice.
func weaken(t *model.Table, tree sql.Expr, at, choice int) (weakening, bool) {
	var w weakening
	ok := false
	n := 0
	next := sql.Rewrite(tree, func(e sql.Expr) sql.Expr {
		n++
		if n-1 != at {
			return e
		}
		list := changes(t, e)
		if choice >= len(list) {
			return e
		}
		ok, w = true, list[choice]
		return w.expr
	})
	w.expr = next
	return w, ok
}

// changes lists what can be put in the place of a node.
func changes(t *model.Table, e sql.Expr) []weakening {
	switch x := e.(type) {
	case *sql.Compare:
		return comparison(t, x)
	case *sql.And:
		out := []weakening{{kind: Connective, change: "OR for AND in " + short(x), expr: &sql.Or{Args: x.Args}}}
		for i := range x.Args {
			rest := append(append([]sql.Expr{}, x.Args[:i]...), x.Args[i+1:]...)
			left := sql.Expr(&sql.And{Args: rest})
			if len(rest) == 1 {
				left = rest[0]
			}
			out = append(out, weakening{kind: DropConjunct, change: "without " + short(x.Args[i]), expr: left, weaker: x.Args[i]})
		}
		return out
	}
	return nil
}

// comparison weakens an equality.
func comparison(t *model.Table, x *sql.Compare) []weakening {
	if x.Op != "=" {
		return nil
	}
	var out []weakening
	add := func(kind Kind, e sql.Expr) {
		out = append(out, weakening{kind: kind, change: short(e) + " for " + short(x), expr: e})
	}
	add(Comparison, &sql.Compare{Op: "<=", L: x.L, R: x.R})
	out[0].weaker = x
	add(Comparison, &sql.Compare{Op: "<>", L: x.L, R: x.R})
	add(Comparison, &sql.IsDistinct{L: x.L, R: x.R, Not: true})
	out[len(out)-1].weaker, out[len(out)-1].distinct = x, true
	if c, ok := x.L.(*sql.Column); ok {
		out[len(out)-1].null = c
	} else if c, ok := x.R.(*sql.Column); ok {
		out[len(out)-1].null = c
	}
	if e := prefix(t, x); e != nil {
		add(Prefix, e)
		out[len(out)-1].weaker = x
	}
	for _, side := range []sql.Expr{x.L, x.R} {
		c, ok := side.(*sql.Column)
		if !ok {
			continue
		}
		add(OrNull, &sql.Or{Args: []sql.Expr{x, &sql.IsNull{X: c}}})
		out[len(out)-1].null, out[len(out)-1].weaker = c, x
		for _, other := range alike(t, c) {
			swapped := *x
			if side == x.L {
				swapped.L = other
			} else {
				swapped.R = other
			}
			add(WrongColumn, &swapped)
		}
	}
	return out
}

// prefix has texts begin with what they should be: LIKE for =. It is nil where none of the sides
// is known to be a text, or one is a constant.
func prefix(t *model.Table, x *sql.Compare) sql.Expr {
	l, r := x.L, x.R
	if _, ok := l.(*sql.Column); !ok {
		l, r = r, l
	}
	c, ok := l.(*sql.Column)
	if !ok || constant(r) || c.Qualifier != "" && c.Qualifier != t.Name {
		return nil
	}
	if i := t.Column(c.Name); i < 0 || t.Columns[i].Type.Array || t.Columns[i].Type.Kind != sql.Text {
		return nil
	}
	named := func(e sql.Expr) string {
		text, _ := sql.Print(e, sql.PrintOptions{Named: true})
		return text
	}
	e, err := sql.ParseExpr(named(l) + " LIKE (" + named(r) + " || '%')")
	if err != nil {
		return nil
	}
	return e
}

// constant reports whether an expression is a constant but NULL, whatever it is cast to.
func constant(e sql.Expr) bool {
	for c, ok := e.(*sql.Cast); ok; c, ok = e.(*sql.Cast) {
		e = c.X
	}
	l, ok := e.(*sql.Literal)
	return ok && !l.Value.Null
}

// demanded reports whether a condition stands in an expression under nothing but AND and OR: where
// it is NULL, it might as well be false.
func demanded(tree, part sql.Expr) bool {
	holds := func(e sql.Expr) bool { return demanded(e, part) }
	switch x := tree.(type) {
	case *sql.And:
		return slices.ContainsFunc(x.Args, holds)
	case *sql.Or:
		return slices.ContainsFunc(x.Args, holds)
	}
	is, _ := sql.Print(tree, sql.PrintOptions{Named: true})
	want, _ := sql.Print(part, sql.PrintOptions{Named: true})
	return is == want
}

// alike lists the other columns of the policy's table that have the type of a column.
func alike(t *model.Table, c *sql.Column) []sql.Expr {
	if c.Qualifier != "" && c.Qualifier != t.Name {
		return nil
	}
	i := t.Column(c.Name)
	if i < 0 {
		return nil
	}
	var out []sql.Expr
	for j := range t.Columns {
		if j != i && t.Columns[j].Type.Name == t.Columns[i].Type.Name {
			other := *c
			other.Name = t.Columns[j].Name
			out = append(out, &other)
		}
	}
	return out
}

// short is an expression in a few words.
func short(e sql.Expr) string {
	text, _ := sql.Print(e, sql.PrintOptions{Named: true})
	if len(text) > 60 {
		text = text[:57] + "…"
	}
	return fmt.Sprintf("(%s)", text)
}
