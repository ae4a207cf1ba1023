package sql

// Walk calls f for e and everything in it, sub-selects included, from the
// outside in and from left to right. Where f says false, the inside is left
// out. The columns and variables of an Opaque are visited; its tables are not
// expressions (see Tables).
func Walk(e Expr, f func(Expr) bool) {
	if e == nil || !f(e) {
		return
	}
	switch x := e.(type) {
	case *Column, *Var, *Literal, *Atom:
	case *Compare:
		walkAll(f, x.L, x.R)
	case *And:
		walkAll(f, x.Args...)
	case *Or:
		walkAll(f, x.Args...)
	case *Not:
		Walk(x.X, f)
	case *IsNull:
		Walk(x.X, f)
	case *IsDistinct:
		walkAll(f, x.L, x.R)
	case *IsBool:
		Walk(x.X, f)
	case *In:
		Walk(x.X, f)
		walkAll(f, x.List...)
	case *InQuery:
		Walk(x.X, f)
		WalkQuery(x.Query, f)
	case *AnyArray:
		walkAll(f, x.X, x.Array)
	case *Array:
		walkAll(f, x.Items...)
	case *Exists:
		WalkQuery(x.Query, f)
	case *Cast:
		Walk(x.X, f)
	case *Field:
		walkAll(f, x.X, x.Key)
	case *Coalesce:
		walkAll(f, x.Args...)
	case *Opaque:
		walkParts(x, f)
	default:
		panic("sql: unknown expression")
	}
}

func walkAll(f func(Expr) bool, list ...Expr) {
	for _, e := range list {
		Walk(e, f)
	}
}

func walkParts(o *Opaque, f func(Expr) bool) {
	for _, p := range o.Parts {
		switch {
		case p.Column != nil:
			Walk(p.Column, f)
		case p.Var != nil:
			Walk(p.Var, f)
		}
	}
}

// WalkQuery walks a query's expressions in the order of its text.
func WalkQuery(q *Query, f func(Expr) bool) {
	if q.Opaque != nil {
		Walk(q.Opaque, f)
		return
	}
	if q.Target != nil {
		Walk(q.Target, f)
	}
	for _, t := range q.From {
		if t.On != nil {
			Walk(t.On, f)
		}
	}
	if q.Where != nil {
		Walk(q.Where, f)
	}
}

// Vars is the names of the variables in e, each once, by first appearance.
func Vars(e Expr) []string {
	var out []string
	seen := map[string]bool{}
	Walk(e, func(e Expr) bool {
		if v, ok := e.(*Var); ok && !seen[v.Name] {
			seen[v.Name] = true
			out = append(out, v.Name)
		}
		return true
	})
	return out
}

// Columns is every mention of a column in e, sub-selects included, in order.
// Bare words that may be atoms are among them (see Scope.Atoms).
func Columns(e Expr) []*Column {
	var out []*Column
	Walk(e, func(e Expr) bool {
		if c, ok := e.(*Column); ok {
			out = append(out, c)
		}
		return true
	})
	return out
}

// Tables is every table that a sub-select of e names, in order.
func Tables(e Expr) []*Table {
	var out []*Table
	Walk(e, func(e Expr) bool {
		switch x := e.(type) {
		case *InQuery:
			out = append(out, x.Query.From...)
		case *Exists:
			out = append(out, x.Query.From...)
		case *Opaque:
			out = append(out, partTables(x)...)
		}
		return true
	})
	return out
}

// QueryTables is every table that q and its sub-selects name.
func QueryTables(q *Query) []*Table {
	return Tables(&Exists{Pos: q.Pos, Query: q})
}

// QueryVars is the names of the variables in q, each once.
func QueryVars(q *Query) []string {
	return Vars(&Exists{Pos: q.Pos, Query: q})
}

func partTables(o *Opaque) []*Table {
	var out []*Table
	for _, p := range o.Parts {
		if p.Table != nil {
			out = append(out, p.Table)
		}
	}
	return out
}

func hasOpaque(e Expr) bool {
	found := false
	Walk(e, func(e Expr) bool {
		_, opaque := e.(*Opaque)
		found = found || opaque
		return !found
	})
	return found
}
