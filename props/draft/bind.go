package draft

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// bind gives a session everything that its role has to bring: its tenant, its user, and what else
// the schema reads of it. What it cannot tell it asks.
func (b *binder) bind(s *session) {
	if s.user = b.userTable(s); s.user != nil && b.brought(s) && b.apart() && !b.bringsUser(s) {
		s.user = nil // of no tenant, and nothing says which
	}
	for _, lookup := range []bool{true, false} { // the key of a row before the key alone
		for _, src := range s.sources {
			if (src.Lookup != nil) == lookup {
				b.source(s, src)
			}
		}
	}
	b.handed(s)
	b.constants(s)
	guarded := b.t.member != nil && b.d.guarded(b.t.tenants, b.t.users)
	if b.t.member != nil && (!b.brought(s) || guarded) && s.user != nil {
		if who := b.userColumn(s.user); who != "" {
			s.tenants = b.t.member.query(b.t.tenants, who)
		}
	}
	if query, by := b.below(); s.tenants == "" && b.brought(s) && query != "" {
		s.tenants, s.below = query, true
		s.asks = append(s.asks, "policies go by "+by+": a session of one tenant is taken to see those that it says; if it may see its own alone, remove tenants:. If it may change its own alone, say so under writes:")
	}
	if s.outside = b.isOutside(s); s.outside {
		s.tenants, b.referee.outside = b.nowhere(), append(b.referee.outside, s.acts)
		s.asks = append(s.asks, "it brings a user of "+s.user.Label()+", which leads to no tenant, and no tenant: does it see what names the user, in whichever tenant, and what is open to all? If its users are in tenants, tenants: SELECT …")
	}
	switch {
	case b.t.member == nil || !b.brought(s):
	case s.tenants != "":
		s.asks = append(s.asks, "the session brings one tenant, but policies go by all of a user's too ("+b.t.member.table.Label()+"): if it may see one at a time, remove tenants:")
	default:
		s.asks = append(s.asks, "the session brings one tenant, though a user may have several ("+b.t.member.table.Label()+"): if it may see all of them, give it tenants: SELECT …")
	}
	if b.t.guess {
		s.asks = append(s.asks, "nothing in the schema reads a setting or claim: how does the application bind a session? settings: {app.tenant_id: $tenant}")
	}
}

// handed gives a session the claims that functions read of it, such as the user's e-mail address,
// where a column of the user has the claim's name. Policies do not compare these claims.
func (b *binder) handed(s *session) {
	for _, f := range b.survey.Functions {
		text := b.survey.closure(f.Body)
		if f.Trigger || !slices.Contains(f.Callers, s.acts) || slices.Contains(b.survey.Own, f.Schema) || !strings.Contains(text, "jwt") {
			continue
		}
		for _, path := range jsonPaths(text) {
			if len(path) != 1 || slices.Contains(s.claims.names, path[0]) {
				continue
			}
			if v := b.likeNamed(&Source{Setting: jwtClaims, Path: path}, s.user); v != "" {
				s.claims.set(path, v, false)
			}
		}
	}
}

// brought reports whether the session itself brings the tenant.
func (b *binder) brought(s *session) bool {
	return b.t.tenants != nil && slices.ContainsFunc(s.sources, func(src *Source) bool {
		return b.variable(src, nil) == "$tenant"
	})
}

// userTable is the table whose rows are the sessions' users; nil where the tenants are.
func (b *binder) userTable(s *session) *model.Table {
	for _, src := range s.sources {
		if src.Lookup != nil && len(src.Lookup.Key.Table.Key) == 1 && src.Lookup.Key.Table != b.t.home() {
			return src.Lookup.Key.Table
		}
	}
	if b.t.users == nil {
		return nil
	}
	if t := b.d.profile(b.t.tenants, b.t.users); t != nil && b.t.member == nil && link(b.t.users.home, b.t.tenants) < 0 {
		return t // it says which tenant the user is of, as the user's own table does not
	}
	if t := b.d.bearer(b.t.users); t != b.t.home() || b.t.byUser {
		return t
	}
	return nil // a tenant is its own user
}

// userColumn is the variable with the user's value in the domain of users.
func (b *binder) userColumn(t *model.Table) string {
	for _, c := range b.t.users.in(t) {
		if v := variable("$user", t, c); v != "" {
			return v
		}
	}
	return ""
}

// variable is what a source brings of a session, as a contract writes it: $tenant, $tenant.column or
// $user.column; empty for something else.
func (b *binder) variable(s *Source, user *model.Table) string {
	of := func(m *domain) bool { return m != nil && slices.Contains(m.sources, s) }
	if s.Lookup != nil {
		switch s.Lookup.Key.Table {
		case user:
			return variable("$user", user, s.Lookup.Key.Column)
		case b.t.home():
			return variable("$tenant", b.t.home(), s.Lookup.Key.Column)
		}
		return ""
	}
	if of(b.t.tenants) {
		return "$tenant"
	}
	for _, m := range b.d.all {
		if !of(m) {
			continue
		}
		if user != nil && m == b.t.users {
			return b.userColumn(user)
		}
		if home := b.t.home(); home != nil {
			for _, c := range m.in(home) {
				if identifies(Column{Table: home, Column: c}) || s.Role() {
					return variable("$tenant", home, c)
				}
			}
		}
		if user != nil {
			for _, c := range m.in(user) {
				return variable("$user", user, c)
			}
		}
	}
	return ""
}

