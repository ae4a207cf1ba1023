package contract

import "strings"

// everyTable is the key of the rule for tables that have none of their own.
const everyTable = "*"

// sessionDecl is what the contract says of one session.
type sessionDecl struct {
	name        text
	login, role text
	user        *userDecl
	settings    []pairText
	claims      []pair
	tenants     text
	bind        string
	release     text
	via         text
	sees        grants[seesDecl]
	writes      grants[writesDecl]
}

type userDecl struct{ table, where text }

// grants is rules by table.
type grants[T any] struct {
	given  bool
	every  *T // for tables that are not named
	tables []grant[T]
}

type grant[T any] struct {
	table text
	decl  T
}

// seesDecl is what may be read of one table.
type seesDecl struct {
	rule    text // zero: own
	may     bool
	columns []text // nil: all
}

// writesDecl is what may be changed of one table.
type writesDecl struct {
	at                     place
	insert, update, delete *changeDecl
}

// changeDecl is the rule of one command.
type changeDecl struct {
	rule    text // of an update: from
	to      text // of an update; zero: the default
	may     bool
	columns []text
}

func (s *source) session(p pair) sessionDecl {
	o := s.object(p.value, sessionShape)
	out := sessionDecl{
		name: p.key, login: o.text("login"), role: o.text("role"), tenants: o.text("tenants"), bind: "local", release: o.text("release"), via: o.text("via"),
	}
	if b := o.choice("bind", binds...); b.given() {
		out.bind = b.value
	}
	if n := o.node.value("user"); n != nil {
		out.user = s.user(n)
	}
	for _, e := range o.pairs("settings", "a mapping from settings to values") {
		if !strings.Contains(e.key.value, ".") && strings.TrimSpace(e.key.value) == "" {
			s.fail(e.key.place(), "the name of a setting, such as app.tenant_id", "a setting without a name")
		}
		if v := s.scalarOf("the setting "+e.key.value, e.value); v.given() {
			out.settings = append(out.settings, pairText{e.key, v})
		}
	}
	out.claims = o.pairs("claims", "a mapping from claims to values")
	out.sees = readGrants(s, o, "sees", s.sees)
	out.writes = readGrants(s, o, "writes", s.writes)
	return out
}

func (s *source) user(n *node) *userDecl {
	if n.kind == scalar {
		return &userDecl{table: s.textOf("user", n)}
	}
	o := s.object(n, userShape)
	return &userDecl{table: o.text("table"), where: o.rule("where")}
}

// rule is a rule's text: a bare true or false is SQL.
func (o object) rule(key string) text { return o.ruleOf(key, o.node.value(key)) }

func (s *source) ruleOf(what string, n *node) text {
	switch {
	case n == nil:
		return text{}
	case n.kind == nothing || n.kind == scalar && strings.TrimSpace(n.text) == "":
		s.fail(n.at, ruleForms, "%s is empty", what)
		return text{}
	case n.kind != scalar || n.what == "a number":
		s.fail(n.at, ruleForms, "%s is %s", what, n.describe())
		return text{}
	}
	return text{n.text, n}
}

// readGrants reads one rule for every table, or rules by table.
func readGrants[T any](s *source, o object, key string, read func(string, *node) (T, bool)) grants[T] {
	n := o.node.value(key)
	if n == nil {
		return grants[T]{}
	}
	out := grants[T]{given: true}
	if n.kind == scalar {
		if d, ok := read(key, n); ok {
			out.every = &d
		}
		return out
	}
	for _, p := range s.pairs(key, n, "a rule for every table, or a mapping from tables to rules") {
		d, ok := read(key+" of "+p.key.value, p.value)
		switch {
		case !ok:
		case p.key.value == everyTable:
			out.every = &d
		default:
			out.tables = append(out.tables, grant[T]{p.key, d})
		}
	}
	return out
}

const ruleForms = "own, all, none or a condition in SQL"

// sees reads a rule, {rows, columns} or {may, columns}.
func (s *source) sees(what string, n *node) (seesDecl, bool) {
	if n.kind != mapping {
		t := s.ruleOf(what, n)
		return seesDecl{rule: t}, t.given()
	}
	o := s.object(n, ruleObject)
	out := seesDecl{rule: o.rule("rows"), columns: o.texts("columns")}
	if may := o.rule("may"); may.given() {
		if out.rule.given() {
			s.fail(may.place(), "either rows, exact, or may, an upper bound", "%s has both", what)
		}
		out.rule, out.may = may, true
	}
	return out, true
}

// writes reads a rule for all three commands, or rules by command.
func (s *source) writes(what string, n *node) (writesDecl, bool) {
	out := writesDecl{at: n.at}
	same := func(t text, may bool) {
		out.insert = &changeDecl{rule: t, may: may}
		out.update = &changeDecl{rule: t, may: may}
		out.delete = &changeDecl{rule: t, may: may}
	}
	if n.kind != mapping {
		t := s.ruleOf(what, n)
		same(t, false)
		return out, t.given()
	}
	o := s.object(n, writesShape)
	if may := o.rule("may"); may.given() {
		if len(n.keys) > 1 {
			s.fail(may.place(), "either may, or rules by command", "%s has both", what)
		}
		same(may, true)
		return out, true
	}
	out.insert = o.change("insert", ruleObject, "rows")
	out.update = o.change("update", updateShape, "from")
	out.delete = o.change("delete", ruleObject, "rows")
	if d := out.delete; d != nil && len(d.columns) > 0 {
		s.fail(d.columns[0].place(), "rows only", "a delete has no columns")
	}
	return out, true
}

// change reads the rule of one command.
func (o object) change(key string, shape *shape, rows string) *changeDecl {
	n := o.node.value(key)
	if n == nil {
		return nil
	}
	if n.kind != mapping {
		return &changeDecl{rule: o.ruleOf(key, n)}
	}
	in := o.object(n, shape)
	out := &changeDecl{rule: in.rule(rows), to: in.rule("to"), columns: in.texts("columns")}
	if may := in.rule("may"); may.given() {
		if out.rule.given() {
			o.fail(may.place(), "either "+rows+", exact, or may, an upper bound", "%s has both", key)
		}
		out.rule, out.may = may, true
	}
	return out
}
