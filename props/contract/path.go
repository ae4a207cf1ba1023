package contract

import "slices"

// pathDecl is what the contract says of one path.
type pathDecl struct {
	name          text
	kind          text
	as            []text
	run           []text
	command       []text
	function      text // in Go
	args          []text
	env           []pairText
	output        []text
	convert       []pairText
	wildcards     bool
	withoutTenant text
	audit         *auditDecl
	enqueueAs     text
	enqueue       []text
	sees          grants[seesDecl]
	writes        grants[writesDecl]
}

type auditDecl struct {
	table, where, tenant, actor, at, when text
	require                               []text
}

type acceptDecl struct {
	at                                                             place
	path, table, session, command, class, untested, key, why, link text
}

// arguments is how many values $1… may name: without args $1 is the tenant.
func (d *pathDecl) arguments() int { return max(1, len(d.args)) }

// takes reports whether the path has a $1 anywhere.
func (d *pathDecl) takes() bool {
	list := []piece{}
	for _, t := range d.run {
		list = append(list, sqlParts(t.value)...)
	}
	for _, t := range append(slices.Clone(d.command), d.output...) {
		list = append(list, parts(t.value)...)
	}
	for _, e := range d.env {
		list = append(list, parts(e.value.value)...)
	}
	return slices.ContainsFunc(list, func(p piece) bool { return p.name == "1" })
}

func (s *source) path(p pair) pathDecl {
	o := s.object(p.value, pathShape)
	out := pathDecl{
		name: p.key, kind: o.choice("kind", kinds...), as: o.texts("as"), run: o.texts("run"), command: o.scalars("command"), function: o.text("go"),
		args: o.scalars("args"), env: o.strings("env"), output: o.texts("output"), convert: o.strings("convert"),
		wildcards: o.choice("wildcards", "refused").given(), withoutTenant: o.choice("without_tenant", "fails", "runs"),
	}
	if o.node.kind == mapping && len(o.node.keys) > 0 && !o.has("run") && !o.has("command") && !o.has("go") {
		s.fail(o.node.at, "run: SQL, command: a program, or go: a function of a Go test", "path %q runs nothing", p.key.value)
	}
	if o.has("run") && o.has("command") {
		s.fail(o.node.value("command").at, "either run, or command; enqueue is SQL before a program", "path %q has both run and command", p.key.value)
	}
	if o.has("go") && (o.has("run") || o.has("command")) {
		s.fail(o.node.value("go").at, "either run, or command, or go", "path %q has more than one", p.key.value)
	}
	if n := o.node.value("as"); n != nil && n.kind == list && len(n.items) == 0 {
		s.fail(o.node.value("as").at, "one session at least", "path %q is used by nobody", p.key.value)
	}
	if n := o.node.value("audit"); n != nil {
		a := o.object(n, auditShape)
		out.audit = &auditDecl{
			table: a.text("table"), where: a.rule("where"), tenant: a.text("tenant"), actor: a.text("actor"),
			at: a.text("at"), when: a.text("when"), require: a.texts("require"),
		}
	}
	if n := o.node.value("enqueue"); n != nil {
		e := o.object(n, enqueueShape)
		out.enqueueAs, out.enqueue = e.text("as"), e.texts("run")
	}
	out.sees = readGrants(s, o, "sees", s.sees)
	out.writes = readGrants(s, o, "writes", s.writes)
	return out
}

// strings is a mapping from names to scalars.
func (o object) strings(key string) []pairText {
	var out []pairText
	for _, p := range o.pairs(key, "a mapping from names to texts") {
		if v := o.scalarOf(p.key.value, p.value); v.given() {
			out = append(out, pairText{p.key, v})
		}
	}
	return out
}

func (s *source) exception(n *node) acceptDecl {
	o := s.object(n, acceptShape)
	out := acceptDecl{
		at: n.at, path: o.text("path"), table: o.text("table"), session: o.text("session"),
		command: o.choice("command", "select", "insert", "update", "delete"), class: o.choice("class", classes...),
		untested: o.text("untested"), key: o.scalar("key"), why: o.text("reason"), link: o.text("link"),
	}
	if n.kind == mapping && !anyKey(n, "path", "table", "session", "command", "class", "untested", "key") {
		s.fail(n.at, "what is accepted: path, table, session, command, class, untested or key", "an exception of nothing")
	}
	return out
}

func anyKey(n *node, keys ...string) bool {
	for _, key := range keys {
		if n.value(key) != nil {
			return true
		}
	}
	return false
}
