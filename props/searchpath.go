package props

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
)

// impostors notes the functions that run with their owners' rights and find tables by their caller's
// search path, and for which no path tries what follows: a session may put a temporary table of its
// own in the place of such a table, since the schema of temporary objects comes first (manual,
// "Writing SECURITY DEFINER Functions Safely").
func (c *campaign) impostors() {
	s := c.Contract.Schema
	var found []string
	for _, r := range slices.Concat(s.Routines, s.Helpers, s.Firing) {
		takes := func(t *model.Table) bool { return sql.Takes(r.Source, t.Name) }
		calls := func(m *model.Session) bool {
			role := carrier.Acting(m)
			return role == "" || s.Roles[role].Temporary && (slices.Contains(r.Callers, role) || slices.Contains(s.Firing, r))
		}
		tried := func(p *model.Path) bool { return p.Shadow != nil && slices.Contains(p.Shadow.Deceived, r) }
		if r.Definer && !r.Pinned && !slices.ContainsFunc(c.Contract.Paths, tried) && slices.ContainsFunc(c.report.Sessions, calls) && slices.ContainsFunc(s.Tables, takes) && !slices.Contains(found, r.Label()) {
			found = append(found, r.Label())
		}
	}
	if len(found) > 0 {
		c.remark("not tried: temporary tables that a session puts in the place of those that these name without a schema, with their owners' rights and no SET search_path that ends in pg_temp: %s",
			strings.Join(found, ", "))
	}
}
