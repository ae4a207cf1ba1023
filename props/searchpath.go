package props

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
)

// impostors notes the functions that have their owners' rights and take tables from wherever the
// search path of their caller leads, where a session may put its own in the way: the schema of temporary
// objects comes first (manual, "Writing SECURITY DEFINER Functions Safely"). That is tried of those that
// sessions can call, that policies ask, or that fire where they put in rows, and of no others.
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
