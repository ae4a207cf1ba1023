package props

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// walkOnce keeps the matrix walk of a target: it takes seconds, uses no seed, and
// each run on the target that finds something needs it for the least case.
type walkOnce struct {
	sync.Mutex
	done *walked
}

// walked is what a whole walk showed.
type walked struct {
	leaks  []leak
	matrix *run.Matrix
	cells  int
	proven map[string]bool // kinds of calls in which hidden rows might show
	tried  map[judge.Cell]*tried
	causes []Cause // of the leaks, by themselves; Key is empty where nobody asked
}

// walkedCause finds the cause of the i-th leak of the walk. As long as no leak is known
// that might explain it, the answer is the same in every run on the target.
func (c *campaign) walkedCause(ctx context.Context, i int) (Cause, error) {
	w := &c.walked[i]
	once := c.Target.walk
	once.Lock()
	defer once.Unlock()
	kept := len(c.leaks) == 0 && once.done != nil && len(once.done.leaks) > 0 && &once.done.leaks[0] == &c.walked[0]
	if kept && once.done.causes[i].Key != "" {
		return once.done.causes[i], nil
	}
	cause, err := c.labs[0].cause(ctx, w.scenario, &w.found, c.leaks)
	if kept && err == nil {
		once.done.causes[i] = cause
	}
	return cause, err
}

// walk walks the matrix once; the divergences are kept in walked.
func (c *campaign) walk(ctx context.Context) error {
	if c.walked != nil {
		return nil
	}
	whole := c.scope.all()
	if whole {
		once := c.Target.walk
		once.Lock()
		defer once.Unlock()
		if w := once.done; w != nil {
			c.walked, c.counted, c.report.Walk = w.leaks, w.matrix, w.cells
			c.tried = w.tried
			c.prove(w.proven)
			return nil
		}
	}
	complete, err := c.walkCells(ctx)
	if err == nil && complete && whole {
		c.Target.walk.done = &walked{proven: c.labs[0].proven, tried: c.tried, leaks: c.walked, matrix: c.counted, cells: c.report.Walk, causes: make([]Cause, len(c.walked))}
	}
	return err
}

// walkCells walks cell by cell. It reports whether time was left for all of them.
func (c *campaign) walkCells(ctx context.Context) (complete bool, err error) {
	c.walked, complete = []leak{}, true
	l := c.labs[0]
	l.fast.Matrix = run.NewMatrix(c.Contract)
	c.counted = l.fast.Matrix
	seen := map[judge.Target]bool{}
	note := func(s *model.Scenario, v *judge.Verdict) {
		for _, d := range v.Divergences {
			if !seen[d.Target()] {
				seen[d.Target()] = true
				c.walked = append(c.walked, leak{scenario: s, found: d, target: d.Target()})
				l.ignore(d.Target())
			}
		}
	}
	for n := range gen.MatrixSets {
		d := c.Plan.MatrixDataset(n)
		cells := c.Plan.Matrix(d)
		for i, chunk := range chunks(cells, 40) {
			if c.late() {
				complete = false
				c.report.Notes = append(c.report.Notes, fmt.Sprintf("half of the time was up: of dataset %d of the matrix, %d of %d cells were walked", n+1, 40*i, len(cells)))
				break
			}
			if err := l.group(ctx, d, chunk, func(_ int, s *model.Scenario, v *judge.Verdict) bool {
				note(s, v)
				return true
			}); err != nil {
				return false, err
			}
			c.report.Walk += len(chunk)
		}
		if err := c.walkCalls(ctx, d, note); err != nil {
			return false, err
		}
		maps.DeleteFunc(l.live, func(_ string, live bool) bool { return !live }) // other rows may tell
		for _, step := range c.Plan.FreshCells(d) {
			s := &model.Scenario{Data: d.Data, Steps: []model.Step{step}, Committed: true}
			v, err := l.verdict(ctx, s)
			if err != nil {
				return false, err
			}
			c.report.Walk++
			l.count(v)
			note(s, v)
		}
	}
	c.prove(l.live)
	c.tried = l.tried
	l.live, l.tried = map[string]bool{}, map[judge.Cell]*tried{}
	return complete, nil
}

// prove hands every worker the calls in which hidden rows might show.
func (c *campaign) prove(live map[string]bool) {
	proven := map[string]bool{}
	for key, ok := range live {
		if ok {
			proven[key] = true
		}
	}
	for _, l := range c.labs {
		l.proven = proven
	}
}

// walkCalls walks the cells of sessions and paths: every call of every member, in the
// worlds of all variants.
func (c *campaign) walkCalls(ctx context.Context, d *gen.Dataset, note func(*model.Scenario, *judge.Verdict)) error {
	l := c.labs[0]
	see := func(s *model.Scenario, v *judge.Verdict) bool {
		note(s, v)
		return true
	}
	for i := range d.Cast {
		var steps []model.Step
		for _, call := range c.Plan.Calls(d, &d.Cast[i]) {
			steps = append(steps, call.Step)
		}
		if c.late() {
			c.report.Notes = append(c.report.Notes, "half of the time was up: not all paths were walked")
			return nil
		}
		if len(steps) == 0 {
			continue
		}
		if _, err := l.calls(ctx, d, steps, gen.Variants, see); err != nil {
			return err
		}
		c.report.Walk += len(steps)
	}
	for _, call := range c.Plan.WithoutTenant(d) {
		if _, err := l.calls(ctx, d, []model.Step{call.Step}, gen.Variants, see); err != nil {
			return err
		}
		c.report.Walk++
	}
	return nil
}
