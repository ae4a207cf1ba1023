package carrier

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Separates reports whether a restrictive policy is there to keep tenants apart: it asks for a
// column from which a row's tenant follows.
func Separates(c *model.Contract, t *model.Table, p *model.Policy) bool {
	if p.Permissive {
		return false
	}
	return slices.ContainsFunc(c.Belongs[t.ID].Paths, func(path model.TenantPath) bool {
		return slices.ContainsFunc(path.Columns(), func(i int) bool { return sql.Mentions(p.Using+" "+p.Check, t.Columns[i].Name) })
	})
}

// Separated is the statement that has the policy let through what belongs to a session's tenant,
// and nothing else. It is empty where that cannot be said in SQL of a policy.
func (o *Object) Separated(c *model.Contract) string {
	return separated(intent{c: c, table: o.Table}, o.Policies[0])
}

func separated(in intent, p *model.Policy) string {
	var clauses []string
	if p.Using != "" {
		e := in.owned(p.Roles, model.OwnRead)
		if e == "" {
			return ""
		}
		clauses = append(clauses, "USING ("+e+")")
	}
	if p.Check != "" {
		e := in.owned(p.Roles, model.OwnNew)
		if e == "" {
			return ""
		}
		clauses = append(clauses, "WITH CHECK ("+e+")")
	}
	return "ALTER POLICY " + ident(p.Name) + " ON " + name(in.table) + " " + strings.Join(clauses, " ")
}

// owned is what belongs to the tenants of the sessions of some roles, as an expression of a policy;
// empty where a session's tenant cannot be said in one.
func (in intent) owned(roles []string, use model.OwnUse) string {
	var list []string
	for _, s := range in.c.Sessions {
		if !in.uses(s, roles) || s.Tenantless {
			continue
		}
		if s.TenantsSQL != "" {
			return ""
		}
		tenant, ok := in.variable(s, 0)
		if !ok {
			return ""
		}
		list = append(list, in.own(s, use, tenant))
	}
	if len(list) == 0 {
		return ""
	}
	return either(list)
}
