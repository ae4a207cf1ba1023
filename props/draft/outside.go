package draft

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Users may be in no tenant, such as the buyers of a marketplace of shops: their own table leads to
// none. What names such a user is the user's, in whichever tenant it lies.

// isOutside reports whether a session brings a user who is in no tenant, and no tenant.
func (b *binder) isOutside(s *session) bool {
	if s.user == nil || b.t.guess || s.tenants != "" || s.ofTenant || s.where != "" || !b.apart() || s.user != b.t.users.home {
		return false
	}
	of := func(src *Source) string { return b.variable(src, s.user) }
	return slices.ContainsFunc(s.sources, func(src *Source) bool { return strings.HasPrefix(of(src), "$user") }) &&
		!slices.ContainsFunc(s.sources, func(src *Source) bool { return strings.HasPrefix(of(src), "$tenant") })
}

// apart reports whether the users are in no tenant.
func (b *binder) apart() bool {
	u := b.t.users
	return b.t.home() != nil && !b.t.byUser && b.t.member == nil && u != nil && u.home != nil && b.places[u.home.ID].how != model.Owned
}

// bringsUser reports whether a session brings something of its user.
func (b *binder) bringsUser(s *session) bool {
	return slices.ContainsFunc(s.sources, func(src *Source) bool {
		return src.Lookup != nil && src.Lookup.Key.Table == s.user || strings.HasPrefix(b.variable(src, s.user), "$user") || b.likeNamed(src, s.user) != ""
	})
}

// nowhere is the query of the tenants of a session that is in none.
func (b *binder) nowhere() string {
	home := b.t.home()
	return "SELECT t." + sql.QuoteName(home.Columns[b.t.tenants.key].Name) + " FROM " + sqlName(home) + " t WHERE false"
}

// protected reports whether some policy for reading a table concerns sessions, and none shows its rows
// to whoever asks.
func (r *referee) protected(t *model.Table) bool {
	shown := false
	for i := range t.Policies {
		o := &t.Policies[i]
		if !grants(o, "SELECT") || !r.concerns(o) {
			continue
		}
		x, err := sql.ParseExpr(o.Using)
		if err != nil || len(r.loose(x, r.scope(t))) > 0 {
			return false
		}
		shown = true
	}
	return shown && t.RowSecurity
}

// private reports whether a table lists the users, who are in no tenant, and is protected: a row is
// its user's.
func (r *referee) private(t *model.Table) bool {
	u := r.t.users
	return u != nil && u.home == t && len(u.sources) > 0 && r.t.member == nil && !r.t.byUser && link(t, r.t.tenants) < 0 && !slices.Contains(r.survey.Own, t.Schema) && r.protected(t)
}

// outsider adds the rules of a session whose user is in no tenant, for a table: it sees the rows that
// name the user, or hang on such a row, and writes them where policies are for that.
func (b *binder) outsider(s *session, p *place, changes bool) {
	mine := b.mine(s, p.table, 0)
	if mine == "" || p.how == model.Shared && !b.referee.private(p.table) {
		return
	}
	s.sees = append(s.sees, entry{p.table, "{may: " + strconv.Quote(mine) + "}", "? it names the session's user, who is in no tenant: may that user see it?"})
	if !changes {
		return
	}
	rule := func(command, to string) string {
		if !slices.ContainsFunc(p.table.Policies, func(o model.Policy) bool { return grants(&o, command) && b.survey.applies(&o, s.acts) }) {
			return "none"
		}
		return "{may: " + strconv.Quote(mine) + to + "}"
	}
	s.writes = append(s.writes, entry{p.table, fmt.Sprintf("{insert: %s, update: %s, delete: %s}", rule("INSERT", ""), rule("UPDATE", ", to: "+strconv.Quote(mine)), rule("DELETE", "")), ""})
}

// deepestMine is how many foreign keys below a row that names a user another may be that is the
// user's with it.
const deepestMine = 3

// mine is the condition that a row is the session's user, names the user, or hangs on a row that does.
// It is empty for other tables.
func (b *binder) mine(s *session, t *model.Table, depth int) string {
	user, at := b.userColumn(s.user), sql.QuoteName(t.Name)+"."
	var all []string
	for _, c := range b.t.users.in(t) {
		all = append(all, holds(t, c, user))
	}
	for i := range all {
		all[i] = at + all[i]
	}
	if len(all) > 0 || depth >= deepestMine || user == "" {
		return strings.Join(all, " or ")
	}
	for i := range t.ForeignKeys {
		k := &t.ForeignKeys[i]
		if k.Target == nil || k.Target == t || k.Target == b.t.home() || !always(t, k) {
			continue
		}
		above := b.mine(s, k.Target, depth+1)
		if above == "" {
			continue
		}
		var on []string
		for i, c := range k.Columns {
			on = append(on, sql.QuoteName(k.Target.Name)+"."+sql.QuoteName(k.Target.Columns[k.Targets[i]].Name)+" = "+at+sql.QuoteName(t.Columns[c].Name))
		}
		return fmt.Sprintf("EXISTS (SELECT FROM %s WHERE %s AND (%s))", sqlName(k.Target), strings.Join(on, " AND "), above)
	}
	return ""
}

// known is the rule of a session for the users' own table where users are in no tenant: a tenant sees
// those whom rows of its own name, of the tables that policies ask for that.
func (b *binder) known(s *session, t *model.Table) entry {
	var all []string
	for _, o := range b.survey.Schema.Tables {
		asks := slices.ContainsFunc(t.Policies, func(p model.Policy) bool {
			return grants(&p, "SELECT") && b.survey.applies(&p, s.acts) && b.survey.mentions(p.Using, o)
		})
		users, tenants := b.t.users.in(o), b.t.tenants.in(o)
		if s.stranger || o == t || !asks || len(users) == 0 || len(tenants) == 0 {
			continue
		}
		key := sql.QuoteName(t.Name) + "." + sql.QuoteName(t.Columns[b.t.users.key].Name)
		all = append(all, "EXISTS (SELECT FROM "+sqlName(o)+" m WHERE m."+holds(o, users[0], key)+" AND m."+holds(o, tenants[0], "$tenant")+")")
	}
	if len(all) == 0 {
		return entry{t, "none", ""}
	}
	return entry{t, "{may: " + strconv.Quote(strings.Join(all, " or ")) + "}", "? rows of the tenant name them: may it see them for that?"}
}
