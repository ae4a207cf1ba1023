package finding

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// interferes says what a path told of rows that its session may not see, by the kind of the
// interference.
func (t *teller) interferes(who string) string {
	p := t.d.Cell.Path
	w := t.d.Worlds
	rows := t.hidden()
	st := &t.f.Scenario.Steps[t.d.Step]
	switch {
	case t.d.Class == judge.Existence:
		return fmt.Sprintf("%s learns from %s that %s %s there", t.sees(st), p.Name, rows, t.hiddenAre("is", "are"))
	case st.Observed():
		return fmt.Sprintf("%s made through %s, for %s to see, what depends on %s", who, p.Name, t.looker(st), rows)
	case t.d.Left:
		return fmt.Sprintf("%s found through %s what an earlier session left, and it depends on %s", who, p.Name, rows)
	case w.Kind == judge.Content:
		return fmt.Sprintf("%s received through %s what depends on %s", who, p.Name, rows)
	case w.Kind == judge.Count:
		return fmt.Sprintf("%s learns from %s how many rows such as %s there are", who, p.Name, rows)
	case w.Kind == judge.Column:
		return fmt.Sprintf("%s received through %s what depends on hidden columns of %s", who, p.Name, rows)
	}
	return fmt.Sprintf("%s learns from %s whether %s %s there", who, p.Name, rows, t.hiddenAre("is", "are"))
}

// hidden names the fewest hidden rows that make a difference; those in a row that are of one tenant
// together.
func (t *teller) hidden() string {
	var labels, owners []string
	for _, h := range t.d.Worlds.Hidden {
		of := t.of(h.Table)
		labels, owners = append(labels, of.name(h.Row)), append(owners, of.owner(h.Row))
	}
	if len(labels) == 0 {
		return "rows that it may not see"
	}
	var parts []string
	for first := 0; first < len(labels); {
		next := first + 1
		for next < len(labels) && owners[next] == owners[first] {
			next++
		}
		parts, first = append(parts, list(labels[first:next])+owners[first]), next
	}
	return list(parts)
}

// hiddenAre is the form of a verb that fits the hidden rows.
func (t *teller) hiddenAre(one, several string) string {
	if len(t.d.Worlds.Hidden) == 1 {
		return one
	}
	return several
}

// failing says what a path did that had to fail.
func (t *teller) failing(who string) string {
	p := t.d.Cell.Path
	if t.d.Rule == judge.MustFail {
		return fmt.Sprintf("%s ran %s without a tenant, and it did not fail", who, p.Name)
	}
	return fmt.Sprintf("%s ran %s with a wildcard, and it returned rows", who, p.Name)
}

// unlogged says what is wrong with the entry that a run left in the path's log.
func (t *teller) unlogged(who string) string {
	p := t.d.Cell.Path
	if t.d.Rule == judge.MustLog {
		return fmt.Sprintf("%s ran %s, and no entry in %s says so", who, p.Name, t.d.Of.Label())
	}
	col := t.d.Column
	return fmt.Sprintf("%s ran %s, and its entry in %s has %s = %s", who, p.Name, t.d.Of.Label(), t.d.Of.Columns[col].Name, shown(t.d.Rows[0][col]))
}

// logs is what the contract says of the log of a path.
func (t *teller) logs() string {
	which := ""
	switch a := t.d.Cell.Path.Audit; {
	case a.Given:
		which = " that gives rows"
	case a.When >= 0:
		which = " with $" + strconv.Itoa(a.When+1)
	}
	out := fmt.Sprintf("each run of %s%s leaves an entry in %s", t.f.Path, which, t.d.Of.Label())
	if t.d.Rule != judge.MustLog {
		out += ": " + t.d.Rule
	}
	return out
}

// allowsPath is what the contract says of what a path may tell.
func (t *teller) allowsPath() string {
	if t.d.Class == judge.Audit {
		return t.logs()
	}
	switch t.d.Rule {
	case judge.MustFail:
		return t.f.Path + " must fail without a tenant"
	case judge.RefuseWildcards:
		return t.f.Path + " must refuse %, _, the empty text and NULL, or return nothing"
	}
	st := &t.f.Scenario.Steps[t.d.Step]
	what := "what " + t.f.Session + " receives may depend only on "
	if st.Observed() {
		look := st.Observer.Step()
		what = "what " + t.f.Session + " makes for " + st.Observer.Session.Name + " to see may depend only on "
		st = &look
	}
	id, ok := t.c.BindStep(st, t.state)
	if !ok || t.d.Worlds == nil || len(t.d.Worlds.Hidden) == 0 {
		return what + "rows that it may see"
	}
	var parts []string
	for _, h := range t.d.Worlds.Hidden {
		rule := "none"
		if r := id.Session.Sees[h.Table.ID].Rule; r != nil {
			rule = r.Text
		}
		if part := h.Table.Label() + ": " + rule; len(parts) == 0 || parts[len(parts)-1] != part {
			parts = append(parts, part)
		}
	}
	return what + "what it may see, of " + strings.Join(parts, ", of ")
}

// wasDone says what became of the hidden rows in the second world.
func (t *teller) wasDone() string {
	was := t.hiddenAre("was", "were")
	switch v := t.d.Worlds.Variant; v {
	case gen.Remove:
		return was + " deleted"
	case gen.Change:
		return "got other values"
	case gen.Multiply:
		return was + " copied"
	case gen.Half:
		return was + " deleted or copied"
	case gen.Rekey:
		return "got " + t.hiddenAre("another unique value", "other unique values")
	case gen.Columns:
		return "got other values in columns that the session may not see"
	case gen.Mixed:
		return was + " changed in every way"
	default:
		return v.String()
	}
}
