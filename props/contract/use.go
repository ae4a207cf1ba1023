package contract

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// path resolves one path.
func (r *resolver) path(d *pathDecl) {
	p := &model.Path{
		ID: len(r.contract.Paths), Name: d.name.value, Kind: d.kind.value, As: values(d.as), Run: values(d.run), Command: values(d.command),
		Env: both(d.env), Output: values(d.output), Convert: both(d.convert), Wildcards: d.wildcards,
		Go: d.function.value,
	}
	r.contract.Paths = append(r.contract.Paths, p)
	p.MustFail = d.withoutTenant.value == "fails" ||
		!d.withoutTenant.given() && contains([]string{"job", "webhook", "export"}, p.Kind)
	for _, t := range d.args {
		p.Args = append(p.Args, r.argument(t))
	}
	if len(d.args) == 0 && d.takes() {
		p.Args = []model.PathArg{{Column: model.ColumnRef{Table: -1, Column: -1}, Variable: "tenant"}}
	}
	if d.audit != nil {
		p.Audit = r.audit(d)
	}
	for _, t := range d.as {
		s := r.sessionNamed(t.value)
		u := model.PathUser{Session: s, Vars: slices.Clone(s.Vars)}
		in := binding{session: s, vars: &u.Vars}
		in.args = r.argumentTypes(d, p, in)
		r.pathVariables(d, in)
		u.Sees = r.seen(d.sees, s.Sees, in)
		u.Writes = r.changed(d.writes, s.Writes, in)
		u.Said = r.said(d.writes)
		u.Brings = s.Brings() || brings(d, p)
		if p.Audit != nil && d.audit.where.given() {
			p.Audit.Where = append(p.Audit.Where, r.rule(d.audit.where, ruleSite{binding: in, table: p.Audit.Table, use: model.OwnRead}))
		}
		rules := *s
		rules.Vars, rules.Sees, rules.Writes = u.Vars, u.Sees, u.Writes
		rules.Tenantless = s.Tenantless && !(hands(d, p) && r.follows(&rules))
		u.Rules = &rules
		p.Users = append(p.Users, u)
	}
	p.SQL = transactions(p.Run)
	if len(d.command) > 0 {
		p.Program = r.program(d, p)
	}
	if d.enqueueAs.given() {
		r.enqueue(d, p)
	}
}

// enqueue resolves what puts work into the queue of a path: a path of its own, which its
// session may use with what the session may see and write anyway.
func (r *resolver) enqueue(d *pathDecl, of *model.Path) {
	p := &model.Path{ID: len(r.contract.Paths), Name: enqueueName(d.name.value), Kind: "enqueue", As: []string{d.enqueueAs.value}, Run: values(d.enqueue)}
	r.contract.Paths = append(r.contract.Paths, p)
	of.Enqueue = p
	numbered := func(list []piece) bool {
		return slices.ContainsFunc(list, func(p piece) bool { n, err := strconv.Atoi(p.name); return err == nil && n > 0 })
	}
	for _, t := range d.enqueue {
		if numbered(sqlParts(t.value)) {
			p.Args = of.Args
		}
	}
	s := r.sessionNamed(d.enqueueAs.value)
	u := model.PathUser{Session: s, Vars: slices.Clone(s.Vars), Sees: s.Sees, Writes: s.Writes}
	in := binding{session: s, vars: &u.Vars}
	in.args = r.argumentTypes(d, of, in)
	for _, t := range d.enqueue {
		r.known(t, sqlParts(t.value), in)
	}
	for _, t := range d.args {
		if variableLen(t.value) == len(t.value) {
			r.known(t, parts(t.value), in)
		}
	}
	rules := *s
	rules.Vars = u.Vars
	rules.Tenantless = s.Tenantless && !(variables(p.Args, sqlTexts(d.enqueue), handed...) && r.follows(&rules))
	u.Rules = &rules
	p.Users, p.SQL = []model.PathUser{u}, transactions(p.Run)
}

// enqueueName is what a path's enqueue is called.
func enqueueName(path string) string { return "enqueue " + path }

// said marks the tables of which a path says what may be written.
func (r *resolver) said(g grants[writesDecl]) []bool {
	if !g.given {
		return nil
	}
	out := make([]bool, len(r.schema.Tables))
	named := pick(r, g)
	for _, t := range r.schema.Tables {
		d, _ := named.of(t)
		out[t.ID] = d != nil
	}
	return out
}

func both(list []pairText) [][2]string {
	var out [][2]string
	for _, p := range list {
		out = append(out, [2]string{p.key.value, p.value.value})
	}
	return out
}

// sessionNamed finds a session; Parse knows every name.
func (r *resolver) sessionNamed(name string) *model.Session {
	for _, s := range r.contract.Sessions {
		if s.Name == name {
			return s
		}
	}
	panic("contract: no session " + name)
}

