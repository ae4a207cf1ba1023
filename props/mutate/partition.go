package mutate

import (
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// partitions lists what can be done to partitions: who reads one directly meets no policy of the
// table that it is a part of, but its own.
func partitions(c *model.Contract) []Mutant {
	var out []Mutant
	for _, t := range c.Schema.Tables {
		whole := c.Schema.Whole(t)
		if whole == nil {
			continue
		}
		object, read := "partition "+t.Label(), false
		for _, s := range c.Sessions {
			role := acting(s)
			rights := c.Schema.Privileges[role]
			switch {
			case role == "" || rights == nil || ownerOf(c, s, t) || slices.Contains(rights[t.ID].Select, true):
				read = true
			case s.Sees[whole.ID].Rule.Kind != model.RuleAll:
				out = append(out, Mutant{
					Kind: TableGrant, Object: object, Of: t.Name, Change: "GRANT SELECT TO " + role,
					Do:         []string{fmt.Sprintf("GRANT SELECT ON %s TO %s", t.SQL(), model.Quote(role))},
					Equivalent: withheld(c, s, t, "SELECT"),
				})
			}
		}
		if t.RowSecurity && read {
			out = append(out, Mutant{
				Kind: Disable, Object: object, Of: t.Name, Change: "DISABLE ROW LEVEL SECURITY",
				Do: []string{"ALTER TABLE " + t.SQL() + " DISABLE ROW LEVEL SECURITY"}, Back: []string{"ALTER TABLE " + t.SQL() + " ENABLE ROW LEVEL SECURITY"},
			})
		}
	}
	return out
}
