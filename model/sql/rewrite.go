package sql

// Rewrite builds an expression anew: f sees each node with its inside already rewritten,
// and gives what stands in its place. e itself is not changed. The inside of an Opaque
// stays as it is.
func Rewrite(e Expr, f func(Expr) Expr) Expr {
	switch x := e.(type) {
	case *Column, *Var, *Literal, *Atom, *Opaque:
		return f(e)
	case *Compare:
		y := *x
		y.L, y.R = Rewrite(x.L, f), Rewrite(x.R, f)
		return f(&y)
	case *And:
		return f(&And{x.Pos, rewriteAll(x.Args, f)})
	case *Or:
		return f(&Or{x.Pos, rewriteAll(x.Args, f)})
	case *Not:
		return f(&Not{x.Pos, Rewrite(x.X, f)})
	case *IsNull:
		return f(&IsNull{x.Pos, Rewrite(x.X, f), x.Not})
	case *IsDistinct:
		return f(&IsDistinct{x.Pos, Rewrite(x.L, f), Rewrite(x.R, f), x.Not})
	case *IsBool:
		return f(&IsBool{x.Pos, Rewrite(x.X, f), x.What, x.Not})
	case *In:
		return f(&In{x.Pos, Rewrite(x.X, f), rewriteAll(x.List, f), x.Not})
	case *InQuery:
		return f(&InQuery{x.Pos, Rewrite(x.X, f), RewriteQuery(x.Query, f), x.Not})
	case *AnyArray:
		return f(&AnyArray{x.Pos, Rewrite(x.X, f), Rewrite(x.Array, f), x.Not})
	case *Array:
		return f(&Array{x.Pos, rewriteAll(x.Items, f)})
	case *Exists:
		return f(&Exists{x.Pos, RewriteQuery(x.Query, f)})
	case *Cast:
		return f(&Cast{x.Pos, Rewrite(x.X, f), x.Type})
	case *Field:
		return f(&Field{x.Pos, x.Op, Rewrite(x.X, f), Rewrite(x.Key, f)})
	case *Coalesce:
		return f(&Coalesce{x.Pos, rewriteAll(x.Args, f)})
	}
	panic("sql: unknown expression")
}

func rewriteAll(list []Expr, f func(Expr) Expr) []Expr {
	out := make([]Expr, len(list))
	for i, e := range list {
		out[i] = Rewrite(e, f)
	}
	return out
}

// RewriteQuery rewrites the expressions of a query.
func RewriteQuery(q *Query, f func(Expr) Expr) *Query {
	if q.Opaque != nil {
		return q
	}
	next := *q
	if q.Target != nil {
		next.Target = Rewrite(q.Target, f)
	}
	if q.Where != nil {
		next.Where = Rewrite(q.Where, f)
	}
	next.From = make([]*Table, len(q.From))
	for i, t := range q.From {
		u := *t
		if t.On != nil {
			u.On = Rewrite(t.On, f)
		}
		next.From[i] = &u
	}
	return &next
}
