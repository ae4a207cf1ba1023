package props

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/noun"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// untested lists every cell in which nothing was at stake, with the reason.
func (c *campaign) untested() []Untested {
	var out []Untested
	c.report.EachCell(func(s *model.Session, t *model.Table, command model.Command) {
		if u, ok := c.cell(s, t, command); ok {
			out = append(out, u)
		}
	})
	out = append(out, c.untestedPaths()...)
	if c.scope.tables == nil {
		c.impostors()
		c.truncates()
		c.unheard()
	}
	for _, s := range c.Contract.Sessions {
		if c.scope.session(s) && c.scope.tables == nil && c.blind(s) {
			out = append(out, Untested{Object: "session " + s.Name, Reason: "it never saw a row that the contract lets it see: are its role, settings and claims what the policies read?", Vacant: true})
		}
	}
	for i := range out {
		for _, a := range c.Contract.Accept {
			if matchesUntested(a, &out[i]) {
				out[i].Accepted = a.Reason
			}
		}
	}
	return out
}

// String names what was not tested: support: update tickets.
func (u *Untested) String() string {
	if u.Session == "" {
		return u.Object
	}
	return fmt.Sprintf("%s: %s %s", u.Session, u.Command, u.Object)
}

func (c *campaign) cell(s *model.Session, t *model.Table, command model.Command) (Untested, bool) {
	stake := c.report.Matrix.Cell(s.ID, t.ID, command)
	u := Untested{Session: s.Name, Object: t.Label(), Command: command.String()}
	switch {
	case stake.Allowed+stake.Forbidden > 0:
		return u, false
	case t.Parent != "" && c.shut(s, t):
		return u, false // nobody reaches it but through its parent
	case t.Parent != "":
		u.Reason = "a child of " + t.Parent + " that the session may use directly, past its policies: not tried by this version"
	case command == model.Update && !c.settable(t):
		u.Reason = "an UPDATE could change nothing but an identity, or the key by which a row is known: not tried by this version"
		return u, c.may(s, t, func(p *model.Privilege) bool { return slices.Contains(p.Update, true) })
	case c.Plan.Empty[t] != "":
		u.Reason = "the table could not be filled: " + c.Plan.Empty[t]
	case c.errored(judge.Cell{Session: s.ID, Table: t.ID, Command: command}) != "":
		u.Reason, u.Failed = "every attempt failed, and not by a denial: "+c.errored(judge.Cell{Session: s.ID, Table: t.ID, Command: command}), true
	case c.hurried():
		u.Reason = c.unreached()
	default:
		u.Reason = "nothing was ever at stake"
	}
	return u, true
}

// unfilled says once for each table which of its columns are always NULL, and why.
func (c *campaign) unfilled() []string {
	var out []string
	for _, t := range c.Contract.Schema.Tables {
		if c.Plan.Empty[t] != "" || c.scope.tables != nil && !c.scope.tables[t.Label()] {
			continue
		}
		var columns []string
		for i := range t.Columns {
			if why := c.Plan.Void[model.ColumnRef{Table: t.ID, Column: i}]; why != "" {
				columns = append(columns, t.Columns[i].Name+" ("+why+")")
			}
		}
		if len(columns) > 0 {
			out = append(out, fmt.Sprintf("rows of %s have no value in %s", t.Label(), strings.Join(columns, ", ")))
		}
	}
	return out
}

// mostUnmet is how many conditions that no row meets a run names.
const mostUnmet = 5

// unmet says which conditions of the schema no row of the datasets meets.
func (c *campaign) unmet() []string {
	var out []string
	for _, u := range c.Plan.Unmet {
		if c.scope.tables == nil || c.scope.tables[u.Table.Label()] {
			out = append(out, fmt.Sprintf("what %s lets through where %s is tested by chance at most: no row of %s meets that in the walk", u.Of, u.Asks, u.Table.Label()))
		}
	}
	if more := len(out) - mostUnmet; more > 0 {
		out = append(out[:mostUnmet], fmt.Sprintf("no row of the walk meets %s of policies, views and functions", noun.Count(more, "more condition")))
	}
	return out
}

// covered counts the cells with something at stake, and all.
func (c *campaign) covered() (covered, all int) {
	walked := run.NewMatrix(c.Contract)
	if c.walking && c.counted != nil {
		walked = c.counted
	}
	c.report.EachCell(func(s *model.Session, t *model.Table, command model.Command) {
		all++
		st, w := c.report.Matrix.Cell(s.ID, t.ID, command), walked.Cell(s.ID, t.ID, command)
		if st.Allowed+st.Forbidden+w.Allowed+w.Forbidden > 0 {
			covered++
		}
	})
	c.report.EachPath(func(s *model.Session, p *model.Path) {
		all++
		if c.report.Matrix.Path(s.ID, p.ID).Forbidden+walked.Path(s.ID, p.ID).Forbidden > 0 {
			covered++
		}
	})
	return covered, all
}

// errored is an error that ended the statements of a cell; empty when there was none.
func (c *campaign) errored(cell judge.Cell) string {
	first := ""
	for _, l := range c.labs {
		if text, ok := l.errors[cell]; ok && (first == "" || text < first) {
			first = text
		}
	}
	return first
}

// shut reports whether a session has no privilege on a table.
func (c *campaign) shut(s *model.Session, t *model.Table) bool {
	return !c.may(s, t, func(p *model.Privilege) bool {
		return p.Delete || slices.Contains(p.Select, true) || slices.Contains(p.Insert, true) || slices.Contains(p.Update, true)
	})
}

// may reports whether a session has some privilege on a table, as far as its role is known.
func (c *campaign) may(s *model.Session, t *model.Table, some func(*model.Privilege) bool) bool {
	name, login := s.Role, false
	if name.Text == "" && !name.Follows() {
		name, login = s.Login, true
	}
	roles := []string{name.Text}
	if name.Follows() { // any of those that tenants have
		roles = c.Contract.TenantRoles(name, login)
	}
	return slices.ContainsFunc(roles, func(role string) bool {
		r := c.Contract.Schema.Privileges[role]
		return r == nil || r[t.ID].Usage && some(&r[t.ID])
	})
}

// settable reports whether an UPDATE may set any column of a table.
func (c *campaign) settable(t *model.Table) bool {
	for i := range t.Columns {
		if c.Plan.Settable(t, i) {
			return true
		}
	}
	return false
}

// blind reports whether a session may see rows and never saw one: whatever it was
// not shown says nothing then.
func (c *campaign) blind(s *model.Session) bool {
	may := false
	for _, t := range c.Contract.Schema.Tables {
		if c.report.Matrix.Cell(s.ID, t.ID, model.Select).Allowed > 0 {
			return false
		}
		may = may || s.Sees[t.ID].Rule.Kind != model.RuleNone
	}
	return may
}
