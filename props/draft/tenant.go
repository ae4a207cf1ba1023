package draft

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// tenancy is what the draft takes for a tenant and for a user.
type tenancy struct {
	tenants *domain     // nil: nothing was found
	users   *domain     // nil: none, or the tenants are the users
	member  *membership // the tenants of each user, where there may be several; nil else
	byUser  bool        // the tenants are users: isolation is between people
	cast    string      // the type of the tenants' values, where only parts of columns hold them
	why     string      // for people
	guess   bool        // nothing that binds a session says so
}

// home is the tenants' own table; nil where there is none.
func (t tenancy) home() *model.Table {
	if t.tenants == nil {
		return nil
	}
	return t.tenants.home
}

// typeName is the type of a tenant's value where no table lists them.
func (t tenancy) typeName() string {
	if t.tenants == nil || len(t.tenants.columns) == 0 {
		return "text"
	}
	c := t.tenants.columns[0]
	if c.isPart() && !c.isItem() {
		return cmp.Or(t.cast, "text")
	}
	typ := &c.Table.Columns[c.Column].Type
	if typ.Kind == sql.Other {
		return typ.Base
	}
	return typ.Plain
}

// tenancy chooses the tenants and the users. What sessions bring comes first; if something groups
// those values and most of the data hangs on the group, the group is the tenant.
func (d *domains) tenancy() tenancy {
	sourced := d.sourced()
	if len(sourced) == 0 {
		return d.structural()
	}
	cur := d.widest(sourced, nil)
	for _, users := range sourced { // a value that no table lists, such as an address, may lead to less than what groups the users
		if cur.home != nil || users.home == nil {
			continue
		}
		if up := d.group(users, sourced); up != nil && up != cur && d.reach(up, users) >= d.reach(cur, nil) {
			return d.between(up, users)
		}
	}
	if up := d.group(cur, sourced); up != nil {
		return d.between(up, cur)
	}
	for _, other := range sourced {
		if d.above(cur, other) && d.identity(other) {
			return d.between(cur, other)
		}
	}
	out := tenancy{tenants: d.whole(cur), byUser: d.personal(cur), why: "sessions bring it: " + names(cur.sources)}
	for _, other := range sourced {
		if other != cur && other != out.tenants && d.identity(other) {
			out.users = other
			break
		}
	}
	return out
}

// between is the tenancy of users in groups.
func (d *domains) between(group, users *domain) tenancy {
	out := tenancy{tenants: d.whole(group), users: users, member: d.member(group, users)}
	switch {
	case len(group.sources) > 0:
		out.why = "sessions bring it: " + names(group.sources)
	case out.member != nil:
		out.why = "it groups the users that sessions bring, through " + out.member.table.Label()
	default:
		out.why = "each user of a session has one: " + Column{Table: users.home, Column: link(users.home, group)}.String()
	}
	if out.member != nil && link(users.home, group) >= 0 && len(group.sources) == 0 {
		out.member = nil // the users' own column
	}
	return out
}

// sourced is the domains that sessions bring a value of.
func (d *domains) sourced() []*domain {
	var out []*domain
	for _, m := range d.all {
		if len(m.sources) > 0 {
			out = append(out, m)
		}
	}
	return out
}

// widest is the domain that most tables lead to, the first of several.
func (d *domains) widest(list []*domain, without *domain) *domain {
	var best *domain
	most := -1
	for _, m := range list {
		if n := d.reach(d.whole(m), without); n > most {
			best, most = m, n
		}
	}
	return best
}

// whole is the domain of a table's primary key, where sessions bring another unique column of the
// table, such as a slug or a role's name; else the domain itself.
func (d *domains) whole(m *domain) *domain {
	if m.home == nil || len(m.home.Key) != 1 || m.home.Key[0] == m.key {
		return m
	}
	if key := d.of[Column{Table: m.home, Column: m.home.Key[0]}]; key.home == m.home && d.reach(key, nil) > 0 {
		return key
	}
	return m
}

// group is the domain that groups the values of another one: one that sessions bring, else one on
// which at least half as much data hangs as on the other, or by whose membership table policies let
// users at rows. It is nil without one.
func (d *domains) group(cur *domain, sourced []*domain) *domain {
	var fit []*domain
	for _, m := range d.all {
		if !d.above(m, cur) || m.home == nil && len(m.sources) == 0 && !d.lists(m, cur) {
			continue
		}
		if m.home != nil && slices.Contains(d.survey.Own, m.home.Schema) {
			continue
		}
		n, rest := d.reach(m, cur), d.reach(cur, m)
		brought := slices.Contains(sourced, m)
		one := d.single(m, cur)
		own := one || d.owns(m, cur) // a membership has no direction
		switch {
		case n == 0, !brought && (n <= rest && d.document(m, cur) || d.owned(m, cur)):
		case one && brought, own && !brought && 2*n >= rest, own && n > rest, !brought && d.guarded(m, cur) && (own || !d.owns(cur, m)):
			fit = append(fit, m)
		}
	}
	for _, m := range fit {
		if slices.Contains(sourced, m) {
			return m
		}
	}
	return d.widest(fit, cur)
}

