package contract

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// session resolves one session.
func (r *resolver) session(d *sessionDecl) {
	s := &model.Session{ID: len(r.contract.Sessions), Name: d.name.value, Bind: d.bind, Release: "none", Via: d.via.value}
	r.contract.Sessions = append(r.contract.Sessions, s)
	s.Vars = []model.Var{{Name: "tenant", Source: model.FromTenant, Type: r.contract.Tenancy.Type}}
	if d.release.given() {
		s.Release = strings.TrimSpace(d.release.value)
	}
	in := binding{session: s, vars: &s.Vars}
	s.Login, s.Role = r.role(d.login, in), r.role(d.role, in)
	r.rights(d, s)
	if !r.user(d, s, in) {
		return // its variables would all be unknown
	}
	r.settings(d, s, in)
	named := s.User != nil && s.User.Where != nil // its login or role may be that of one user, who is bound by it
	s.Tenantless = s.Login.Text != "" && !s.Role.Follows() && constant(s.Settings) && !named
	if d.tenants.given() {
		r.sessionTenants(d, s, in)
	}
	s.Sees = r.seen(d.sees, nil, in)
	s.Writes = r.changed(d.writes, nil, in)
}

func constant(settings []model.Setting) bool {
	return !slices.ContainsFunc(settings, func(s model.Setting) bool { return s.Follows() })
}

// role resolves a role's name, $tenant or $tenant.column.
func (r *resolver) role(t text, in binding) model.Name {
	none := model.Name{Column: -1}
	if !t.given() {
		return none
	}
	name := strings.TrimSpace(t.value)
	if !strings.HasPrefix(name, "$") {
		role, ok := r.schema.Roles[name]
		if !ok {
			var names []string
			for have := range r.schema.Roles {
				names = append(names, have)
			}
			r.fail(t.place(), "a role that the schema's files make: "+oneOf(name, sorted(names)), "no role %q", name)
		}
		return model.Name{Text: role.Name, Column: -1}
	}
	v, problem, expected := r.variable(strings.TrimPrefix(name, "$"), in)
	switch {
	case problem != "":
		r.fail(t.place(), expected, "%s", problem)
		return none
	case v.Source == model.FromTenant && r.contract.Tenancy.Table == nil:
		return model.Name{Column: -1, Tenant: true}
	case v.Source == model.FromTenant:
		return model.Name{Column: r.contract.Tenancy.Key}
	case v.Source != model.FromTenantRow:
		r.fail(t.place(), "a role's name, or $tenant.column", "a role cannot come from $%s", v.Name)
		return none
	}
	return model.Name{Column: v.Column}
}

// rights checks that the login can log in and may take the role.
func (r *resolver) rights(d *sessionDecl, s *model.Session) {
	login, ok := r.schema.Roles[s.Login.Text]
	if !ok || s.Login.Text == "" {
		return
	}
	if !login.Login {
		var can []string
		for name, role := range r.schema.Roles {
			if role.Login {
				can = append(can, name)
			}
		}
		r.fail(d.login.place(), "a role with LOGIN: "+oneOf("", sorted(can)), "role %q cannot log in", login.Name)
	}
	if role := s.Role.Text; role != "" && role != login.Name && !login.Super && !r.maySet(login.Name, role, map[string]bool{}) {
		r.fail(d.role.place(), "GRANT "+role+" TO "+login.Name+" in the schema", "role %q may not SET ROLE to %q", login.Name, role)
	}
}

// anyRole checks that some role can be a tenant's, where the contract says that one is.
func (r *resolver) anyRole(d *sessionDecl, s *model.Session) {
	if s.Login.Follows() && len(r.contract.TenantRoles(s.Login, true)) == 0 {
		r.fail(d.login.place(), "roles with LOGIN and privileges on tables, which the schema's files make", "no role can be the login of a tenant")
	}
	if s.Role.Follows() && len(r.contract.TenantRoles(s.Role, false)) == 0 {
		of := ""
		if s.Login.Text != "" {
			of = ", granted to " + s.Login.Text
		}
		r.fail(d.role.place(), "roles with privileges on tables"+of+", which the schema's files make", "no role can be the role of a tenant")
	}
}

