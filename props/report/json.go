package report

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
)

// document is the object that --json writes.
type document struct {
	Seed          uint64     `json:"seed"`
	Checks        int        `json:"checks"`
	Steps         int        `json:"steps"`
	ElapsedS      float64    `json:"elapsed_s"`
	ServerVersion int        `json:"server_version"`
	Walk          int        `json:"walk"`
	Shrinks       []int      `json:"shrinks"`
	Findings      []entry    `json:"findings"`
	Accepted      []entry    `json:"accepted,omitempty"`
	Existence     []entry    `json:"existence,omitempty"` // what keys tell: no findings, unless --strict
	Unconfirmed   []lead     `json:"unconfirmed"`
	Matrix        []cell     `json:"matrix"`
	Untested      []untested `json:"untested"`
	Notes         []string   `json:"notes,omitempty"`
	Interrupted   bool       `json:"interrupted"`
}

type entry struct {
	Key     string   `json:"key"`
	Class   string   `json:"class"`
	Scope   string   `json:"scope"`
	Session string   `json:"session"`
	Table   string   `json:"table,omitempty"`
	Path    string   `json:"path,omitempty"`
	Kind    string   `json:"kind,omitempty"` // of interference: content, count, presence or column
	Column  string   `json:"column,omitempty"`
	Command string   `json:"command"`
	Rule    string   `json:"rule"`
	Cause   string   `json:"cause,omitempty"`
	Carrier *carried `json:"carrier,omitempty"` // the object that carries it
	Fix     *mended  `json:"fix,omitempty"`
	Again   *again   `json:"reproduced,omitempty"`
	Any     []value  `json:"any,omitempty"` // values of the case that may be anything
	Rows    int      `json:"rows"`
	Steps   int      `json:"steps"`
	AtCheck int      `json:"at_check"`
	Dir     string   `json:"dir,omitempty"`
	Like    []string `json:"like,omitempty"`
	Wider   []wider  `json:"escalation,omitempty"` // what the forbidden write made readable
	Reason  string   `json:"reason,omitempty"`     // why the contract accepts it
	Known   bool     `json:"known,omitempty"`      // an earlier run saved it
	Raw     bool     `json:"raw,omitempty"`        // neither reduced nor confirmed: the run ended before
	Unsaved string   `json:"unsaved,omitempty"`    // why dir is missing
	Case    string   `json:"case,omitempty"`       // the case, where it could not be saved
}

// carried is the object of the schema that carries a finding.
type carried struct {
	Object string `json:"object"`
	SQL    string `json:"sql,omitempty"`
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
}

// mended is statements that mend a finding, or why there are none.
type mended struct {
	SQL    []string `json:"sql"`
	Note   string   `json:"note,omitempty"`
	Checks int      `json:"checks"` // that ran with it and without
}

// again is how many of so many runs with real logins showed it again.
type again struct {
	Held int `json:"held"`
	Of   int `json:"of"`
}

// value is a value of the case: of a row, counted from 1, or an argument of a step.
type value struct {
	Table  string `json:"table"`
	Row    int    `json:"row,omitempty"`
	Column string `json:"column"`
	Step   int    `json:"step,omitempty"`
	Arg    int    `json:"arg,omitempty"`
}

// wider is rows of a table that became readable.
type wider struct {
	Table   string `json:"table"`
	Rows    int    `json:"rows"`
	Foreign bool   `json:"another_tenants"`
}

type lead struct {
	Cell   string `json:"cell"`
	Class  string `json:"class"`
	Reason string `json:"reason"`
}

type cell struct {
	Session   string `json:"session"`
	Object    string `json:"object"`
	Command   string `json:"command"`
	Allowed   int    `json:"allowed"`
	Forbidden int    `json:"forbidden"`
	Findings  int    `json:"findings"`
}

type untested struct {
	Session  string `json:"session,omitempty"`
	Object   string `json:"object"`
	Command  string `json:"command,omitempty"`
	Reason   string `json:"reason"`
	Accepted string `json:"accepted,omitempty"`
}

