package draft

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// alike reports whether two roles have the same rights, as those of two tenants do.
func (b *binder) alike(x, y string) bool {
	of := func(role string) []string {
		list := slices.Clone(b.survey.Schema.Roles[role].MemberOf)
		slices.Sort(list)
		return list
	}
	p, q := b.survey.Schema.Privileges[x], b.survey.Schema.Privileges[y]
	return slices.Equal(of(x), of(y)) && slices.EqualFunc(p, q, func(m, n model.Privilege) bool {
		return m.Usage == n.Usage && m.Delete == n.Delete && slices.Equal(m.Select, n.Select) && slices.Equal(m.Insert, n.Insert) && slices.Equal(m.Update, n.Update)
	})
}

// tenantRoles settles which session has a role that follows from its tenant: the one whose rights
// most roles have. The others, such as one for reports, keep their own role.
func (b *binder) tenantRoles() {
	most, of := 0, (*session)(nil)
	for _, s := range b.made {
		if !s.ofTenant {
			continue
		}
		n := 0
		for _, a := range b.cast.actors {
			if b.alike(s.acts, a.acts()) {
				n++
			}
		}
		if n > most {
			most, of = n, s
		}
	}
	for _, s := range b.made {
		switch {
		case !s.ofTenant:
		case s == of:
			s.name = "tenant"
		default:
			s.ofTenant, s.notes = false, nil
			i := slices.IndexFunc(b.cast.actors, func(a *actor) bool { return a.acts() == s.acts })
			s.login, s.role = b.cast.actors[i].login, b.cast.actors[i].role
			s.asks = append(s.asks, "policies compare current_user: whose rows are "+s.acts+"'s?")
		}
	}
}
