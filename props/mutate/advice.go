package mutate

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props"
)

// Wants says what would have to change so that a survivor is killed.
type Wants string

// Who would have to do something.
const (
	OfContract Wants = "contract" // the contract would have to say more
	OfSearch   Wants = "rlsfuzz"  // rlsfuzz would have to draw what it does not draw yet
)

// unsearched says why no search is made for a mutant, and who would have to act; empty
// for others.
func unsearched(p *gen.Plan, m *Mutant) (Wants, string) {
	switch {
	case m.unseen != "":
		return OfContract, "not searched: " + m.unseen
	case unmoved(p, m.Table, m.checkedKey()):
		return OfSearch, "not searched: rlsfuzz would have to draw updates of a primary key: it is how rows are told apart, and changed only where it says whose a row is, or the contract withholds it"
	}
	return OfSearch, undrawn(m)
}

// unmoved reports whether updates set none of some columns.
func unmoved(p *gen.Plan, t *model.Table, columns []int) bool {
	return len(columns) > 0 && !slices.ContainsFunc(columns, func(i int) bool { return p.Settable(t, i) })
}

// checkedKey is the columns that the weakened WITH CHECK of an UPDATE policy reads of the row, if all
// of them are of the primary key; nil for other mutants.
func (m *Mutant) checkedKey() []int {
	if m.policy == nil || m.policy.Command != "UPDATE" || m.Kind != CheckTrue && (!m.check || m.weaker == nil) {
		return nil
	}
	var out []int
	for _, n := range sql.Scan(checkOf(m.policy), false) {
		i := m.Table.Column(n.Parts[len(n.Parts)-1])
		if i >= 0 && !slices.Contains(m.Table.Key, i) {
			return nil
		}
		if i >= 0 {
			out = append(out, i)
		}
	}
	return out
}

// undrawn says why no search is made for a mutant: what would show it is never drawn.
func undrawn(m *Mutant) string {
	switch m.Kind {
	case SearchPath:
		if !m.strict {
			return "not searched: a check puts something in the place of the tables that a function takes only where sessions may call it, or policies for reading ask it; of others it says that it tried none"
		}
		return ""
	case UniqueKey:
		if !m.strict {
			return "not searched: another key of the table tells of hidden rows already, which a check reports apart"
		}
		return ""
	default:
		return ""
	}
}

// advice says what would kill a survivor: what the contract does not say, or what was
// not at stake.
func (r *reach) advice(m *Mutant, found *props.Report) (Wants, string) {
	c := r.contract
	switch m.Kind {
	case SearchPath:
		return OfSearch, "nothing that a session put in the place of a table changed what policies show, or told more than its owner may read: perhaps the routine names each with its schema"
	case UniqueKey:
		return OfContract, "no session that may insert into the table, and may not see all of it, was told of a hidden row"
	case Guard:
		return OfContract, "what it refuses fails all the same, or shows and changes no more than the sessions may see and change: say less under sees or writes, or without_tenant: fails"
	case BindSession, NoRelease:
		return OfSearch, "rlsfuzz would have to draw more used connections, on which a session that sets nothing follows this one: one check in 91 is committed, and --checks asks for more of them"
	default:
	}
	if m.Table == nil {
		return r.without(m)
	}
	for i := range found.Untested {
		if u := &found.Untested[i]; u.Session != "" && u.Object == m.Table.Label() {
			return OfSearch, "not everything of the table was tested: " + u.String() + ": " + u.Reason
		}
	}
	for _, b := range found.Accepted {
		if b.Finding.Table == m.Table.Label() {
			return OfContract, "a finding about " + m.Table.Label() + " is accepted, and so is what is like it (" + b.Accepted + "): accept it by its key, which its page shows"
		}
	}
	inexact := slices.ContainsFunc(c.Sessions, func(s *model.Session) bool { return !s.Sees[m.Table.ID].Exact })
	switch {
	case inexact && m.narrows():
		return OfContract, "it may show less than before, which a rule under may: allows: write the rules of " + m.Table.Label() + " exactly"
	case inexact:
		return OfContract, "no session saw or changed more than its rules for " + m.Table.Label() + " allow, some of which are bounds (may:): say less there"
	}
	return OfContract, "no session saw or changed more than its rules for " + m.Table.Label() + " allow: say less there, if that is too much"
}

// narrows reports whether a mutant takes away more than it lets through.
func (m *Mutant) narrows() bool {
	return m.Kind == WrongColumn || m.Kind == Comparison && m.weaker == nil || m.Kind == Trigger
}

// without is the advice for a mutant that is of no one table.
func (r *reach) without(m *Mutant) (Wants, string) {
	c := r.contract
	inexact := func(s *model.Session) bool {
		return slices.ContainsFunc(s.Sees, func(sees model.Sees) bool { return !sees.Exact && sees.Rule.Kind != model.RuleNone })
	}
	if s := m.session; s != nil && inexact(s) {
		return OfContract, s.Name + " may see less than before, which a rule under may: allows: write its rules exactly"
	}
	if m.role != "" {
		return OfContract, "sessions that act as " + m.role + " saw and changed no more for it: what policies ask of them keeps rows apart all the same, or none of them has the rows to show it"
	}
	if m.Of == "" {
		return OfContract, "no session of the contract saw or changed more for it: is there one that uses " + m.Object + "?"
	}
	reach := r.scope(m)
	for _, p := range c.Paths {
		if slices.Contains(reach, p.Name) && p.Untried != "" {
			return OfContract, "path " + p.Name + " cannot be called: " + p.Untried
		}
	}
	if len(reach) == 0 {
		return OfContract, "no path of the contract leads to " + m.Object + ": name one under paths, as a session that uses it"
	}
	if m.Kind == Execute {
		return OfContract, "what it shows its new callers, they may see anyway; what it changes of their own tenant is a consequence, unless a path says under writes what its users change by it (" +
			strings.Join(reach, ", ") + ")"
	}
	return OfContract, "what it shows or changes follows from what its sessions may see and change (" + strings.Join(reach, ", ") +
		"): if that is too much, say less under sees or writes of the path, or of the session"
}
