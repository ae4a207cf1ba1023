package finding

import (
	"fmt"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// Finding is a confirmed counterexample, ready to be written.
type Finding struct {
	Key        string // of Key
	Class      judge.Class
	Cross      bool // a row of another tenant is concerned; otherwise it is within the tenant
	Session    string
	Table      string // label; empty where a path gave too much
	Path       string // the path's name; empty for a statement over a table
	Command    string // select, insert, update, delete or call
	Column     string // that must stay hidden or unchanged; empty for whole rows
	Rule       string // of the contract, that decided
	Cause      string // one sentence; may be empty
	Scenario   *model.Scenario
	Divergence *judge.Divergence
	Like       []string        // other cells with the same cause: "support: update tickets (move)"
	Escalation []Readable      // what a forbidden write made readable; empty when nothing was found
	Seed       string          // of the run that found it; may be empty
	Server     string          // the server, for people
	Referee    string          // what fresh connections said; may be empty
	State      string          // why the case is not the least one; empty when it is
	Dir        string          // the folder, once saved
	Apply      []string        // files of SQL that ran after the schema
	Asked      []string        // what the contract asks about it and nobody has answered, each with its line
	Contract   *model.Contract // that the scenario and the divergence refer to
	Explanation
}

// Readable is rows of a table that a session reads after a forbidden write and did not
// read before it.
type Readable struct {
	Table   string // label
	Rows    int
	Foreign bool // some are another tenant's
}

// escalated says in a sentence what became readable; empty when nothing did.
func (f *Finding) escalated() string {
	if len(f.Escalation) == 0 {
		return ""
	}
	var parts []string
	for _, r := range f.Escalation {
		part := fmt.Sprintf("%d of %s", r.Rows, r.Table)
		if r.Foreign {
			part += " (another tenant's among them)"
		}
		parts = append(parts, part)
	}
	return "after it the session reads rows that it did not read before: " + strings.Join(parts, ", ")
}

// New describes a divergence of a scenario. What the scenario does not tell, such as the cause
// and the folder, is left to the caller.
func New(c *model.Contract, s *model.Scenario, d *judge.Divergence) *Finding {
	f := &Finding{
		Key: Key(c, s, d), Class: d.Class, Cross: d.Cross, Session: c.Sessions[d.Cell.Session].Name,
		Command: d.Cell.Command.String(), Rule: d.Rule, Scenario: s, Divergence: d, Contract: c,
	}
	if t := tableOf(c, d); t != nil {
		f.Table, f.Column = t.Label(), columnName(t, d.Column)
	}
	if p := d.Cell.Path; p != nil {
		f.Path = p.Name
	}
	return f
}

// tableOf is the table that a divergence is about; nil where a path gave too much.
func tableOf(c *model.Contract, d *judge.Divergence) *model.Table {
	if d.Cell.Table < 0 {
		return nil
	}
	return c.Schema.Tables[d.Cell.Table]
}

// Object is what the session used: the path, or the table.
func (f *Finding) Object() string {
	if f.Path != "" {
		return f.Path
	}
	return f.Table
}

// Action is what the session did: call, or the command on the table.
func (f *Finding) Action() string { return f.Divergence.Cell.Action() }

// again is the command that replays the finding, as a person pastes it into a shell: a line
// for each file that it needs.
func (f *Finding) again() []string {
	dir := f.Dir
	if dir == "" {
		dir = "."
	}
	lines := []string{"rlsfuzz replay " + ShellWord(dir)}
	for _, file := range f.Apply {
		lines[len(lines)-1] += ` \`
		lines = append(lines, "  --apply "+ShellWord(file))
	}
	return lines
}

// Scope is cross-tenant or within-tenant.
func (f *Finding) Scope() string { return scope(f.Cross) }

func scope(cross bool) string {
	if cross {
		return "cross-tenant"
	}
	return "within-tenant"
}

func columnName(t *model.Table, column int) string {
	if column < 0 {
		return ""
	}
	return t.Columns[column].Name
}
