package mutate

import (
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// columnValues makes the first tenant the default of the columns that say whose a row is,
// where some session inserts rows without them.
func columnValues(c *model.Contract, t *model.Table) []Mutant {
	var out []Mutant
	for _, i := range tenantColumns(c, t) {
		leaves := func(s *model.Session) bool { return leavesOut(c, s, t, i) }
		if t.Columns[i].Generated || !slices.ContainsFunc(c.Sessions, leaves) {
			continue
		}
		name := t.Columns[i].Name
		out = append(out, Mutant{
			Kind: ColumnValue, Object: "table " + t.Label(), Change: name + " defaults to the first tenant",
			Do: []string{fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s SET DEFAULT '%s'", t.SQL(), model.Quote(name), firstTenant)},

			Equivalent: held(c, t, i),
		})
	}
	return out
}

// leavesOut reports whether a session may insert rows, but not say what is in a column.
func leavesOut(c *model.Contract, s *model.Session, t *model.Table, column int) bool {
	rights := c.Schema.Privileges[acting(s)]
	if rights == nil || !slices.Contains(rights[t.ID].Insert, true) {
		return false
	}
	says := s.Writes[t.ID].InsertColumns
	return !rights[t.ID].Insert[column] || says != nil && !says[column]
}

// held is the rule for a default in place of none: each policy by which a session inserts
// says an equality of the column with what no row decides, so that a row without a value was
// refused, and one of another tenant is.
func held(c *model.Contract, t *model.Table, column int) string {
	for _, s := range actors(c, t, "INSERT") {
		r := c.Schema.Roles[acting(s)]
		if !t.RowSecurity || r.Super || r.BypassRLS || ownerOf(c, s, t) && !t.Force {
			return ""
		}
		loose := func(p model.Policy) bool {
			return p.Permissive && (p.Command == "INSERT" || p.Command == "ALL") && has(c, s, p.Roles) && equality(checkOf(&p), t.Columns[column].Name) == ""
		}
		if slices.ContainsFunc(t.Policies, loose) {
			return ""
		}
	}
	if t.Columns[column].Default != "" {
		return ""
	}
	return "masked by the policies for INSERT, which hold " + t.Columns[column].Name + " to one value: a row without one was refused, and one of another tenant is"
}
