package sql

import "strings"

// unify gives two operands one kind; ok is false when a failure was noted.
func (c *compiler) unify(x Expr, op string, l, r operand) (operand, operand, bool) {
	if l.bad || r.bad {
		return l, r, false
	}
	switch {
	case l.untyped() && r.untyped():
		return c.settled(l), c.settled(r), true
	case l.untyped():
		l = c.adapt(l, r)
	case r.untyped():
		r = c.adapt(r, l)
	case l.lit != nil && l.kind == Other && r.kind == Enum && sameType(l.typ, r.typ):
		l = c.adapt(l, r)
	case r.lit != nil && r.kind == Other && l.kind == Enum && sameType(r.typ, l.typ):
		r = c.adapt(r, l)
	}
	if l.bad || r.bad {
		return l, r, false
	}
	switch {
	case isArray(l.typ) || isArray(r.typ) || l.kind == Other || r.kind == Other:
		c.leave(x, op+" on "+l.typ+" and "+r.typ)
		return l, r, false
	case l.kind == r.kind && (l.kind != Enum || sameType(l.typ, r.typ)):
		return l, r, true
	case l.kind == Enum || r.kind == Enum: // a cast of the user's own may make this valid
		c.leave(x, op+" on "+l.typ+" and "+r.typ)
	default:
		c.fail(x.Offset(), "%s cannot compare %s and %s", op, l.typ, r.typ)
	}
	return l, r, false
}

func (c *compiler) compare(x *Compare) condFunc {
	if run := c.clock(x); run != nil {
		return run
	}
	l, r := c.operand(x.L), c.operand(x.R)
	if !named(l, r) && !named(r, l) && !empty(l, r) && !empty(r, l) || x.Op != "=" && x.Op != "<>" {
		var ok bool
		if l, r, ok = c.unify(x, x.Op, l, r); !ok {
			return never
		}
	}
	switch x.Op {
	case "=":
		return equal(l, r)
	case "<>":
		eq := equal(l, r)
		return func(f *Frame) Tri { return eq(f).Not() }
	}
	if l.kind != Int {
		c.leave(x, "the order of "+l.typ)
		return never
	}
	return ordered(x.Op, l.get, r.get)
}

// longestName is how many bytes the type name keeps of a text.
const longestName = 63

// named reports whether a name is held against a constant that it can hold whole: then they
// are equal where their texts are.
func named(name, constant operand) bool {
	return name.typ == "name" && constant.untyped() && !constant.lit.Value.Null && len(constant.lit.Value.Text) <= longestName
}

// empty reports whether an array is held against the constant that has nothing in it, of whatever
// type: array_out prints each such array so.
func empty(array, constant operand) bool {
	return isArray(array.typ) && constant.untyped() && constant.lit.Value.Text == "{}"
}

// equal compares texts. Constants are folded: rules are mostly a column and
// one of them.
func equal(l, r operand) condFunc {
	if l.lit != nil && r.lit == nil {
		l, r = r, l
	}
	left, right := l.get, r.get
	if r.lit == nil {
		return func(f *Frame) Tri {
			a := left(f)
			if a.Null {
				return Unknown
			}
			b := right(f)
			if b.Null {
				return Unknown
			}
			return tri(a.Text == b.Text)
		}
	}
	if r.lit.Value.Null {
		return never
	}
	text := r.lit.Value.Text
	return func(f *Frame) Tri {
		a := left(f)
		if a.Null {
			return Unknown
		}
		return tri(a.Text == text)
	}
}

// ordered compares integers.
func ordered(op string, left, right valueFunc) condFunc {
	return func(f *Frame) Tri {
		a, b := left(f), right(f)
		if a.Null || b.Null {
			return Unknown
		}
		return holds(op, compareInts(a.Text, b.Text))
	}
}

// compareInts orders two integers by their canonical texts.
func compareInts(a, b string) int {
	minusA, minusB := strings.HasPrefix(a, "-"), strings.HasPrefix(b, "-")
	switch {
	case minusA && minusB:
		return compareInts(b[1:], a[1:])
	case minusA:
		return -1
	case minusB:
		return 1
	case len(a) != len(b):
		return len(a) - len(b)
	default:
		return strings.Compare(a, b)
	}
}

func (c *compiler) distinct(x *IsDistinct) condFunc {
	l, r, ok := c.unify(x, "IS DISTINCT FROM", c.operand(x.L), c.operand(x.R))
	if !ok {
		return never
	}
	left, right, not := l.get, r.get, x.Not
	return func(f *Frame) Tri {
		a, b := left(f), right(f)
		same := a.Null == b.Null && (a.Null || a.Text == b.Text)
		return tri(same == not)
	}
}
