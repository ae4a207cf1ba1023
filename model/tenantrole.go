package model

import (
	"maps"
	"slices"
)

// TenantRoles lists the roles that a name from the tenant may stand for: first those of
// the tenants of the schema's own files; then, by name, the other roles of the files that
// can be a tenant's. These have privileges on tables, own none, are held back by row
// security, and no session of the contract has them for itself.
func (c *Contract) TenantRoles(n Name, login bool) []string {
	var out []string
	if t := c.Tenancy.Table; t != nil && n.Column >= 0 && n.Column < len(t.Columns) {
		for _, row := range t.Seed {
			if _, ok := c.Schema.Roles[row[n.Column].Text]; ok && !slices.Contains(out, row[n.Column].Text) {
				out = append(out, row[n.Column].Text)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Schema.Roles)) {
		if !slices.Contains(out, name) && c.mayBeTenant(c.Schema.Roles[name], login) {
			out = append(out, name)
		}
	}
	return out
}

func (c *Contract) mayBeTenant(r Role, login bool) bool {
	if r.Super || r.BypassRLS || r.Bootstrap || login && !r.Login {
		return false
	}
	for _, s := range c.Sessions {
		if !login && s.Role.Follows() && s.Login.Text != "" && !slices.Contains(c.Schema.Roles[s.Login.Text].MemberOf, r.Name) ||
			s.Login.Text == r.Name || s.Role.Text == r.Name {
			return false
		}
	}
	used := false
	for _, t := range c.Schema.Tables {
		if t.Owner == r.Name {
			return false
		}
		if list := c.Schema.Privileges[r.Name]; list != nil {
			p := &list[t.ID]
			used = used || p.Usage && (p.Delete || slices.Contains(p.Select, true) || slices.Contains(p.Insert, true) || slices.Contains(p.Update, true))
		}
	}
	return used
}
