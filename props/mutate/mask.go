package mutate

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// parts are what a condition asks for all together; none of one that always holds. ok is
// false for one that is not understood.
func parts(text string) (list []sql.Expr, ok bool) {
	if text == "true" {
		return nil, true
	}
	e, err := sql.ParseExpr(text)
	if err != nil {
		return nil, false
	}
	if and, is := e.(*sql.And); is {
		return and.Args, true
	}
	return []sql.Expr{e}, true
}

// implies reports whether a condition has all that another one asks for.
func implies(text, other string) bool {
	asked, ok := parts(other)
	return ok && !slices.ContainsFunc(asked, func(e sql.Expr) bool {
		want, _ := sql.Print(e, sql.PrintOptions{Named: true})
		return !hasConjunct(text, want)
	})
}

// checkOf is the condition on new rows: USING stands in for a missing WITH CHECK.
func checkOf(p *model.Policy) string {
	if p.Check == "" {
		return p.Using
	}
	return p.Check
}

// cover asks what a policy adds to the others of a session, for a command.
type cover struct {
	contract *model.Contract
	session  *model.Session
	table    *model.Table
	command  string
}

// idle reports whether a policy adds nothing. Postgres combines the USING of all permissive policies,
// and apart from that their WITH CHECK, so each must add nothing by itself. The only policy for an
// UPDATE adds nothing either if its USING reaches no row: then there is no new row to check.
func (of *cover) idle(p *model.Policy) bool {
	if of.command == "UPDATE" && never(of.session, p.Using) && !of.others(p) {
		return true
	}
	if of.command != "INSERT" && !of.within(p, func(o *model.Policy) string { return o.Using }) {
		return false
	}
	return of.command == "SELECT" || of.command == "DELETE" || of.within(p, checkOf)
}

// others reports whether the session has another permissive policy for the command.
func (of *cover) others(p *model.Policy) bool {
	return slices.ContainsFunc(of.table.Policies, func(o model.Policy) bool {
		return o.Name != p.Name && o.Permissive && (o.Command == of.command || o.Command == "ALL") && has(of.contract, of.session, o.Roles)
	})
}

// within reports whether a condition of a policy lets nothing more through: it is missing, it asks
// for a setting that the session does not set, or another policy's condition asks for less.
func (of *cover) within(p *model.Policy, condition func(*model.Policy) string) bool {
	text := condition(p)
	return text == "" || never(of.session, text) || slices.ContainsFunc(of.table.Policies, func(o model.Policy) bool {
		return o.Name != p.Name && o.Permissive && (o.Command == of.command || o.Command == "ALL") &&
			has(of.contract, of.session, o.Roles) && implies(text, condition(&o))
	})
}

// never reports whether a condition holds for no row in a session: a part of it compares with a
// setting that the session does not set, which is NULL.
func never(s *model.Session, text string) bool {
	list, _ := parts(text)
	return slices.ContainsFunc(list, func(e sql.Expr) bool {
		c, ok := e.(*sql.Compare)
		return ok && (lacks(s, c.L) || lacks(s, c.R))
	})
}

// lacks reports whether an expression is a setting, and nothing else, that a session does
// not set: it is NULL then.
func lacks(s *model.Session, e sql.Expr) bool {
	names := settings(e)
	return len(names) == 1 && !slices.ContainsFunc(s.Settings, func(o model.Setting) bool { return o.Name == names[0] })
}

// settings names what an expression reads, where it is nothing but a setting that may be
// missing; nil for others.
func settings(e sql.Expr) []string {
	text, _ := sql.Print(e, sql.PrintOptions{Named: true})
	var out []string
	for _, n := range sql.Scan(text, false) {
		switch strings.ToLower(n.Parts[len(n.Parts)-1]) {
		case "nullif", "current_setting":
		default:
			if n.Call {
				return nil
			}
		}
	}
	if strings.Contains(strings.ToLower(text), "coalesce") || len(sql.Columns(e)) > 0 {
		return nil
	}
	for _, call := range strings.Split(text, "current_setting('")[1:] {
		name, rest, _ := strings.Cut(call, "'")
		if rest = strings.TrimPrefix(rest, "::text"); !strings.HasPrefix(rest, ", true") && !strings.HasPrefix(rest, ", 't'") {
			return nil // it fails where there is none
		}
		out = append(out, name)
	}
	return out
}