// argument is a column to draw from, or a constant: what has no dot outside quotes,
// or is in single quotes.
func (r *resolver) argument(t text) model.PathArg {
	s := t.value
	nowhere := model.ColumnRef{Table: -1, Column: -1}
	if n := variableLen(s); n > 0 && n == len(s) {
		return model.PathArg{Column: nowhere, Variable: strings.ToLower(s[1:])}
	}
	if len(s) >= 2 && s[0] == '\'' && s[len(s)-1] == '\'' {
		return model.PathArg{Column: nowhere, Constant: true, Text: strings.ReplaceAll(s[1:len(s)-1], "''", "'")}
	}
	if t.at.what != "a text" || lastDot(s) < 0 {
		return model.PathArg{Column: nowhere, Constant: true, Text: s}
	}
	ref, _ := r.columnRef(t)
	return model.PathArg{Column: ref}
}

// pathVariables checks the variables of a path's texts: the session's, arguments, and
// $dsn for a program.
func (r *resolver) pathVariables(d *pathDecl, in binding) {
	for _, t := range d.run {
		r.known(t, sqlParts(t.value), in)
	}
	for _, t := range d.args {
		if variableLen(t.value) == len(t.value) {
			r.known(t, parts(t.value), in)
		}
	}
	also := []string{"dsn"}
	if len(r.file.Services) > 0 {
		also = append(also, "port")
	}
	for _, s := range r.file.Services {
		also = append(also, "port."+s.Name)
	}
	for _, t := range d.command {
		r.known(t, parts(t.value), in, also...)
	}
	for _, e := range d.env {
		r.known(e.value, parts(e.value.value), in, also...)
	}
	for _, t := range d.output {
		r.known(t, r.endings(parts(t.value), in), in)
	}
}

// endings takes out/$tenant.csv for the tenant and an ending, unless there is a
// column of the name.
func (r *resolver) endings(list []piece, in binding) []piece {
	for i, p := range list {
		first, _, dotted := strings.Cut(p.name, ".")
		if _, problem, _ := r.variable(p.name, in); dotted && problem != "" {
			list[i].name = first
		}
	}
	return list
}

// known gives the variables of a text their slots, arguments and the names in also aside.
func (r *resolver) known(t text, list []piece, in binding, also ...string) {
	for _, p := range list {
		if _, err := strconv.Atoi(p.name); p.name == "" || err == nil || contains(also, p.name) {
			continue
		}
		if _, problem, expected := r.slot(p.name, in); problem != "" {
			r.fail(r.inside(t.at, p.offset), expected, "%s", problem)
		}
	}
}

// audit resolves the log entry that each use must leave, but for its rule, which speaks of
// the session.
func (r *resolver) audit(d *pathDecl) *model.Audit {
	a := d.audit
	t := r.table(a.table)
	if t == nil {
		return nil
	}
	col := func(c text) int {
		if !c.given() {
			return -1
		}
		return r.column(t, c.value, c.place())
	}
	out := &model.Audit{Table: t, Tenant: col(a.tenant), Actor: col(a.actor), At: col(a.at), When: -1}
	for _, c := range a.require {
		out.Require = append(out.Require, col(c))
	}
	switch {
	case !a.when.given():
	case strings.TrimSpace(a.when.value) == "rows":
		out.Given = true
	default:
		n, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(a.when.value), "$"))
		if err != nil || !strings.HasPrefix(strings.TrimSpace(a.when.value), "$") || n < 1 {
			r.fail(a.when.place(), "an argument: $1…, or rows", "when is %q", a.when.value)
		}
		out.When = n - 1
	}
	return out
}

// exceptions resolves accept.
func (r *resolver) exceptions() {
	for i := range r.file.accept {
		a := &r.file.accept[i]
		out := &model.Accept{
			Path: a.path.value, Session: a.session.value, Command: a.command.value, Class: a.class.value,
			Untested: a.untested.value, Key: a.key.value, Reason: a.why.value, Link: a.link.value, Line: a.at.line,
		}
		if a.table.given() {
			if t := r.table(a.table); t != nil {
				out.Table = t.Label()
			}
		}
		r.contract.Accept = append(r.contract.Accept, out)
	}
}

// argumentTypes is the types of a path's arguments, as rules see them.
func (r *resolver) argumentTypes(d *pathDecl, p *model.Path, in binding) []model.Type {
	out := []model.Type{}
	for i, a := range p.Args {
		switch {
		case a.Variable != "":
			v, _, _ := r.variable(a.Variable, in)
			out = append(out, v.Type)
		case a.Column.Column >= 0:
			out = append(out, r.schema.Tables[a.Column.Table].Columns[a.Column.Column].Type)
		case d.args[i].at.what == "a number" && !strings.Contains(a.Text, "."):
			out = append(out, valueTypes["bigint"])
		default:
			out = append(out, valueTypes["text"])
		}
	}
	return out
}
