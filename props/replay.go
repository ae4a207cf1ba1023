package props

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// Replay is what became of a case.
type Replay struct {
	Case     string // the file
	Verdict  ReplayVerdict
	Why      string             // of CannotRun
	Found    []judge.Divergence // what it still shows
	Scenario *model.Scenario    // that ran; nil when it cannot run
	Target   *Target            // where it ran; nil when it cannot run
	Shown    *judge.Divergence  // of Found, what the case is about; nil where it shows nothing
	Expect   []Expectation      // of a case written by hand

	saved *finding.Found // what the case showed when it was saved; nil of one written by hand
}

// Accepted is the contract's entry that accepts what the case shows, by its key or by its
// cell; nil when none does.
func (r *Replay) Accepted() *model.Accept {
	if r.Target == nil || r.saved == nil {
		return nil
	}
	object := r.saved.Path
	if object == "" {
		object = r.saved.Object
	}
	command := r.saved.Command
	if r.saved.Path != "" {
		command = model.Call.String()
	}
	cell, key := cellLabel(r.saved.Session, command, object, r.saved.Class), r.saved.Key
	if d := r.otherwise(); d != nil {
		c := r.Target.Contract
		cell, key = cellLabel(c.Sessions[d.Cell.Session].Name, d.Cell.Action(), d.Cell.Object(c.Schema), d.Class.String()), ""
	}
	for _, a := range r.Target.Contract.Accept {
		if matchesCell(a, cell, key) {
			return a
		}
	}
	return nil
}

// otherwise is what a saved case shows in place of what it was saved for; nil where it shows that, or
// nothing.
func (r *Replay) otherwise() *judge.Divergence {
	if r.saved == nil || r.Shown == nil || about(r.Target.Contract, r.saved, r.Shown) {
		return nil
	}
	return r.Shown
}

// About says in a few words what the case showed when it was saved, after what it shows in its
// place, if it does; empty of one that was written by hand.
func (r *Replay) About() string {
	if r.saved == nil {
		return ""
	}
	said := what(&finding.Case{Found: r.saved})
	if d := r.otherwise(); d != nil {
		c := r.Target.Contract
		return fmt.Sprintf(" (%s: %s %s, %s; saved for %s)", c.Sessions[d.Cell.Session].Name, d.Cell.Action(), d.Cell.Object(c.Schema), d.Class, strings.TrimSuffix(strings.TrimPrefix(said, " ("), ")"))
	}
	return said
}

// Expectation is whether one step did what the case expects of it.
type Expectation struct {
	Step int // from 1
	Held bool
	Why  string
}

// ReplayVerdict is the outcome of a replay.
type ReplayVerdict string

// The outcomes of a replay.
const (
	StillLeaks ReplayVerdict = "still leaks"
	Fixed      ReplayVerdict = "fixed"
	ShowsNone  ReplayVerdict = "shows no leak" // of what a session explored
	CannotRun  ReplayVerdict = "cannot run"
)

// ReadCase reads the case of a file, or of a finding's folder.
func ReadCase(path string) (*finding.Case, error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no case %s: name a finding's folder, or a case file", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read case: %w", err)
	}
	if info.IsDir() {
		path = filepath.Join(path, "case.yaml")
	}
	src, err := os.ReadFile(path)
	if info.IsDir() && errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no case.yaml in %s: name a finding's folder, a case file, or with --all the folder of all findings", filepath.Dir(path))
	}
	if err != nil {
		return nil, fmt.Errorf("read case: %w", err)
	}
	return finding.ParseCase(path, src)
}

// ContractOf is the path of a case's contract: its own, or else the given one.
func ContractOf(k *finding.Case, fallback string) string {
	if k.Contract == "" {
		return fallback
	}
	if filepath.IsAbs(k.Contract) {
		return k.Contract
	}
	return filepath.Join(filepath.Dir(k.Name), k.Contract)
}

// Replay runs a case with real logins and real commits, and judges it.
func (t *Target) Replay(ctx context.Context, k *finding.Case) (*Replay, error) {
	r := &Replay{Case: k.Name, Target: t, saved: k.Found}
	s, err := k.Scenario(t.Contract, t.Plan.Shapes)
	var stale *finding.Stale
	if errors.As(err, &stale) {
		r.Verdict, r.Why = CannotRun, stale.Error()
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	r.Scenario = s
	l, err := t.newLab(ctx, newTroubles(&Config{}))
	if err != nil {
		return nil, err
	}
	defer l.close()
	var v *judge.Verdict
	var trace *model.Trace
	err = l.endure(ctx, func() (err error) {
		if v, trace, err = l.replay(ctx, s); err == nil {
			r.Why, err = l.misfit(ctx, k, s, trace, v)
		}
		return err
	})
	if errors.Is(err, run.ErrInvalid) {
		r.Verdict, r.Why = CannotRun, err.Error()
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	if r.Why != "" {
		r.Verdict = CannotRun
		return r, nil
	}
	r.Found = v.Divergences
	switch {
	case len(r.Found) > 0:
		r.Verdict, r.Shown = StillLeaks, shown(t.Contract, k, v)
	case k.Explored:
		r.Verdict = ShowsNone
	default:
		r.Verdict = Fixed
	}
	r.expectations(k, s, trace)
	return r, nil
}

// replay runs and judges a scenario.
func (l *lab) replay(ctx context.Context, s *model.Scenario) (*judge.Verdict, *model.Trace, error) {
	m, err := l.commits(ctx)
	if err != nil {
		return nil, nil, err
	}
	trace, err := m.Run(ctx, s, false)
	if err != nil {
		return nil, nil, err
	}
	v := judge.Judge(l.Contract, s, trace)
	if err := l.compared(ctx, s, v); err != nil {
		return nil, nil, err
	}
	for i := range v.Divergences {
		if err := l.fewest(ctx, s, &v.Divergences[i]); err != nil {
			return nil, nil, err
		}
	}
	return v, trace, nil
}

// expectations compares the steps with what the case expects of them.
func (r *Replay) expectations(k *finding.Case, s *model.Scenario, trace *model.Trace) {
	for i := range k.Steps {
		if e := k.Steps[i].Expect; e != nil && i < len(trace.Steps) {
			held, why := e.Holds(&trace.Steps[i], finding.Result(&s.Steps[i].Op))
			r.Expect = append(r.Expect, Expectation{Step: i + 1, Held: held, Why: why})
		}
	}
}