// document reports whether the rows of a group belong to one user each, by a column that functions
// or the policies of other tables ask for. Then they are documents rather than tenants, and a
// membership table says with whom they are shared.
func (d *domains) document(group, users *domain) bool {
	return group.home != nil && slices.ContainsFunc(users.in(group.home), func(c int) bool {
		return group.home.Columns[c].NotNull && d.asked[Column{Table: group.home, Column: c}]
	})
}

// owned reports whether the owner of a document reads what hangs on it even if the membership table
// does not name the owner: the policies of each table that refers to documents ask for the column
// with the owner.
func (d *domains) owned(group, users *domain) bool {
	m := d.member(group, users)
	if m == nil || !d.document(group, users) {
		return false
	}
	some := false
	for _, t := range d.survey.Schema.Tables {
		below := slices.ContainsFunc(t.ForeignKeys, func(k model.ForeignKey) bool { return k.Target == group.home })
		if t == group.home || t == m.table || !below || !t.RowSecurity {
			continue
		}
		asks := slices.ContainsFunc(t.Policies, func(p model.Policy) bool {
			whole := d.survey.closure(p.Using)
			return grants(&p, "SELECT") && stands(whole, group.home.Name) && slices.ContainsFunc(users.in(group.home), func(c int) bool {
				return group.home.Columns[c].NotNull && stands(whole, group.home.Columns[c].Name)
			})
		})
		if !asks {
			return false
		}
		some = true
	}
	return some
}

// guarded reports whether row security lets users at the rows of a group by way of the
// membership table: then the group is more than a label of users.
func (d *domains) guarded(group, users *domain) bool {
	m := d.member(group, users)
	if m == nil {
		return false
	}
	for _, t := range d.survey.Schema.Tables {
		if t == m.table || t != group.home && len(group.in(t)) == 0 {
			continue
		}
		for _, p := range t.Policies {
			if d.survey.mentions(p.Using+" "+p.Check, m.table) {
				return true
			}
		}
	}
	return false
}

// identity reports whether a domain's values may be users': a session can be bound to a
// row of some table by them.
func (d *domains) identity(m *domain) bool { return d.bearer(m) != nil }

// bearer is the table whose rows are the users: the domain's own, a table behind the
// setting, else one with a column of it and a key.
func (d *domains) bearer(m *domain) *model.Table {
	if m == nil {
		return nil
	}
	for _, s := range m.sources {
		if s.Lookup != nil && len(s.Lookup.Key.Table.Key) == 1 {
			return s.Lookup.Key.Table
		}
	}
	if m.home != nil && len(m.home.Key) == 1 {
		return m.home
	}
	for _, c := range m.columns {
		if !c.isPart() && len(c.Table.Key) == 1 && c.Table.Columns[c.Column].NotNull {
			return c.Table
		}
	}
	return nil
}

// personal reports whether the values are people: claims say who asks, and only sub is
// fixed by a standard; else a table of them that another schema brings.
func (d *domains) personal(m *domain) bool {
	for _, s := range m.sources {
		if path, ok := s.Claim(); ok && len(path) == 1 && path[0] == "sub" {
			return true
		}
	}
	return m.home != nil && slices.Contains(d.survey.Own, m.home.Schema)
}

// structural chooses where no session brings anything: the table that most others lead
// to, else columns that stand in several tables.
func (d *domains) structural() tenancy {
	var tops []*domain
	for _, m := range d.all {
		if m.home == nil || slices.Contains(d.survey.Own, m.home.Schema) || d.reach(m, nil) == 0 {
			continue
		}
		under := slices.ContainsFunc(m.home.ForeignKeys, func(k model.ForeignKey) bool {
			return k.Target != nil && k.Target != m.home && always(m.home, &k)
		})
		if !under {
			tops = append(tops, m)
		}
	}
	if m := d.widest(tops, nil); m != nil {
		n := d.reach(m, nil)
		return tenancy{tenants: m, guess: true, why: fmt.Sprintf("most tables lead to it (%d)", n)}
	}
	return tenancy{tenants: d.commonest(), guess: true, why: "nothing in the schema says what a tenant is"}
}

// commonest is the uuid columns of one name that stand in most tables and are no keys. It is nil
// without any: of other types it cannot be told whether they name tenants.
func (d *domains) commonest() *domain {
	by := map[string]*domain{}
	var best *domain
	most := 0
	for _, t := range d.survey.Schema.Tables {
		for i := range t.Columns {
			c := &t.Columns[i]
			if c.Type.Kind != sql.UUID || identifies(Column{Table: t, Column: i}) || slices.Contains(d.survey.Own, t.Schema) {
				continue
			}
			if by[c.Name] == nil {
				by[c.Name] = &domain{}
			}
			by[c.Name].columns = append(by[c.Name].columns, Column{Table: t, Column: i})
		}
	}
	for _, name := range sortedKeys(by) {
		rank := 2 * len(by[name].columns)
		if first := by[name].columns[0]; first.Table.Columns[first.Column].NotNull {
			rank++
		}
		if rank > most {
			best, most = by[name], rank
		}
	}
	return best
}

// names lists sources for people.
func names(list []*Source) string {
	var out []string
	for _, s := range list {
		out = append(out, s.String())
	}
	return strings.Join(out, ", ")
}
