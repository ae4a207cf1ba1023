package carrier

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// policies lists what might mend one or several policies: to alter one, to add a restrictive one
// for the roles of the cells, or to drop the only one.
func (o *Object) policies(c *model.Contract, cells []Cell) []Remedy {
	in := intent{c: c, table: o.Table}
	var out []Remedy
	for _, p := range o.Policies {
		out = append(out, o.narrower(in, p, cells)...)
	}
	lockout := slices.ContainsFunc(cells, func(k Cell) bool { return k.Lockout })
	if !lockout {
		if r := in.restrict(cells); r.SQL != nil {
			out = append(out, r)
		}
	}
	drop := func(r Remedy) bool { return r.SQL[0] == o.drop() }
	if len(o.Policies) == 1 && o.Policies[0].Permissive != lockout && !slices.ContainsFunc(out, drop) {
		out = append(out, Remedy{SQL: []string{o.drop()}})
	}
	return out
}

// drop is the statement that drops the first policy.
func (o *Object) drop() string {
	return "DROP POLICY " + ident(o.Policies[0].Name) + " ON " + name(o.Table)
}

// narrower lists what might be done with one policy: limit it to the roles that need it, or
// to the predicate that the rules want. Dropping it comes first where others of its command,
// or the rules, show that nobody needs it.
func (o *Object) narrower(in intent, p *model.Policy, cells []Cell) []Remedy {
	var out []Remedy
	alter := func(clauses ...string) {
		out = append(out, Remedy{SQL: []string{"ALTER POLICY " + ident(p.Name) + " ON " + name(o.Table) + " " + strings.Join(clauses, " ")}})
	}
	if s := separated(in, p); !p.Permissive && s != "" {
		out = append(out, Remedy{SQL: []string{s}})
	}
	want, known := in.of(p.Roles, p.Command)
	if len(o.Policies) == 1 && p.Permissive && in.exact(p) && (o.besides(p) || known && want == predicate{never, never}) {
		out = append(out, Remedy{SQL: []string{o.drop()}})
	}
	if roles := in.needed(p); roles != nil && p.Permissive {
		alter("TO " + rolesSQL(roles))
	}
	if !known {
		return out
	}
	using, check := "USING ("+want.using+")", "WITH CHECK ("+want.check+")"
	wrote := slices.ContainsFunc(cells, func(k Cell) bool { return k.Wrote })
	switch {
	case p.Command == "INSERT":
		alter(check)
	case p.Command == "SELECT" || p.Command == "DELETE":
		alter(using)
	default:
		if wrote { // what USING shows may be right
			alter(check)
		}
		alter(using)
		alter(using, check)
	}
	return out
}

// besides reports whether other permissive policies serve some role of a policy for the
// same command.
func (o *Object) besides(p *model.Policy) bool {
	for i := range o.Table.Policies {
		q := &o.Table.Policies[i]
		serves := slices.Contains(q.Roles, "public") || slices.ContainsFunc(p.Roles, func(r string) bool { return slices.Contains(q.Roles, r) })
		if serves && q.Name != p.Name && q.Permissive && (q.Command == p.Command || q.Command == "ALL") {
			return true
		}
	}
	return false
}

// exact reports whether the rules of all sessions that a policy serves are exact, not upper
// bounds: then a session that loses a row with the policy would show as a lockout.
func (in intent) exact(p *model.Policy) bool {
	for _, s := range in.c.Sessions {
		w := &s.Writes[in.table.ID]
		if in.uses(s, p.Roles) && (!s.Sees[in.table.ID].Exact || !w.Written || w.MayInsert || w.MayUpdate || w.MayDelete) {
			return false
		}
	}
	return true
}

// needed is the roles of the sessions to which the rules allow something that a policy is
// for. It is nil where these are no fewer than the policy names, and where a role follows
// from the tenant.
func (in intent) needed(p *model.Policy) []string {
	var out []string
	fewer := slices.Contains(p.Roles, "public")
	for _, s := range in.c.Sessions {
		role := Acting(s)
		if !in.uses(s, p.Roles) {
			continue
		}
		if role == "" {
			return nil
		}
		if in.wants(s, p.Command) && !slices.Contains(out, role) {
			out = append(out, role)
		}
	}
	for _, r := range p.Roles {
		if r != "public" && !slices.Contains(out, r) {
			fewer = true
		}
	}
	if len(out) == 0 || !fewer {
		return nil
	}
	return out
}