// JSON writes a report as one object.
func JSON(w io.Writer, r *props.Report) error {
	d := document{
		Seed: r.Seed, Checks: r.Checks, Steps: r.Steps, ElapsedS: r.Elapsed.Seconds(), ServerVersion: r.Version, Walk: r.Walk,
		Shrinks: r.Shrinks, Findings: []entry{}, Unconfirmed: []lead{}, Matrix: []cell{},
		Untested: []untested{}, Notes: r.Notes, Interrupted: r.Ended,
	}
	for _, b := range r.Blocks {
		d.Findings = append(d.Findings, entryOf(b))
	}
	for _, b := range r.Accepted {
		e := entryOf(b)
		e.Reason = b.Accepted
		d.Accepted = append(d.Accepted, e)
	}
	for _, l := range r.Leads {
		d.Unconfirmed = append(d.Unconfirmed, lead(l))
	}
	for _, b := range r.Apart {
		d.Existence = append(d.Existence, entryOf(b))
	}
	r.EachCell(func(s *model.Session, t *model.Table, c model.Command) {
		st := r.Matrix.Cell(s.ID, t.ID, c)
		d.Matrix = append(d.Matrix, cell{s.Name, t.Label(), c.String(), st.Allowed, st.Forbidden, findings(r, s.Name, t.Label(), c.String())})
	})
	r.EachPath(func(s *model.Session, p *model.Path) {
		st := r.Matrix.Path(s.ID, p.ID)
		d.Matrix = append(d.Matrix, cell{s.Name, p.Name, model.Call.String(), st.Allowed, st.Forbidden, findings(r, s.Name, p.Name, model.Call.String())})
	})
	for _, u := range r.Untested {
		d.Untested = append(d.Untested, untested{u.Session, u.Object, u.Command, u.Reason, u.Accepted})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(d)
}

func widened(f *finding.Finding) []wider {
	var out []wider
	for _, r := range f.Escalation {
		out = append(out, wider(r))
	}
	return out
}

func entryOf(b *props.Block) entry {
	f := b.Finding
	rows, steps := f.Scenario.Size()
	e := entry{
		Key: f.Key, Class: f.Class.String(), Scope: f.Scope(), Session: f.Session, Table: f.Table, Path: f.Path, Column: f.Column, Command: f.Divergence.Cell.Action(),
		Rule: f.Rule, Cause: b.Cause, Rows: rows, Steps: steps, AtCheck: b.AtCheck, Dir: b.Dir, Like: b.Like, Wider: widened(f), Known: b.Known, Raw: b.Raw,
	}
	if w := f.Divergence.Worlds; w != nil {
		e.Kind = w.Kind
	}
	e.explain(f)
	if b.Unsaved != nil {
		e.Unsaved, e.Case = b.Unsaved.Error(), string(b.Case)
	}
	return e
}

func (e *entry) explain(f *finding.Finding) {
	if c := f.Carrier; c.Object != "" {
		e.Carrier = &carried{Object: c.Object, SQL: c.SQL, File: c.File, Line: c.Line}
	}
	if len(f.Fix.SQL) > 0 || f.Fix.Note != "" {
		e.Fix = &mended{SQL: append([]string{}, f.Fix.SQL...), Note: f.Fix.Note, Checks: f.Fix.Checks}
	}
	if f.Times > 0 {
		e.Again = &again{f.Reproduced, f.Times}
	}
	for _, v := range f.Free {
		at := value{Table: v.Table, Row: v.Row + 1, Column: v.Column}
		if v.Row < 0 {
			at.Row, at.Step, at.Arg = 0, v.Step+1, v.Arg+1
		}
		e.Any = append(e.Any, at)
	}
}

// findings counts those of a cell: the cases of blocks, and what is like them.
func findings(r *props.Report, session, table, command string) int {
	n := 0
	for _, b := range r.Blocks {
		cell := b.Finding.Divergence.Cell
		if b.Finding.Session == session && cell.Object(r.Contract.Schema) == table && cell.Action() == command {
			n++
		}
		for _, like := range b.Like {
			if strings.HasPrefix(like, session+": "+command+" "+table+" (") {
				n++
			}
		}
	}
	return n
}
