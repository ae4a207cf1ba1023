package report

import (
	"slices"
	"time"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
)

// New makes the document of a run; at is when it ended.
func New(cfg props.Config, r *props.Report, at time.Time) *Document {
	all, missed := r.Cells()
	d := &Document{
		Verdict: Verdict(r), Seed: r.Seed, Checks: r.Checks, Steps: r.Steps, ElapsedS: r.Elapsed.Seconds(), Server: r.Server, ServerVersion: r.Version, Walk: r.Walk,
		At: at.UTC().Format(time.RFC3339), Settings: settings(cfg), Cells: Cells{all - missed, missed},
		Shrinks: append([]int{}, r.Shrinks...), Findings: []Entry{}, Unconfirmed: []Lead{}, Matrix: []Cell{}, Untested: []Untested{}, Notes: r.Notes, Interrupted: r.Early(), BrokeOff: r.BrokeOff,
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
		d.Unconfirmed = append(d.Unconfirmed, Lead(l))
	}
	for _, b := range r.Apart {
		d.Existence = append(d.Existence, entryOf(b))
	}
	d.stakes(r)
	d.Untested = append(d.Untested, untestedOf(r)...)
	return d
}

// stakes fills the matrix with what was at stake in each cell, and how many findings it has.
func (d *Document) stakes(r *props.Report) {
	found := map[cellName]int{}
	for i := range d.Findings {
		for _, c := range d.Findings[i].cells() {
			found[c]++
		}
	}
	r.EachCell(func(s *model.Session, t *model.Table, c model.Command) {
		st := r.Matrix.Cell(s.ID, t.ID, c)
		d.Matrix = append(d.Matrix, Cell{s.Name, t.Label(), c.String(), st.Allowed, st.Forbidden, found[cellName{s.Name, t.Label(), c.String()}]})
	})
	r.EachPath(func(s *model.Session, p *model.Path) {
		st := r.Matrix.Path(s.ID, p.ID)
		d.Matrix = append(d.Matrix, Cell{s.Name, p.Name, model.Call.String(), st.Allowed, st.Forbidden, found[cellName{s.Name, p.Name, model.Call.String()}]})
	})
}

// settings is what a run was asked for.
func settings(cfg props.Config) Settings {
	out := Settings{Contract: cfg.Contract, Apply: cfg.Apply, Only: cfg.Only, Checks: cfg.Checks, Workers: cfg.Workers, Strict: cfg.Strict}
	if cfg.Duration > 0 {
		out.Duration = cfg.Duration.String()
	}
	switch {
	case cfg.SkipRandom:
		out.Part = "matrix only"
	case cfg.SkipMatrix:
		out.Part = "random only"
	}
	return out
}

// widened is what a forbidden write made readable.
func widened(f *finding.Finding) []Wider {
	var out []Wider
	for _, r := range f.Escalation {
		out = append(out, Wider(r))
	}
	return out
}

// entryOf is the entry of a finding with its cause.
func entryOf(b *props.Block) Entry {
	f := b.Finding
	rows, steps := f.Scenario.Size()
	e := Entry{
		Key: f.Key, Class: f.Class.String(), Scope: f.Scope(), Session: f.Session, Table: f.Table, Path: f.Path, Column: f.Column, Command: f.Divergence.Cell.Action(),
		Rule: f.Rule, Cause: b.Cause, Carrier: b.Carrier, Rows: rows, Steps: steps, AtCheck: b.AtCheck, Dir: b.Dir, Like: slices.Clone(b.Like), Wider: widened(f), Known: b.Known, Raw: b.Raw,
		Places: b.Places, Story: finding.Tell(f),
	}
	if w := f.Divergence.Worlds; w != nil {
		e.Kind = w.Kind
	}
	e.Fix, e.Any, e.Sure, e.Asked = f.Fixed(), f.Whatever(), f.Sure(), f.Asked
	if b.Unsaved != nil {
		e.Unsaved, e.Case = b.Unsaved.Error(), string(b.Case)
	}
	return e
}
