package mutate

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// equivalent names the rule by which a mutant changes nothing that a session reaches.
func equivalent(c *model.Contract, m *Mutant) string {
	switch {
	case m.Kind == NoForce && !slices.ContainsFunc(c.Sessions, func(s *model.Session) bool { return ownerOf(c, s, m.Table) }):
		return "no session has the rights of the owner " + m.Table.Owner + ", whom FORCE concerns"
	case m.Table != nil && m.policy != nil:
		return policyRule(c, m)
	case m.Kind == Disable && !reached(c, m.Table, "ALL"):
		return "no session has a privilege on " + m.Table.Label()
	}
	return ""
}

// policyRule is the rule for a mutant of a policy.
func policyRule(c *model.Contract, m *Mutant) string {
	p := m.policy
	if !m.Table.RowSecurity {
		return "row security of " + m.Table.Label() + " is off: its policies say nothing"
	}
	if m.Kind != Command && !reached(c, m.Table, p.Command) {
		return "no session has the privilege for " + p.Command + " on " + m.Table.Label()
	}
	for i := range m.Table.Policies {
		o := &m.Table.Policies[i]
		if o.Name != p.Name && o.Permissive && p.Permissive && m.Kind != Command && m.Kind != ToPublic && masks(o, p) {
			return "masked by policy " + o.Name + ", which lets every row through for the same command and roles"
		}
	}
	return ""
}

// masks reports whether a permissive policy lets through all that another one could.
func masks(o, p *model.Policy) bool {
	if o.Command != p.Command && o.Command != "ALL" {
		return false
	}
	if !slices.Contains(o.Roles, "public") && slices.ContainsFunc(p.Roles, func(r string) bool { return !slices.Contains(o.Roles, r) }) {
		return false
	}
	check := o.Check
	if check == "" {
		check = o.Using
	}
	using := o.Using == "true" || p.Command == "INSERT"
	return using && (check == "true" || p.Command == "SELECT" || p.Command == "DELETE")
}

// reached reports whether some session has the privilege for a policy's command.
func reached(c *model.Contract, t *model.Table, command string) bool {
	return slices.ContainsFunc(c.Sessions, func(s *model.Session) bool {
		rights := c.Schema.Privileges[acting(s)]
		if rights == nil {
			return true // it follows from the tenant
		}
		r := &rights[t.ID]
		may := map[string]bool{
			"SELECT": slices.Contains(r.Select, true), "INSERT": slices.Contains(r.Insert, true),
			"UPDATE": slices.Contains(r.Update, true), "DELETE": r.Delete,
		}
		if command == "ALL" {
			return r.Usage && (may["SELECT"] || may["INSERT"] || may["UPDATE"] || may["DELETE"])
		}
		return r.Usage && may[command]
	})
}

// ownerOf reports whether a session has the rights of a table's owner.
func ownerOf(c *model.Contract, s *model.Session, t *model.Table) bool {
	role := acting(s)
	return role == "" || role == t.Owner || member(c, role, t.Owner, nil)
}

// neverNull reports whether a column of a policy's expression can hold no NULL: as far
// as its name leads to one column of the policy's own table or of a sub-select's.
func neverNull(s *model.Schema, t *model.Table, tree sql.Expr, c *sql.Column) bool {
	own := c.Qualifier == t.Name || c.Qualifier == "" && len(sql.Tables(tree)) == 0
	if own {
		i := t.Column(c.Name)
		return i >= 0 && t.Columns[i].NotNull
	}
	for _, from := range sql.Tables(tree) {
		if from.Alias != c.Qualifier && (from.Alias != "" || from.Name != c.Qualifier) {
			continue
		}
		if o := s.Table(from.Schema, from.Name); o != nil {
			i := o.Column(c.Name)
			return i >= 0 && o.Columns[i].NotNull
		}
	}
	return false
}