// maySet reports whether a role is a member of another, with the right to SET ROLE.
func (r *resolver) maySet(member, role string, seen map[string]bool) bool {
	if seen[member] {
		return false
	}
	seen[member] = true
	of := r.schema.Roles[member]
	for i, name := range of.MemberOf {
		if i < len(of.Grants) && !of.Grants[i].Set {
			continue
		}
		if name == role || r.maySet(name, role, seen) {
			return true
		}
	}
	return false
}

// user resolves where $user comes from.
func (r *resolver) user(d *sessionDecl, s *model.Session, in binding) bool {
	if d.user == nil {
		return true
	}
	t := r.table(d.user.table)
	if t == nil {
		return false
	}
	if len(t.Key) != 1 {
		r.fail(d.user.table.place(), "a table with a primary key of one column", "table %q has none", t.Label())
		return false
	}
	s.User = &model.UserSource{Table: t}
	if d.user.where.given() {
		s.User.Where = r.rule(d.user.where, ruleSite{binding: in, table: t})
		if err := r.opaque[s.User.Where]; err != nil {
			r.unpicked(d.user.where, err)
		}
	}
	return true
}

// unpicked refuses a where that only Postgres can evaluate: users are picked from rows before any
// server has them.
func (r *resolver) unpicked(where text, err error) {
	at := where.place()
	var n *sql.NotInGo
	if errors.As(err, &n) && n.Node != nil {
		at = r.inside(where.at, n.Node.Offset())
	}
	r.fail(at, "columns compared by = and <> (numbers without a fraction also by < and >), IS NULL, IN, ANY, AND, OR, NOT and EXISTS over other tables, or times compared with now() and dates with current_date",
		"who is a user of the session must be known without Postgres, and this is %v", err)
}

// settings resolves claims, then settings.
func (r *resolver) settings(d *sessionDecl, s *model.Session, in binding) {
	if len(d.claims) > 0 {
		whole := r.claim(claimsNode(d.claims), in)
		s.Settings = append(s.Settings, settingAt(d.claims[0].key, "request.jwt.claims", merged(whole)))
		for _, c := range d.claims {
			key := parts(c.key.value)
			if c.value.kind == nothing || len(key) != 1 || key[0].name != "" { // the old settings have fixed names
				continue
			}
			name := "request.jwt.claim." + key[0].text
			if c.value.kind == scalar {
				s.Settings = append(s.Settings, settingAt(c.key, name, r.template(text{c.value.text, c.value}, in)))
				continue
			}
			s.Settings = append(s.Settings, settingAt(c.key, name, merged(r.claim(c.value, in))))
		}
	}
	for _, e := range d.settings {
		for i := range s.Settings {
			if strings.EqualFold(s.Settings[i].Name, e.key.value) {
				r.fail(e.key.place(), "each setting once", "setting %q is given twice", e.key.value)
			}
		}
		if own := identity[strings.ToLower(e.key.value)]; own != "" {
			r.fail(e.key.place(), own+": beside settings:", "%s is no setting here", e.key.value)
			continue
		}
		s.Settings = append(s.Settings, settingAt(e.key, e.key.value, r.template(e.value, in)))
	}
}

// identity is settings that say who a session is, and the keys of the contract that do.
var identity = map[string]string{"role": "role", "session_authorization": "login"}

// settingAt is a setting that the contract makes at a key.
func settingAt(key text, name string, value []model.Part) model.Setting {
	at := key.place()
	return model.Setting{Name: name, Value: value, Line: at.line, Col: at.col}
}

func claimsNode(claims []pair) *node {
	out := &node{kind: mapping}
	for _, c := range claims {
		out.keys, out.items = append(out.keys, c.key.at), append(out.items, c.value)
	}
	return out
}

// template resolves a text with variables in it.
func (r *resolver) template(t text, in binding) []model.Part {
	var out []model.Part
	for _, p := range parts(t.value) {
		if p.name == "" {
			out = append(out, model.Part{Text: p.text, Var: -1})
			continue
		}
		slot, problem, expected := r.slot(p.name, in)
		if problem != "" {
			r.fail(r.inside(t.at, p.offset), expected, "%s", problem)
			continue
		}
		out = append(out, model.Part{Var: slot})
	}
	return out
}

