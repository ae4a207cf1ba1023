package sql

import "strings"

// in follows Postgres: the items without a column of this query get one type
// together with the left side, if there are several; the others are compared
// one by one.
func (c *compiler) in(x *In) condFunc {
	left := c.operand(x.X)
	var together, apart []operand
	ok := !left.bad
	for _, e := range x.List {
		item := c.operand(e)
		ok = ok && !item.bad
		if c.local(e) {
			apart = append(apart, item)
		} else {
			together = append(together, item)
		}
	}
	if !ok {
		return never
	}
	if len(together) == 1 || mixed(append([]operand{left}, together...)) {
		apart, together = append(together, apart...), nil
	}
	var parts []condFunc
	if len(together) > 1 {
		list, fine := c.common(x, "IN", append([]operand{left}, together...))
		if !fine {
			return never
		}
		parts = append(parts, c.member(x, "IN", list[0], list[1:], false))
	}
	for _, item := range apart {
		l, r, fine := c.unify(x, "IN", left, item)
		if !fine {
			return never
		}
		parts = append(parts, equal(l, r))
	}
	found := parts[0]
	if len(parts) > 1 {
		found = some(parts)
	}
	if x.Not {
		return func(f *Frame) Tri { return found(f).Not() }
	}
	return found
}

// mixed reports whether typed operands are of several kinds.
func mixed(list []operand) bool {
	kinds := map[Kind]bool{}
	for _, o := range list {
		if !o.untyped() {
			kinds[o.kind] = true
		}
	}
	return len(kinds) > 1
}

// local reports whether e reads a column of the innermost query.
func (c *compiler) local(e Expr) bool {
	found := false
	Walk(e, func(e Expr) bool {
		if col, ok := e.(*Column); ok {
			m, known := c.find(col)
			found = found || known && m.depth == len(c.levels)
		}
		return !found
	})
	return found
}

// member compiles membership in a list of constants and other operands.
func (c *compiler) member(x Expr, op string, left operand, items []operand, not bool) condFunc {
	ok := !left.bad
	one := left
	for i := range items {
		var fine bool
		if one, items[i], fine = c.unify(x, op, left, items[i]); !fine {
			ok = false
		}
	}
	if !ok {
		return never
	}
	gets := make([]valueFunc, len(items))
	for i := range items {
		gets[i] = items[i].get
	}
	get := one.get
	found := func(f *Frame) Tri { return isMember(f, get(f), gets) }
	if not {
		return func(f *Frame) Tri { return found(f).Not() }
	}
	return found
}

func isMember(f *Frame, v Value, items []valueFunc) Tri {
	if len(items) == 0 {
		return False
	}
	if v.Null {
		return Unknown
	}
	out := False
	for _, item := range items {
		switch w := item(f); {
		case w.Null:
			out = Unknown
		case w.Text == v.Text:
			return True
		}
	}
	return out
}

// anyArray compiles = ANY and <> ALL over an array.
func (c *compiler) anyArray(x *AnyArray) condFunc {
	left := c.operand(x.X)
	switch a := x.Array.(type) {
	case *Array:
		return c.anyItems(x, left, a, "")
	case *Cast:
		typ := formatType(a.Type)
		if !isArray(typ) {
			break
		}
		elem := strings.TrimSuffix(typ, "[]")
		switch inside := a.X.(type) {
		case *Array:
			return c.anyItems(x, left, inside, elem)
		case *Literal:
			if inside.Type == "" {
				return c.anyLiteral(x, left, inside, c.named(elem))
			}
		}
	case *Literal:
		if a.Type == "" {
			return c.anyLiteral(x, left, a, c.settled(left))
		}
	}
	return c.anyElement(x, left)
}

// anyItems compiles = ANY (ARRAY[…]), whose elements get one type before they
// meet the left side.
func (c *compiler) anyItems(x *AnyArray, left operand, a *Array, elem string) condFunc {
	items := make([]operand, len(a.Items))
	for i, e := range a.Items {
		if elem != "" {
			e = &Cast{Pos: Pos(e.Offset()), X: e, Type: elem}
		}
		items[i] = c.operand(e)
	}
	if len(items) == 0 {
		if elem == "" {
			c.fail(a.Offset(), "an empty array needs a type: ARRAY[]::uuid[]")
			return never
		}
		return c.anyLiteral(x, left, &Literal{Pos: a.Pos, Value: Value{Text: "{}"}}, c.named(elem))
	}
	if elem == "" || builtin(elem) != Other {
		var ok bool
		if items, ok = c.common(a, "ARRAY", items); !ok {
			return never
		}
	}
	if left.untyped() {
		left = c.adapt(left, items[0])
	}
	return c.member(x, "ANY", left, items, x.Not)
}

// anyLiteral compiles = ANY ('{…}'), whose elements are of the given type.
func (c *compiler) anyLiteral(x *AnyArray, left operand, l *Literal, elem operand) condFunc {
	if left.bad || elem.bad || l.Value.Null {
		return never
	}
	if elem.kind == Other && left.kind == Enum && sameType(elem.typ, left.typ) {
		elem = left
	}
	values, ok := arrayItems(l.Value.Text)
	if !ok {
		c.fail(l.Offset(), "%s is not an array", quoteText(l.Value.Text))
		return never
	}
	if isArray(elem.typ) || elem.kind == Other {
		c.leave(x, "an array of "+elem.typ)
		return never
	}
	left, _, ok = c.unify(x, "ANY", left, elem)
	if !ok {
		return never
	}
	items := make([]operand, len(values))
	for i, v := range values {
		item := &Literal{Pos: l.Pos, Value: v}
		items[i] = c.adapt(operand{get: constant(v), lit: item, at: item}, elem)
	}
	return c.member(x, "ANY", left, items, x.Not)
}

// anyElement compiles = ANY (a column or a variable).
func (c *compiler) anyElement(x *AnyArray, left operand) condFunc {
	array := c.operand(x.Array)
	if left.bad || array.bad {
		return never
	}
	if !isArray(array.typ) {
		if array.kind == Other {
			c.leave(x, "ANY over "+array.typ)
		} else {
			c.fail(x.Array.Offset(), "ANY needs an array, not %s", array.typ)
		}
		return never
	}
	elem := array
	elem.typ, elem.lit = strings.TrimSuffix(array.typ, "[]"), nil
	if elem.kind == Other {
		elem.kind = builtin(elem.typ)
	}
	left, _, ok := c.unify(x, "ANY", left, elem)
	if !ok {
		return never
	}
	get, list, not := left.get, array.get, x.Not
	return func(f *Frame) Tri {
		v, a := get(f), list(f)
		if a.Null {
			return Unknown
		}
		found := inArray(a.Text, v)
		if not {
			return found.Not()
		}
		return found
	}
}
