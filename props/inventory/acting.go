package inventory

import (
	"maps"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// acting lists the roles that a session acts as: one, or where the role follows from the
// tenant, those that tenants may have.
func acting(c *model.Contract, s *model.Session) []string {
	if s.Role.IsZero() {
		return named(c, s.Login, true)
	}
	return named(c, s.Role, false)
}

// named is the role that a session's login or role names; where the name follows from the tenant,
// those that tenants may have. login says which of the two it is.
func named(c *model.Contract, name model.Name, login bool) []string {
	if !name.Follows() {
		return []string{name.Text}
	}
	return c.TenantRoles(name, login)
}

// concerned lists the roles that a contract's schema mentions and those that own something
// in it, by name; not the first superuser, nor Postgres' own.
func (c *Catalog) concerned(of *model.Contract) []*Role {
	names := map[string]bool{}
	for name := range of.Schema.Roles {
		names[name] = true
	}
	for _, o := range c.Objects {
		names[o.Owner] = true
	}
	var out []*Role
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if r := c.Roles[name]; r != nil && !r.Bootstrap && !predefined(name) {
			out = append(out, r)
		}
	}
	return out
}

// predefined reports whether a role is Postgres' own.
func predefined(role string) bool { return strings.HasPrefix(role, "pg_") }
