package mutate

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

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
	// Of a killed one: the finding's class, key and size in rows and steps, the checks of
	// random search until it was found, or that only the walk of its table found it.
	Class   string `json:"class,omitempty"`
	Finding string `json:"finding,omitempty"`
	Size    int    `json:"size,omitempty"`
	Checks  int    `json:"checks,omitempty"`
	Walk    bool   `json:"walk,omitempty"`
	// Seconds is how long all that took.
	Seconds float64 `json:"seconds"`
	// Reason is the rule of an equivalent one, Postgres' message, or advice for a survivor.
	Reason string `json:"reason,omitempty"`
}

// Config says how mutants are judged.
type Config struct {
	Seed    uint64
	Checks  int      // of random search for each mutant; defaults to 1,000
	Workers int      // defaults to the number of processors
	Only    []string // tables whose mutants are judged; nil: all of the schema's
	// Done is results of an earlier run, by key: these mutants are not judged again.
	Done map[string]Result
	// Each is called with each result, from one goroutine at a time. May be nil.
	Each func(done, all int, r Result)
}

const defaultChecks = 1000

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
	sound, err := props.Run(ctx, t, props.Config{Workers: cfg.Workers, Checks: cfg.Checks, Seed: cfg.Seed, Only: cfg.Only})
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
	r := &runner{target: t, cfg: cfg, list: list, results: make([]*Result, len(list))}
	r.first = firstValue(t)
	err = r.all(ctx)
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
	first   string // the first tenant's value
	list    []Mutant
	results []*Result

	mu   sync.Mutex
	done int
}

// all judges first what changes roles, which all databases of the server share, one
// after the other, then the others side by side.
func (r *runner) all(ctx context.Context) error {
	shared := func(i int) bool { return len(r.list[i].Undo) > 0 }
	for i := range r.list {
		if shared(i) {
			if err := r.judge(ctx, i, r.cfg.Workers); err != nil {
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
				if err := r.judge(ctx, i, 1); err != nil {
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
	res, known := r.cfg.Done[m.Key()]
	if !known {
		start := time.Now()
		var err error
		if res, err = r.result(ctx, m, workers); err != nil || ctx.Err() != nil {
			return err
		}
		res.Seconds = time.Since(start).Seconds()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.results[i] = &res
	r.done++
	if r.cfg.Each != nil {
		r.cfg.Each(r.done, len(r.list), res)
	}
	return nil
}

func (r *runner) result(ctx context.Context, m *Mutant, workers int) (res Result, err error) {
	res = Result{Key: m.Key(), Object: m.Object, Kind: m.Kind, Change: m.Change}
	if m.Equivalent != "" {
		res.Status, res.Reason = Equivalent, m.Equivalent
		return res, nil
	}
	var do []string
	for _, text := range m.Do {
		do = append(do, strings.ReplaceAll(text, firstTenant, strings.ReplaceAll(r.first, "'", "''")))
	}
	defer func() { err = errors.Join(err, r.undo(m)) }()
	t, err := r.target.Weakened(ctx, do)
	var refused *props.RefusedError
	if errors.As(err, &refused) {
		res.Status, res.Reason = Refused, refused.Error()
		return res, nil
	}
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	err = r.search(ctx, t, m, workers, &res)
	return res, err
}

// search searches at random, then walks the mutant's table.
func (r *runner) search(ctx context.Context, t *props.Target, m *Mutant, workers int, res *Result) error {
	cfg := props.Config{Workers: workers, Checks: r.cfg.Checks, Seed: r.cfg.Seed, SkipMatrix: true, First: true}
	found, err := props.Run(ctx, t, cfg)
	if err != nil {
		return err
	}
	if len(found.Blocks) == 0 {
		cfg.SkipMatrix, cfg.SkipRandom, res.Walk = false, true, true
		if m.Table != nil {
			cfg.Only = []string{m.Table.Label()}
		}
		if found, err = props.Run(ctx, t, cfg); err != nil {
			return err
		}
	}
	if len(found.Blocks) == 0 {
		res.Status, res.Walk, res.Reason = Survived, false, advice(t.Contract, m, found)
		return nil
	}
	b := found.Blocks[0]
	rows, steps := b.Finding.Scenario.Size()
	res.Status, res.Class, res.Finding, res.Size, res.Checks = Killed, b.Finding.Class.String(), b.Finding.Key, rows+steps, b.AtCheck
	return nil
}

// undo puts back what a mutant did to roles.
func (r *runner) undo(m *Mutant) error {
	if len(m.Undo) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := r.target.Server.Connect(ctx, "", "")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, text := range m.Undo {
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

// advice says what would kill a survivor: what the contract does not say, or what was
// not at stake.
func advice(c *model.Contract, m *Mutant, r *props.Report) string {
	if m.Table == nil {
		return "no session of the contract saw or changed more for it: is there one that uses " + m.Object + "?"
	}
	for i := range r.Untested {
		if u := &r.Untested[i]; u.Session != "" && u.Object == m.Table.Label() {
			return "not everything of the table was tested: " + u.String() + ": " + u.Reason
		}
	}
	inexact := slices.ContainsFunc(c.Sessions, func(s *model.Session) bool { return !s.Sees[m.Table.ID].Exact })
	if inexact {
		return "it may show less than before, which a rule under may: allows: write the rules of " + m.Table.Label() + " exactly"
	}
	return "no session's rules for " + m.Table.Label() + " tell it from the schema as it is, in the checks that were made"
}
