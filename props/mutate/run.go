package mutate

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props"
)

// Status is what became of a mutant.
type Status string

// The statuses.
const (
	Killed     Status = "killed"     // the search reported a finding
	Survived   Status = "survived"   // it did not
	Equivalent Status = "equivalent" // by a named rule, nothing changes
	Refused    Status = "refused"    // Postgres does not take the change: no mutant
)

// Result is what became of one mutant.
type Result struct {
	Key    string `json:"key"`
	Object string `json:"object"`
	Kind   Kind   `json:"kind"`
	Change string `json:"change"`
	Status Status `json:"status"`
	// Of a killed one: the finding's class, key and size in rows and steps, the checks of the
	// search that found it, and whether that was the walk of what names its object. The cause
	// is of those that were planted in pairs. A contract that no longer fits the schema kills
	// too: its class is contract; and so do statements that all fail now: untested.
	Class   string `json:"class,omitempty"`
	Cause   string `json:"cause,omitempty"`
	Finding string `json:"finding,omitempty"`
	Size    int    `json:"size,omitempty"`
	Checks  int    `json:"checks,omitempty"`
	Walk    bool   `json:"walk,omitempty"`
	// Strict says that a check reports it apart, and fails of it only if it is --strict.
	Strict bool `json:"strict,omitempty"`
	// Pair is the keys of the two mutants of a pair; empty for one alone.
	Pair []string `json:"pair,omitempty"`
	// Seconds is how long all that took.
	Seconds float64 `json:"seconds"`
	// Reason is the rule of an equivalent one, Postgres' message, or advice for a survivor.
	Reason string `json:"reason,omitempty"`
	// Wants says who would have to do something about a survivor: contract or rlsfuzz.
	Wants Wants `json:"wants,omitempty"`
}

// Config says how mutants are judged.
type Config struct {
	Seed uint64
	// Checks is of random search for each mutant; defaults to 1,000. Where only paths may show
	// it, these are calls: each check of theirs is a sequence of several.
	Checks  int
	Workers int      // defaults to the number of processors
	Only    []string // tables whose mutants are judged; nil: all of the schema's
	// Keep says which of them are judged; nil: all.
	Keep func(*Mutant) bool
	// Pairs is how many pairs of killed mutants are planted together, after all were judged
	// alone: one bug may hide another.
	Pairs int
	// Done is results of an earlier run, by key: these mutants are not judged again.
	Done map[string]Result
	// Each is called with each result, from one goroutine at a time. May be nil.
	Each func(done, all int, r Result)
}

const (
	defaultChecks = 1000
	// quickChecks of random search show that the schema is sound, and what a pair of mutants does.
	quickChecks = 200
	// nearChecks of what a mutant touches cost less than the walk of all that may show it.
	nearChecks = 100
)

// LeaksError says that the schema leaks as it is: what a mutant adds could not be told.
type LeaksError struct{ Report *props.Report }

// Error is one sentence.
func (e *LeaksError) Error() string {
	return fmt.Sprintf("the schema leaks as it is (%d findings): mend that, or accept it in the contract, before asking what the contract would catch", e.Report.Findings())
}

// Run judges every mutant of a target. The results are in the order of [Mutants].
// A result that an interruption kept from being judged is missing.
func Run(ctx context.Context, t *props.Target, cfg Config) ([]Result, error) {
	if cfg.Checks == 0 {
		cfg.Checks = defaultChecks
	}
	if cfg.Workers <= 0 {
		cfg.Workers = runtime.NumCPU()
	}
	sound, err := props.Run(ctx, t, props.Config{Workers: cfg.Workers, Checks: min(quickChecks, cfg.Checks), Seed: cfg.Seed, Only: cfg.Only})
	if err != nil {
		return nil, err
	}
	if len(sound.Blocks) > 0 {
		return nil, &LeaksError{sound}
	}
	made := t.Made()
	list := Mutants(t.Contract, func(role string) bool { return slices.Contains(made, role) })
	if cfg.Only != nil {
		list = slices.DeleteFunc(list, func(m Mutant) bool { return m.Table == nil || !slices.Contains(cfg.Only, m.Table.Label()) })
	}
	if cfg.Keep != nil {
		list = slices.DeleteFunc(list, func(m Mutant) bool { return !cfg.Keep(&m) })
	}
	r := &runner{target: t, cfg: cfg, list: list, results: make([]*Result, len(list)), failed: failing(sound)}
	r.first = firstValue(t)
	err = r.all(ctx, r.judge)
	if err == nil && ctx.Err() == nil && cfg.Pairs > 0 {
		err = r.pairs(ctx)
	}
	var out []Result
	for _, res := range r.results {
		if res != nil {
			out = append(out, *res)
		}
	}
	return out, err
}