// plainColumn is a name that a variable can have without quotes.
var plainColumn = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// variable writes $user.column; "" for a name that no variable can have. Variables are
// read without regard to case: no other column may differ in that alone.
func variable(first string, t *model.Table, column int) string {
	name := t.Columns[column].Name
	same := 0
	for i := range t.Columns {
		if strings.EqualFold(t.Columns[i].Name, name) {
			same++
		}
	}
	switch {
	case plainColumn.MatchString(name) && (same == 1 || name == strings.ToLower(name)):
		return first + "." + name
	case first == "$user" && len(t.Key) == 1 && t.Key[0] == column:
		return first // its key needs no name
	}
	return ""
}

// source binds one source: to what is known of it, else to a column of the same name or to a
// constant, with a question; else it is asked about.
func (b *binder) source(s *session, src *Source) {
	if b.role(src) {
		return // the role's claim: constants
	}
	v := b.variable(src, s.user)
	if src.Role() {
		b.roleSource(s, src, v)
		return
	}
	if v == "" {
		if named := b.likeNamed(src, s.user); named != "" {
			v = named
			s.asks = append(s.asks, src.String()+" is taken to be "+named+", by its name alone")
		}
	}
	if list := b.constantsOf(src); v == "" && len(list) > 0 {
		v = list[s.kind%len(list)]
		s.asks = append(s.asks, src.String()+" is compared with "+strings.Join(list, ", ")+": are there sessions with something else, or without it?")
	}
	if v == "" {
		s.asks = append(s.asks, b.unknown(src))
		return
	}
	b.give(s, src, v)
}

// roleSource binds the role's name, where policies compare it: with a column of the user's own
// row, or of the tenant's, which v is then; else that is a question.
func (b *binder) roleSource(s *session, src *Source, v string) {
	switch {
	case src.Lookup != nil && s.user == src.Lookup.Key.Table:
		name := s.acts
		if stands(b.survey.policies(), "session_user") {
			name = s.login
		}
		s.where = sql.QuoteName(src.Lookup.Key.name()) + " = " + sql.Constant(name)
		s.notes = append(s.notes, "each user has a role of its own, which "+src.Lookup.Key.String()+" names")
	case s.where != "":
	case strings.HasPrefix(v, "$tenant"):
		s.ofTenant = true
		if s.role != "" {
			s.role = v
		} else {
			s.login = v
		}
		if note := "policies compare current_user: one role for each tenant, all of which the schema's files must make"; !slices.Contains(s.notes, note) {
			s.notes = append(s.notes, note)
		}
	default:
		s.asks = append(s.asks, "policies compare current_user: which role connects for which tenant?")
	}
}

// give writes a source's value where the session brings it.
func (b *binder) give(s *session, src *Source, v string) {
	if src.Keys {
		s.asks = append(s.asks, fmt.Sprintf("%s: %q stands behind each key here; what else may?", src, src.Behind))
	}
	if path, ok := src.Claim(); ok {
		src.put(s.claims, path, v)
		return
	}
	at := slices.IndexFunc(s.settings, func(o setting) bool { return o.name == src.Setting })
	if at < 0 {
		at = len(s.settings)
		s.settings = append(s.settings, setting{name: src.Setting})
		if len(src.Path) == 0 {
			s.settings[at].text = src.text(v)
			return
		}
		s.settings[at].keys = &claims{}
	}
	switch o := &s.settings[at]; {
	case len(src.Path) == 0: // it is bound by the row that it names
	case o.keys == nil:
		s.asks = append(s.asks, "setting "+src.Setting+" holds more keys: "+strings.Join(src.Path, "."))
	default:
		src.put(o.keys, src.Path, v)
	}
}

// likeNamed is a column of the user or the tenant with the name of a claim.
func (b *binder) likeNamed(src *Source, user *model.Table) string {
	path, ok := src.Claim()
	if !ok {
		return ""
	}
	name := path[len(path)-1]
	if user != nil && user.Column(name) >= 0 {
		return variable("$user", user, user.Column(name))
	}
	if t := b.t.tenants; t != nil && t.home != nil && t.home.Column(name) >= 0 {
		return variable("$tenant", t.home, t.home.Column(name))
	}
	return ""
}

// unknown asks what a source holds.
func (b *binder) unknown(src *Source) string {
	out := src.String() + " is read, but nothing says what it holds"
	var list []string
	for _, c := range b.e.consts {
		if c.source == src && !slices.Contains(list, c.value) {
			list = append(list, c.value)
		}
	}
	if len(list) > 0 {
		out += "; it is compared with " + strings.Join(list, ", ")
	}
	for _, q := range b.e.equal {
		if q.source == src {
			return out + "; it is compared with " + q.column.String()
		}
	}
	return out
}

// role reports whether a source is a claim with the name of a role, as PostgREST
// brings it.
func (b *binder) role(src *Source) bool {
	path, ok := src.Claim()
	if !ok || len(path) != 1 {
		return false
	}
	return path[0] == "role" || slices.ContainsFunc(b.e.consts, func(c constant) bool {
		_, is := b.survey.Schema.Roles[c.value]
		return c.source == src && is
	})
}

// constants gives a session the claims that do not depend on its tenant: its role, where policies
// read it or the preset's tokens always have it, and when its token ends.
func (b *binder) constants(s *session) {
	given := false
	for _, src := range s.sources {
		if b.role(src) && s.role != "" {
			path, _ := src.Claim()
			s.claims.set(path, s.role, false)
			given = given || path[0] == "role"
		}
	}
	if b.survey.expires() && (b.anonymous() != "" || len(s.claims.names) > 0) {
		s.claims.set([]string{expiry}, late, false)
	}
	if !given && s.role != "" && (b.anonymous() != "" || len(s.claims.names) > 0) {
		s.claims.set([]string{"role"}, s.role, false)
	}
}
