package props

import (
	"context"
	"fmt"
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
	whole := c.scope.sessions == nil && c.scope.tables == nil
	if whole {
		once := c.Target.walk
		once.Lock()
		defer once.Unlock()
		if w := once.done; w != nil {
			c.walked, c.counted, c.report.Walk, c.whole = w.leaks, w.matrix, w.cells, true
			return nil
		}
	}
	complete, err := c.walkCells(ctx)
	c.whole = complete && err == nil
	if err == nil && complete && whole {
		c.Target.walk.done = &walked{leaks: c.walked, matrix: c.counted, cells: c.report.Walk, causes: make([]Cause, len(c.walked))}
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
		cells := c.freshFirst(c.Plan.Matrix(d))
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
	return complete, nil
}
