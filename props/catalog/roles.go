package catalog

import (
	"context"
	"maps"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// readRoles reads every role of the cluster; keepRoles drops what nobody needs.
func (r *reader) readRoles(ctx context.Context, o Options) error {
	type role struct {
		Name                             string
		Login, Super, BypassRLS, Inherit bool
		Bootstrap, Temporary             bool
	}
	found, err := query[role](ctx, r, `
SELECT rolname::text, rolcanlogin, rolsuper, rolbypassrls, rolinherit, oid = 10,
       has_database_privilege(oid, current_database(), 'TEMPORARY')
FROM pg_roles
ORDER BY rolname::text COLLATE "C"`)
	if err != nil {
		return err
	}
	r.schema.Roles = map[string]model.Role{}
	for _, f := range found {
		r.schema.Roles[f.Name] = model.Role{
			Name: f.Name, Login: f.Login, Super: f.Super, BypassRLS: f.BypassRLS, Inherit: f.Inherit,
			Bootstrap: f.Bootstrap, Temporary: f.Temporary,
		}
		if len(o.Roles) == 0 && !predefined(f.Name) {
			r.session = append(r.session, f.Name)
		}
	}
	for _, name := range o.Roles {
		if _, ok := r.schema.Roles[name]; !ok {
			return &NotFoundError{Object: "role", Name: name}
		}
		r.session = append(r.session, name)
	}
	slices.Sort(r.session)
	r.session = slices.Compact(r.session)
	return r.readMemberships(ctx)
}

// predefined reports whether a role is Postgres' own: users cannot make pg_ roles.
func predefined(role string) bool { return len(role) > 3 && role[:3] == "pg_" }

// readMemberships joins the grants of one membership by several grantors.
func (r *reader) readMemberships(ctx context.Context) error {
	type membership struct {
		Member, Role        string
		Inherit, Set, Admin bool
	}
	options := "u.rolinherit, true"
	if r.schema.Version >= 160000 {
		options = "bool_or(m.inherit_option), bool_or(m.set_option)"
	}
	found, err := query[membership](ctx, r, `
SELECT u.rolname::text, g.rolname::text, `+options+`, bool_or(m.admin_option)
FROM pg_auth_members m JOIN pg_roles u ON u.oid = m.member JOIN pg_roles g ON g.oid = m.roleid
GROUP BY u.rolname, g.rolname, u.rolinherit
ORDER BY u.rolname::text COLLATE "C", g.rolname::text COLLATE "C"`)
	if err != nil {
		return err
	}
	for _, f := range found {
		role := r.schema.Roles[f.Member]
		role.MemberOf = append(role.MemberOf, f.Role)
		role.Grants = append(role.Grants, model.Membership{
			Role: f.Role, Inherit: f.Inherit, Set: f.Set, Admin: f.Admin,
		})
		r.schema.Roles[f.Member] = role
	}
	return nil
}

// keepRoles keeps the roles of the options, those that own a table or the
// database, those that a policy names, and what they are members of.
func (r *reader) keepRoles(context.Context, Options) error {
	pending := append([]string{r.schema.Owner}, r.session...)
	for _, t := range r.schema.Tables {
		pending = append(pending, t.Owner)
		for _, p := range t.Policies {
			pending = append(pending, p.Roles...)
		}
	}
	kept := map[string]model.Role{}
	for len(pending) > 0 {
		last := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		role, exists := r.schema.Roles[last]
		if _, seen := kept[last]; !exists || seen { // "public" is no role
			continue
		}
		kept[last] = role
		pending = append(pending, role.MemberOf...)
	}
	r.schema.Roles = kept
	return nil
}

// readSettings reads the defaults in the order in which a login applies them:
// for everybody, for the database, for the role, for the role in the database.
func (r *reader) readSettings(ctx context.Context, _ Options) error {
	roles := slices.Sorted(maps.Keys(r.schema.Roles))
	found, err := query[model.RoleSetting](ctx, r, `
SELECT coalesce(r.rolname::text, ''), s.setdatabase <> 0, split_part(c.entry, '=', 1),
       substr(c.entry, strpos(c.entry, '=') + 1)
FROM pg_db_role_setting s
LEFT JOIN pg_roles r ON r.oid = s.setrole
CROSS JOIN LATERAL unnest(s.setconfig) WITH ORDINALITY c (entry, at)
WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
  AND (s.setrole = 0 OR r.rolname = ANY ($1::text[]))
ORDER BY s.setrole <> 0, s.setdatabase <> 0, r.rolname::text COLLATE "C", c.at`, roles)
	if len(found) > 0 {
		r.schema.Defaults = found
	}
	return err
}
