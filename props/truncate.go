package props

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
)

// truncates notes the tables of tenants that a session may empty, which no policy keeps from it
// (manual, "Row Security Policies": TRUNCATE is not subject to row security). That is not tried.
func (c *campaign) truncates() {
	type group struct{ sessions, tables []string }
	var groups []group
	for _, s := range c.report.Sessions {
		rights := c.Contract.Schema.Privileges[carrier.Acting(s)]
		if rights == nil {
			continue
		}
		var tables []string
		for _, t := range c.Contract.Schema.Tables {
			rule := s.Writes[t.ID].Delete
			all := rule != nil && rule.Kind == model.RuleAll
			if p := &rights[t.ID]; p.Truncate && p.Usage && !all && t.Parent == "" && c.Contract.Belongs[t.ID].How == model.Owned {
				tables = append(tables, t.Label())
			}
		}
		at := slices.IndexFunc(groups, func(g group) bool { return slices.Equal(g.tables, tables) })
		switch {
		case len(tables) == 0:
		case at < 0:
			groups = append(groups, group{[]string{s.Name}, tables})
		default:
			groups[at].sessions = append(groups[at].sessions, s.Name)
		}
	}
	for _, g := range groups {
		tables := strings.Join(g.tables[:min(len(g.tables), mostNamed)], ", ")
		if more := len(g.tables) - mostNamed; more > 0 {
			tables += fmt.Sprintf(" and %d more", more)
		}
		c.remark("not tried: TRUNCATE, which no policy stops: by their privileges %s may empty %s", strings.Join(g.sessions, ", "), tables)
	}
}

// mostNamed bounds the tables that a note names.
const mostNamed = 6