// claim writes a value as JSON with variables in it.
func (r *resolver) claim(n *node, in binding) []model.Part {
	lit := func(s string) model.Part { return model.Part{Text: s, Var: -1} }
	var out []model.Part
	switch n.kind {
	case nothing:
		return []model.Part{lit("null")}
	case list:
		out = append(out, lit("["))
		for i, item := range n.items {
			if i > 0 {
				out = append(out, lit(", "))
			}
			out = append(out, r.claim(item, in)...)
		}
		return append(out, lit("]"))
	case mapping:
		out = append(out, lit("{"))
		for i, k := range n.keys {
			if i > 0 {
				out = append(out, lit(", "))
			}
			out = append(append(out, r.claimKey(k, in), lit(": ")), r.claim(n.items[i], in)...)
		}
		return append(out, lit("}"))
	case scalar:
	}
	if n.what != "a text" && json.Valid([]byte(n.text)) {
		return []model.Part{lit(n.text)}
	}
	p := r.alone(n, in)
	if p.Var >= 0 {
		p.JSON = true
		return []model.Part{p}
	}
	return []model.Part{lit(quoted(p.Text))}
}

// claimKey writes the key of a claim, which may be a variable too: the tenants that a session
// is of may be keys.
func (r *resolver) claimKey(n *node, in binding) model.Part {
	p := r.alone(n, in)
	if p.Var >= 0 {
		p.Key = true
		return p
	}
	return model.Part{Text: quoted(p.Text), Var: -1}
}

// alone resolves a text that is either a variable or a constant.
func (r *resolver) alone(n *node, in binding) model.Part {
	list := r.template(text{n.text, n}, in)
	if len(list) == 1 && list[0].Var >= 0 {
		return list[0]
	}
	out := model.Part{Var: -1}
	for _, p := range list {
		if p.Var >= 0 {
			r.fail(n.at, "a variable alone, or a constant; $$ is a dollar sign", "a claim of several parts")
		}
		out.Text += p.Text
	}
	return out
}

func quoted(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return `""` // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// merged joins neighbouring constants.
func merged(parts []model.Part) []model.Part {
	var out []model.Part
	for _, p := range parts {
		if n := len(out); n > 0 && p.Var < 0 && out[n-1].Var < 0 {
			out[n-1].Text += p.Text
			continue
		}
		out = append(out, p)
	}
	return out
}

// sessionTenants resolves the query for the tenants of a session of several.
func (r *resolver) sessionTenants(d *sessionDecl, s *model.Session, in binding) {
	q, err := sql.ParseQuery(d.tenants.value)
	if err != nil {
		r.mistake(d.tenants, "a SELECT of one column", err, "not SQL: ")
		return
	}
	vars, ok := r.variables(d.tenants, &sql.Exists{Query: q}, in)
	if !ok {
		return
	}
	scope := &sql.Scope{Relations: r.relation, Vars: vars}
	if err := sql.NamesQuery(q, scope); err != nil {
		r.mistake(d.tenants, "a SELECT of one column", err, "")
		return
	}
	var names []string
	s.TenantsSQL, names = sql.PrintQuery(q, sql.PrintOptions{Scope: scope, Table: r.qualified, Vars: vars})
	for _, name := range names {
		s.TenantsArgs = append(s.TenantsArgs, vars[name].Slot)
	}
	r.asks(d.tenants, s.TenantsSQL, nil)
	s.Tenants, err = sql.CompileQuery(q, scope)
	if err != nil && !sql.IsNotInGo(err) {
		r.mistake(d.tenants, "a SELECT of one column", err, "")
	}
	if s.Tenants != nil && apart(s.Tenants.Kind(), r.contract.Tenancy.Type.Kind) {
		r.fail(d.tenants.place(), "a query of "+r.contract.Tenancy.Type.Name, "the query gives %s, a tenant is %s", s.Tenants.Type(), r.contract.Tenancy.Type.Name)
	}
}
