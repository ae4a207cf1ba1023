package mutate

import (
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// tableGrants gives each session's role the privileges that the contract has no use for:
// where a session may see or change nothing.
func tableGrants(c *model.Contract, t *model.Table) []Mutant {
	var out []Mutant
	for _, s := range c.Sessions {
		role := acting(s)
		rights := c.Schema.Privileges[role]
		if role == "" || rights == nil || ownerOf(c, s, t) {
			continue
		}
		r := &rights[t.ID]
		w := &s.Writes[t.ID]
		for _, g := range []struct {
			privilege string
			has       bool
			rule      *model.Rule
		}{
			{"SELECT", slices.Contains(r.Select, true), s.Sees[t.ID].Rule},
			{"INSERT", slices.Contains(r.Insert, true), w.Insert},
			{"UPDATE", slices.Contains(r.Update, true), w.From},
			{"DELETE", r.Delete, w.Delete},
		} {
			if g.has || g.rule != nil && g.rule.Kind != model.RuleNone {
				continue
			}
			out = append(out, Mutant{
				Kind: TableGrant, Object: "table " + t.Label(), Change: fmt.Sprintf("GRANT %s TO %s", g.privilege, role),
				Do:         []string{fmt.Sprintf("GRANT %s ON %s TO %s", g.privilege, t.SQL(), model.Quote(role))},
				Equivalent: withheld(c, s, t, g.privilege),
			})
		}
	}
	return out
}

// withheld is the rule for a privilege with which row security still lets nothing through.
func withheld(c *model.Contract, s *model.Session, t *model.Table, command string) string {
	role := acting(s)
	r := c.Schema.Roles[role]
	if r.Super || r.BypassRLS || !t.RowSecurity {
		if !c.Schema.Privileges[role][t.ID].Usage {
			return "role " + role + " has no USAGE on schema " + t.Schema
		}
		return ""
	}
	applies := func(p model.Policy) bool {
		return p.Permissive && (p.Command == command || p.Command == "ALL") && has(c, s, p.Roles)
	}
	switch {
	case !c.Schema.Privileges[role][t.ID].Usage:
		return "role " + role + " has no USAGE on schema " + t.Schema
	case !slices.ContainsFunc(t.Policies, applies):
		return "no policy of " + t.Label() + " for " + command + " is for role " + role + ": row security lets nothing through"
	}
	return ""
}
