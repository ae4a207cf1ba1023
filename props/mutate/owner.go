package mutate

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// owned gives a table to the role of the first session that may read it and should not see
// all of it: row security does not concern an owner. What an owner may do besides follows.
func owned(c *model.Contract, t *model.Table) []Mutant {
	for _, s := range c.Sessions {
		role := acting(s)
		rights := c.Schema.Privileges[role]
		if !t.RowSecurity || rights == nil || !slices.Contains(rights[t.ID].Select, true) || ownerOf(c, s, t) || s.Sees[t.ID].Rule.Kind == model.RuleAll {
			continue
		}
		return []Mutant{{
			Kind: Owned, Object: "table " + t.Label(), Change: "OWNER TO " + role + ", NO FORCE",
			Do: []string{"ALTER TABLE " + t.SQL() + " NO FORCE ROW LEVEL SECURITY", "ALTER TABLE " + t.SQL() + " OWNER TO " + model.Quote(role)},
		}}
	}
	return nil
}