// restrict adds restrictive policies for the roles of the cells: one for each command and
// predicate. There is none where a rule cannot be said in SQL of a policy.
func (in intent) restrict(cells []Cell) Remedy {
	type group struct {
		command string
		want    predicate
	}
	var order []group
	roles := map[group][]string{}
	for _, k := range cells {
		role := Acting(k.Session)
		if k.Table != in.table || role == "" {
			continue
		}
		g := group{command: strings.ToUpper(k.Command.String())}
		var known bool
		if g.want, known = in.of([]string{role}, g.command); !known {
			return Remedy{}
		}
		if roles[g] == nil {
			order = append(order, g)
		}
		if !slices.Contains(roles[g], role) {
			roles[g] = append(roles[g], role)
		}
	}
	var out Remedy
	for _, g := range order {
		out.SQL = append(out.SQL, in.create(g.command, " AS RESTRICTIVE", roles[g], g.want, len(out.SQL)))
	}
	return out
}

// create is the statement for a policy with a name that the table does not have yet; nth is
// how many of these were made before it. as is " AS RESTRICTIVE", or empty.
func (in intent) create(command, as string, roles []string, want predicate, nth int) string {
	label := in.table.Name + "_" + strings.ToLower(command) + "_tenant"
	for n := 1; n <= nth || slices.ContainsFunc(in.table.Policies, func(p model.Policy) bool { return p.Name == label }); n++ {
		label = in.table.Name + "_" + strings.ToLower(command) + "_tenant_" + strconv.Itoa(n+1)
	}
	text := "CREATE POLICY " + ident(label) + " ON " + name(in.table) + as + " FOR " + command + " TO " + rolesSQL(roles)
	if command != "INSERT" {
		text += " USING (" + want.using + ")"
	}
	if command == "INSERT" || command == "UPDATE" {
		text += " WITH CHECK (" + want.check + ")"
	}
	return text
}

// enable switches row security on, for the owner too where it leaks to one, and adds
// policies where there are none. A partition is rather taken from those who use it directly: by
// way of its parent they need no privilege on it.
func (o *Object) enable(c *model.Contract, cells []Cell) []Remedy {
	in := intent{c: c, table: o.Table}
	on, forced := "ALTER TABLE "+name(o.Table)+" ENABLE ROW LEVEL SECURITY", ""
	if slices.ContainsFunc(cells, func(k Cell) bool { return slices.Contains(Inherited(c.Schema, Acting(k.Session)), o.Table.Owner) }) && !o.Table.Force {
		forced = on + ", FORCE ROW LEVEL SECURITY"
	}
	out := append(o.close(c, cells), Remedy{SQL: []string{on}})
	if forced != "" {
		out = append(out, Remedy{SQL: []string{forced}})
		on = forced
	}
	if len(o.Table.Policies) > 0 {
		return out
	}
	with := Remedy{SQL: []string{on}}
	for _, command := range []string{"SELECT", "INSERT", "UPDATE", "DELETE"} {
		with.SQL = append(with.SQL, in.permit(command)...)
	}
	if len(with.SQL) == 1 {
		return out
	}
	return append(out, with)
}

// permit makes policies for a command, one for each predicate and the roles that it holds for. Roles
// that bypass row security need none.
func (in intent) permit(command string) []string {
	var order []predicate
	roles := map[predicate][]string{}
	for _, s := range in.c.Sessions {
		role := Acting(s)
		if r := in.c.Schema.Roles[role]; role == "" || r.BypassRLS || r.Super || !in.wants(s, command) {
			continue
		}
		want, known := in.of([]string{role}, command)
		if !known || slices.Contains(roles[want], role) {
			continue
		}
		if roles[want] == nil {
			order = append(order, want)
		}
		roles[want] = append(roles[want], role)
	}
	var out []string
	for i, want := range order {
		out = append(out, in.create(command, "", roles[want], want, i))
	}
	return out
}

// close takes a partition from the roles of the cells: first from them, then from all as well. There
// is no such remedy for another table.
func (o *Object) close(c *model.Contract, cells []Cell) []Remedy {
	var roles []string
	for _, k := range cells {
		if role := Acting(k.Session); role != "" && !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	if c.Schema.Whole(o.Table) == nil || len(roles) == 0 {
		return nil
	}
	revoke := "REVOKE ALL ON " + name(o.Table) + " FROM "
	return []Remedy{{SQL: []string{revoke + rolesSQL(roles)}, Closes: true}, {SQL: []string{revoke + rolesSQL(append(roles, "public"))}, Closes: true}}
}
