package report

import (
	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
)

// Document is a run's outcome as --json writes it: all that a report needs, so that it can be
// rendered later, without the database. Schema describes it.
type Document struct {
	Verdict       string     `json:"verdict"`             // the outcome in one line, as the terminal's last line has it
	Seed          uint64     `json:"seed"`                // where random search began
	Checks        int        `json:"checks"`              // judged sequences and cells of the matrix walk
	Steps         int        `json:"steps"`               // statements that ran
	ElapsedS      float64    `json:"elapsed_s"`           // seconds that the run took
	At            string     `json:"at,omitempty"`        // when the run ended, RFC 3339
	Server        string     `json:"server"`              // the server, for people
	ServerVersion int        `json:"server_version"`      // server_version_num
	Settings      Settings   `json:"settings"`            // what the run was asked for
	Walk          int        `json:"walk"`                // length of the matrix walk; 0 when it was not walked
	Shrinks       []int      `json:"shrinks"`             // scenarios run on Postgres to reduce each finding
	Cells         Cells      `json:"cells"`               // how much of the matrix was tested
	Findings      []Entry    `json:"findings"`            // one for each cause
	Accepted      []Entry    `json:"accepted,omitempty"`  // found, and accepted by the contract
	Existence     []Entry    `json:"existence,omitempty"` // what Postgres documents, of keys, views without security_barrier and search paths: no findings, unless --strict
	Unconfirmed   []Lead     `json:"unconfirmed"`         // what real logins did not show: a fault of rlsfuzz
	Matrix        []Cell     `json:"matrix"`              // each session with each table and command, and with each path that it may use
	Untested      []Untested `json:"untested"`            // what was not tested, and why
	Notes         []string   `json:"notes,omitempty"`     // what a person should know besides
	Interrupted   bool       `json:"interrupted"`         // it ended before its budget
	BrokeOff      string     `json:"broke_off,omitempty"` // why the search could not go on to its end
}

// Settings is what a run was asked for.
type Settings struct {
	Contract string   `json:"contract"`           // path of the contract
	Apply    []string `json:"apply,omitempty"`    // files of SQL that ran after the schema
	Only     []string `json:"only,omitempty"`     // the sessions, tables and paths that the run was limited to
	Checks   int      `json:"checks,omitempty"`   // the most random checks
	Duration string   `json:"duration,omitempty"` // the longest time, such as 1m0s
	Workers  int      `json:"workers,omitempty"`  // checks at the same time
	Strict   bool     `json:"strict,omitempty"`   // what Postgres documents counts as a finding
	Part     string   `json:"part,omitempty"`     // matrix only, or random only
}

// Cells counts the cells of the matrix.
type Cells struct {
	Tested   int `json:"tested"`   // something was at stake
	Untested int `json:"untested"` // nothing was
}

// Entry is the findings with one cause: the least case, and the cells that are like it.
type Entry struct {
	Key     string         `json:"key"`                  // 12 hex digits: the same case has the same key
	Class   string         `json:"class"`                // open, residue, move, write, read, interference, canary, audit, lockout or existence
	Scope   string         `json:"scope"`                // cross-tenant or within-tenant
	Session string         `json:"session"`              // who
	Table   string         `json:"table,omitempty"`      // the table that it is about
	Path    string         `json:"path,omitempty"`       // the path that was used
	Kind    string         `json:"kind,omitempty"`       // of interference: content, count, presence or column
	Column  string         `json:"column,omitempty"`     // that must stay hidden or unchanged
	Command string         `json:"command"`              // select, insert, update, delete or call
	Rule    string         `json:"rule"`                 // of the contract, that decided
	Cause   string         `json:"cause,omitempty"`      // what carries it, found by experiment
	Carrier string         `json:"carrier,omitempty"`    // stable name of that object
	Rows    int            `json:"rows"`                 // of the case
	Steps   int            `json:"steps"`                // of the case
	AtCheck int            `json:"at_check"`             // the check that found it first
	Dir     string         `json:"dir,omitempty"`        // the folder of the case
	Like    []string       `json:"like,omitempty"`       // cells with the same cause: SESSION: COMMAND OBJECT (CLASS)
	Wider   []Wider        `json:"escalation,omitempty"` // what a forbidden write made readable
	Reason  string         `json:"reason,omitempty"`     // why the contract accepts it
	Known   bool           `json:"known,omitempty"`      // an earlier run saved it
	Raw     bool           `json:"raw,omitempty"`        // neither reduced nor confirmed: the run ended before
	Unsaved string         `json:"unsaved,omitempty"`    // why dir is missing
	Case    string         `json:"case,omitempty"`       // the case, where it could not be saved
	Fix     string         `json:"fix,omitempty"`        // a statement with which the case no longer leaks, verified; or why there is none
	Sure    string         `json:"sure,omitempty"`       // how often it was reproduced
	Any     string         `json:"any,omitempty"`        // values of the case that may be anything
	Asked   []string       `json:"asked,omitempty"`      // what the contract asks about it, each with its line: answer that first
	Places  []props.Place  `json:"places,omitempty"`     // the statement that carries it, where a file has it, and last the contract's entry
	Story   *finding.Story `json:"story"`                // the case in words and rows
}

// Object is what the session used: the path, or the table.
func (e *Entry) Object() string {
	if e.Path != "" {
		return e.Path
	}
	return e.Table
}

// Title names an entry in one line: member select invoices.
func (e *Entry) Title() string { return e.Session + " " + e.Command + " " + e.Object() }

// Heading is what a report calls an entry: LEAK or LOCKOUT, with its class.
func (e *Entry) Heading() string { return finding.Heading(e.Class, len(e.Wider) > 0) }

// Wider is rows of a table that became readable.
type Wider struct {
	Table   string `json:"table"`
	Rows    int    `json:"rows"`
	Foreign bool   `json:"another_tenants"` // some are another tenant's
}

// Lead is a divergence that real logins did not show.
type Lead struct {
	Cell   string `json:"cell"`
	Class  string `json:"class"`
	Reason string `json:"reason"`
}

// Cell is what was at stake for a session with an object and a command.
type Cell struct {
	Session   string `json:"session"`
	Object    string `json:"object"`
	Command   string `json:"command"`
	Allowed   int    `json:"allowed"`   // how often something allowed was at stake
	Forbidden int    `json:"forbidden"` // how often something forbidden was
	Findings  int    `json:"findings"`  // cases of this cell, and what is like them
}