// runner judges mutants side by side.
type runner struct {
	target  *props.Target
	cfg     Config
	first   string            // the first tenant's value
	failed  map[string]string // what fails without a mutant
	list    []Mutant
	results []*Result

	mu   sync.Mutex
	done int
}

// all judges first what changes roles, which all databases of the server share, one
// after the other, then the others side by side.
func (r *runner) all(ctx context.Context, judge func(ctx context.Context, i, workers int) error) error {
	shared := func(i int) bool { return len(r.list[i].Undo) > 0 }
	for i := range r.list {
		if shared(i) {
			if err := judge(ctx, i, r.cfg.Workers); err != nil {
				return err
			}
		}
	}
	next := make(chan int)
	failed := make(chan error, r.cfg.Workers)
	var wg sync.WaitGroup
	for range r.cfg.Workers {
		wg.Go(func() {
			for i := range next {
				if err := judge(ctx, i, 1); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	err := func() error {
		defer close(next)
		for i := range r.list {
			if shared(i) {
				continue
			}
			select {
			case next <- i:
			case err := <-failed:
				return err
			case <-ctx.Done():
				return nil
			}
		}
		return nil
	}()
	wg.Wait()
	close(failed)
	return errors.Join(err, <-failed)
}

// judge finds out what becomes of one mutant.
func (r *runner) judge(ctx context.Context, i, workers int) error {
	if ctx.Err() != nil {
		return nil
	}
	m := &r.list[i]
	return r.judged(ctx, i, m.Key(), func() (Result, error) { return r.result(ctx, m, workers) })
}

func (r *runner) result(ctx context.Context, m *Mutant, workers int) (res Result, err error) {
	res = Result{Key: m.Key(), Object: m.Object, Kind: m.Kind, Change: m.Change}
	if m.Equivalent != "" {
		res.Status, res.Reason = Equivalent, m.Equivalent
		return res, nil
	}
	if wants, reason := unsearched(r.target.Plan, m); reason != "" {
		res.Status, res.Wants, res.Reason = Survived, wants, reason
		return res, nil
	}
	t, err := r.plant(ctx, m)
	defer func() { err = errors.Join(err, r.undo(m)) }()
	if err != nil {
		err = res.refused(err)
		return res, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	err = res.refused(r.search(ctx, t, m, workers, &res))
	return res, err
}

// plant makes a target with some mutants.
func (r *runner) plant(ctx context.Context, mutants ...*Mutant) (*props.Target, error) {
	w := props.Weakening{Back: []string{}}
	var edits []func(*model.Contract)
	for _, m := range mutants {
		for _, text := range m.Do {
			w.Statements = append(w.Statements, strings.ReplaceAll(text, firstTenant, strings.ReplaceAll(r.first, "'", "''")))
		}
		if m.Edit != nil {
			edits = append(edits, m.Edit)
		}
		if m.Back == nil || w.Back == nil {
			w.Back = nil
			continue
		}
		w.Back = slices.Concat(m.Back, w.Back)
	}
	if len(edits) > 0 {
		w.Edit = func(c *model.Contract) {
			for _, edit := range edits {
				edit(c)
			}
		}
	}
	return r.target.Weakened(ctx, w)
}

// refused says what a mutant that cannot be planted is: none, where Postgres refuses it,
// and killed where the contract no longer fits. Other errors come back.
func (res *Result) refused(err error) error {
	var refused *props.RefusedError
	var unfit *props.UnfitError
	switch {
	case errors.As(err, &refused):
		res.Status, res.Reason = Refused, refused.Error()
	case errors.As(err, &unfit):
		res.Status, res.Class, res.Walk, res.Reason = Killed, unfitClass, true, unfit.Error()
	default:
		return err // or nil
	}
	return nil
}

// What kills without a finding: a check says so, and does not pass.
const (
	unfitClass    = "contract" // the contract no longer fits the schema
	untestedClass = "untested" // every statement of a session over a table fails
)

// found reports whether a finding killed it.
func (res *Result) found() bool {
	return res.Status == Killed && res.Class != unfitClass && res.Class != untestedClass
}

// failing is the cells of a run in which every statement fails, each with the error.
func failing(r *props.Report) map[string]string {
	out := map[string]string{}
	for i := range r.Untested {
		if u := &r.Untested[i]; u.Failed {
			out[u.String()] = u.Reason
		}
	}
	return out
}

// search looks at what the mutant touches, then at all that may show it: it walks that, then
// searches it at random.
func (r *runner) search(ctx context.Context, t *props.Target, m *Mutant, workers int, res *Result) error {
	reach := r.reach(t)
	var found *props.Report
	var fails []string // that did not before
	stages := reach.stages(m)
	for i, s := range stages {
		if m.Of != "" && len(s.only) == 0 {
			continue // nothing leads to it
		}
		cfg := props.Config{Workers: workers, Seed: r.cfg.Seed, First: true, Strict: m.strict, Only: s.only}
		walk := cfg
		walk.SkipRandom, walk.Used = true, s.used
		var err error
		if found, err = props.Run(ctx, t, walk); err != nil || res.killed(found) {
			res.Walk, res.Strict = err == nil, err == nil && m.strict
			return err
		}
		for cell, reason := range failing(found) {
			if _, before := r.failed[cell]; !before {
				fails = append(fails, cell+": "+reason)
			}
		}
		if s.used || m.strict { // the walk has made every such call
			continue
		}
		if cfg.Checks = r.cfg.Checks; i < len(stages)-1 {
			cfg.Checks = min(nearChecks, cfg.Checks)
		}
		if more, err := r.random(ctx, t, reach, cfg); err != nil || res.killed(more) {
			return err
		}
	}
	if len(fails) > 0 {
		res.Status, res.Class, res.Walk, res.Reason = Killed, untestedClass, true, slices.Min(fails)
		return nil
	}
	res.Status = Survived
	res.Wants, res.Reason = reach.advice(m, found)
	return nil
}

// random searches at random, but for programs, which the walk has run: each run of one takes
// as long as a hundred checks.
func (r *runner) random(ctx context.Context, t *props.Target, reach *reach, cfg props.Config) (*props.Report, error) {
	cfg.SkipMatrix = true
	if fast := reach.swift(cfg.Only); len(fast) > 0 {
		cfg.Only = fast
	}
	if reach.pathsOnly(cfg.Only) {
		cfg.Checks = (cfg.Checks + gen.Calls - 1) / gen.Calls
	}
	return props.Run(ctx, t, cfg)
}

// reach is what mutants may show in, by a weakened target's contract.
func (r *runner) reach(t *props.Target) *reach {
	return &reach{t.Contract, scripts(t.Contract, filepath.Dir(t.File.Path))}
}

// killed notes the first finding of a run, if there is one.
func (res *Result) killed(found *props.Report) bool {
	if len(found.Blocks) == 0 {
		return false
	}
	res.by(found, found.Blocks[0])
	return true
}

func (res *Result) by(found *props.Report, b *props.Block) {
	rows, steps := b.Finding.Scenario.Size()
	res.Status, res.Class, res.Cause, res.Finding = Killed, b.Finding.Class.String(), b.Cause, b.Finding.Key
	res.Size, res.Checks = rows+steps, b.AtCheck
	if b.AtCheck == 0 { // of the walk: a part of it is looked at as a whole
		res.Checks = found.Checks
	}
}

// undo puts back what mutants did to roles.
func (r *runner) undo(mutants ...*Mutant) error {
	var texts []string
	for _, m := range mutants {
		texts = append(texts, m.Undo...)
	}
	if len(texts) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := r.target.Server.Connect(ctx, "", "")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, text := range texts {
		if _, err := conn.Exec(ctx, text); err != nil {
			return fmt.Errorf("put a role back: %s: %w", text, err)
		}
	}
	return nil
}

// firstValue is the first tenant's value in every dataset.
func firstValue(t *props.Target) string {
	for _, m := range t.Plan.MatrixDataset(0).Cast {
		if !m.Tenant.Null {
			return m.Tenant.Text
		}
	}
	return ""
}