// blank reports whether each row that a session may read has NULL in a column.
func blank(c *model.Contract, s *model.Session, t *model.Table, column int) bool {
	r := c.Schema.Roles[acting(s)]
	if !t.RowSecurity || r.Super || r.BypassRLS || ownerOf(c, s, t) && !t.Force {
		return false
	}
	want, _ := sql.Print(&sql.IsNull{X: &sql.Column{Name: t.Columns[column].Name}}, sql.PrintOptions{Named: true})
	return says(c, s, t, want)
}

// stays is the rule for a weaker WITH CHECK: what it reads of the row no session may
// change, and USING has asked for as much.
func stays(c *model.Contract, m *Mutant, applies func(*model.Session) bool) string {
	if m.policy.Command != "UPDATE" || len(m.Table.Triggers) > 0 || m.Kind != CheckTrue && m.Kind != DropCheck && (!m.check || m.weaker == nil) {
		return ""
	}
	loose := func(s *model.Session) bool {
		return applies(s) && slices.ContainsFunc(m.Table.Policies, func(p model.Policy) bool {
			return p.Permissive && (p.Command == "UPDATE" || p.Command == "ALL") && has(c, s, p.Roles) &&
				(!implies(p.Using, checkOf(&p)) || mayChange(c, s, m.Table, checkOf(&p)) || m.Kind == DropCheck && mayChange(c, s, m.Table, m.policy.Using))
		})
	}
	if reached(c, m.Table, "UPDATE", loose) {
		return ""
	}
	return "masked by USING, which says as much of what WITH CHECK reads: no session of its roles may update that"
}

// mayChange reports whether a session may update a column that a condition reads.
func mayChange(c *model.Contract, s *model.Session, t *model.Table, text string) bool {
	rights := c.Schema.Privileges[acting(s)]
	if rights == nil {
		return true
	}
	return slices.ContainsFunc(sql.Scan(text, false), func(n sql.Mention) bool {
		i := t.Column(n.Parts[len(n.Parts)-1])
		return i >= 0 && rights[t.ID].Update[i]
	})
}

// unset says what is known of a mutant that puts IS NOT DISTINCT FROM in the place of =. The two
// differ only where both sides are NULL: it is equivalent by a rule, or no session of the contract
// tells them apart.
func unset(c *model.Contract, m *Mutant, applies func(*model.Session) bool) (rule, unseen string) {
	x, ok := m.weaker.(*sql.Compare)
	if !ok || !m.distinct {
		return "", ""
	}
	names := append(settings(x.L), settings(x.R)...)
	if len(names) != 1 {
		return "", ""
	}
	leaves, asks := false, true
	and, _ := m.tree.(*sql.And)
	reached(c, m.Table, m.policy.Command, func(s *model.Session) bool {
		if applies(s) && (lacks(s, x.L) || lacks(s, x.R)) {
			leaves = true
			asks = asks && and != nil && slices.ContainsFunc(and.Args, func(e sql.Expr) bool {
				o, ok := e.(*sql.Compare)
				return ok && o != x && o.Op == "=" && (lacks(s, o.L) || lacks(s, o.R))
			})
		}
		return false // go on through all sessions
	})
	switch {
	case !leaves:
		return "", "no session of its roles leaves " + names[0] + " unset, and only such a one tells: name one under sessions, and what it may see"
	case asks:
		return "it differs where " + names[0] + " is not set, and who leaves that unset lacks what another part of the condition asks for", ""
	}
	return "", ""
}
