package sql

import "strings"

// operand is a compiled value and what is known of its type.
type operand struct {
	get       valueFunc
	kind      Kind // of the elements, where typ ends in []
	typ       string
	labels    []string
	lit       *Literal // a constant
	composite bool
	bad       bool // a failure was noted: nothing more can be said
	at        Expr
}

// untyped reports whether the operand takes the type of the other side.
func (o operand) untyped() bool { return !o.bad && o.lit != nil && o.typ == "" }

func badOperand(e Expr) operand {
	return operand{bad: true, at: e, get: func(*Frame) Value { return Value{Null: true} }}
}

func constant(v Value) valueFunc { return func(*Frame) Value { return v } }

// operand compiles a value.
func (c *compiler) operand(e Expr) operand {
	switch x := e.(type) {
	case *Column:
		if !c.isAtom(x) {
			return c.column(x)
		}
	case *Var:
		return c.variable(x)
	case *Literal:
		return operand{get: constant(x.Value), kind: builtin(x.Type), typ: x.Type, lit: x, at: x}
	case *Cast:
		return c.cast(x)
	case *Field:
		return c.field(x)
	case *Coalesce:
		return c.coalesce(x)
	case *Array:
		for _, item := range x.Items {
			c.operand(item)
		}
		c.leave(x, "an array")
		return badOperand(x)
	case *Opaque:
		c.opaque(x)
		return badOperand(x)
	}
	run := c.cond(e)
	return operand{get: func(f *Frame) Value { return run(f).Value() }, kind: Bool, typ: "boolean", at: e}
}

func (c *compiler) variable(x *Var) operand {
	c.uses.variable(x.Name)
	v, ok := c.scope.Vars[x.Name]
	if !ok {
		c.fail(x.Offset(), "unknown variable $%s", x.Name)
		return badOperand(x)
	}
	slot := v.Slot
	return operand{
		get:  func(f *Frame) Value { return f.Vars[slot] },
		kind: v.Kind, typ: typed(v.Type, v.Kind), labels: v.Labels, at: x,
	}
}

// typed is a type's name, made up from its kind when it is not given.
func typed(typ string, k Kind) string {
	if typ == "" {
		return k.String()
	}
	return formatType(typ)
}

// settled types a constant that nothing else types: as text.
func (c *compiler) settled(o operand) operand {
	if o.untyped() {
		o.kind, o.typ = Text, "text"
	}
	return o
}

// adapt types an untyped constant by the other side, which has a type.
func (c *compiler) adapt(o, like operand) operand {
	if like.bad {
		return badOperand(o.at)
	}
	if isArray(like.typ) || like.kind == Other {
		if o.lit.Value.Null {
			o.kind, o.typ = like.kind, like.typ
			return o
		}
		c.leave(o.at, "a constant of type "+like.typ)
		return badOperand(o.at)
	}
	o.kind, o.typ, o.labels = like.kind, like.typ, like.labels
	if o.lit.Value.Null {
		return o
	}
	text, reason := canonical(o.lit.Value.Text, like)
	switch {
	case reason == forPostgres:
		c.leave(o.at, "a constant that versions of Postgres read differently")
		return badOperand(o.at)
	case reason != "":
		c.fail(o.at.Offset(), "%s", reason)
		return badOperand(o.at)
	}
	o.lit = &Literal{Pos: o.lit.Pos, Value: Value{Text: text}, Type: like.typ}
	o.get = constant(o.lit.Value)
	return o
}

// cast compiles a cast that keeps the text of the value.
func (c *compiler) cast(x *Cast) operand {
	typ := formatType(x.Type)
	o := c.operand(x.X)
	if o.bad {
		return o
	}
	kind := builtin(typ)
	if o.untyped() {
		if like := c.named(typ); like.kind != Other {
			o = c.adapt(o, like)
			o.at = x
			return o
		}
		o.typ, o.at = typ, x // adapted once the other side tells the kind
		return o
	}
	o.at = x
	switch {
	case sameType(typ, o.typ):
		return o
	case isArray(typ) || isArray(o.typ):
	case kind == Text && (o.typ == "json" || o.typ == "jsonb" || o.typ == "citext" || strings.HasSuffix(o.typ, ".citext")): // as it is written
		return operand{get: o.get, kind: kind, typ: typ, at: x}
	case isText(x.X) && kind != Text && c.named(typ).kind != Other:
		return c.fromText(o, c.named(typ), x)
	case kind == Text && o.kind != Bool && o.kind != Other,
		kind == Int && o.kind == Int && (width(typ) >= width(o.typ) || o.lit != nil && inRange(o.lit.Value.Text, typ)):
		o.kind, o.typ, o.labels = kind, typ, nil
		return o
	case kind == UUID && o.kind == UUID, kind == Bool && o.kind == Bool: // from a domain
		o.typ = typ
		return o
	}
	c.leave(x, "a cast from "+o.typ+" to "+typ)
	return badOperand(x)
}

// isText reports whether a value is the text of a part of a document.
func isText(x Expr) bool {
	f, ok := x.(*Field)
	return ok && strings.HasSuffix(f.Op, ">>")
}

// named is what is known of a type by its name: a built-in one, or an enum that
// a column or a variable in sight has.
func (c *compiler) named(typ string) operand {
	out := operand{kind: builtin(typ), typ: typ}
	look := func(k Kind, name string, labels []string) {
		if k == Enum && sameType(name, typ) {
			out.kind, out.labels = Enum, labels
		}
	}
	if out.kind != Other {
		return out
	}
	relations := []*Relation{c.scope.Base}
	for _, l := range c.levels {
		for _, t := range l.tables {
			relations = append(relations, t.relation)
		}
	}
	for _, r := range relations {
		for i := 0; r != nil && i < len(r.Columns); i++ {
			look(r.Columns[i].Kind, r.Columns[i].Type, r.Columns[i].Labels)
		}
	}
	for _, v := range c.scope.Vars {
		look(v.Kind, v.Type, v.Labels)
	}
	return out
}

func (c *compiler) coalesce(x *Coalesce) operand {
	args := make([]operand, len(x.Args))
	for i, e := range x.Args {
		args[i] = c.operand(e)
	}
	args, ok := c.common(x, "COALESCE", args)
	if !ok {
		return badOperand(x)
	}
	gets := make([]valueFunc, len(args))
	for i, a := range args {
		gets[i] = a.get
	}
	out := args[0]
	out.lit, out.at = nil, x
	out.get = func(f *Frame) Value {
		for _, get := range gets {
			if v := get(f); !v.Null {
				return v
			}
		}
		return Value{Null: true}
	}
	return out
}

// common gives operands one type: that of the first that has one, and of
// integers the widest.
func (c *compiler) common(x Expr, what string, args []operand) ([]operand, bool) {
	like := -1
	for i, a := range args {
		switch {
		case a.bad:
			return nil, false
		case a.untyped():
		case like < 0 || a.kind == Int && args[like].kind == Int && width(a.typ) > width(args[like].typ):
			like = i
		}
	}
	if like < 0 {
		for i := range args {
			args[i] = c.settled(args[i])
		}
		return args, true
	}
	one := args[like]
	for i := range args {
		var ok bool
		if args[i], _, ok = c.unify(x, what, args[i], one); !ok {
			return nil, false
		}
		if one.kind == Int {
			args[i].typ = one.typ
		}
	}
	return args, true
}
