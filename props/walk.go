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
	writes map[judge.Target][]leak
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
			c.walked, c.counted, c.report.Walk, c.writes, c.whole = w.leaks, w.matrix, w.cells, w.writes, true
			return nil
		}
	}
	complete, err := c.walkCells(ctx)
	c.whole = complete && err == nil
	if err == nil && complete && whole {
		c.Target.walk.done = &walked{leaks: c.walked, matrix: c.counted, cells: c.report.Walk, writes: c.writes, causes: make([]Cause, len(c.walked))}
	}
	return err
}

// lot is the cells of the walk that share a dataset.
type lot struct {
	set    *gen.Dataset
	chunks [][][]model.Step
	done   int // chunks that were walked
}

// unit is a piece of the walk: a chunk of a lot, or its looks on fresh connections.
type unit struct {
	lot, chunk int
	fresh      bool
}

// order is lot after lot; of a divided schema a chunk of each, then the next ones, so
// that no table starves.
func order(lots []lot, divided bool) []unit {
	var out []unit
	if !divided {
		for n := range lots {
			for i := range lots[n].chunks {
				out = append(out, unit{lot: n, chunk: i})
			}
			out = append(out, unit{lot: n, fresh: true})
		}
		return out
	}
	for i, left := 0, true; left; i++ {
		left = false
		for n := range lots {
			if i < len(lots[n].chunks) {
				out, left = append(out, unit{lot: n, chunk: i}), true
			}
			if i == 0 && n < len(lots)/2 { // the second datasets show a fresh connection nothing new
				out = append(out, unit{lot: n, fresh: true})
			}
		}
	}
	return out
}

// freshCells looks on fresh connections.
func (c *campaign) freshCells(ctx context.Context, d *gen.Dataset, note func(*model.Scenario, *judge.Verdict)) error {
	l := c.labs[0]
	for _, step := range c.Plan.FreshCells(d) {
		if len(c.Plan.Parts()) > 1 && c.late() {
			return nil
		}
		s := &model.Scenario{Data: d.Data, Steps: []model.Step{step}, Committed: true}
		v, err := l.verdict(ctx, s)
		if err != nil {
			return err
		}
		c.report.Walk++
		l.count(v)
		note(s, v)
	}
	return nil
}

// undone says how many cells were not walked.
func undone(lots []lot) string {
	left, all := 0, 0
	for i := range lots {
		for n, chunk := range lots[i].chunks {
			all += len(chunk)
			if n >= lots[i].done {
				left += len(chunk)
			}
		}
	}
	return fmt.Sprintf("of the matrix's datasets (%d), %d of %d cells were walked", len(lots), all-left, all)
}

// walkCells walks cell by cell. It reports whether time was left for all of them.
func (c *campaign) walkCells(ctx context.Context) (complete bool, err error) {
	c.walked, complete = []leak{}, true
	l := c.labs[0]
	l.fast.Matrix = run.NewMatrix(c.Contract)
	c.counted = l.fast.Matrix
	seen := map[judge.Target]bool{}
	c.writes = map[judge.Target][]leak{}
	note := func(s *model.Scenario, v *judge.Verdict) {
		for _, d := range v.Divergences {
			if !seen[d.Target()] {
				seen[d.Target()] = true
				c.walked = append(c.walked, leak{scenario: s, found: d, target: d.Target()})
				l.ignore(d.Target())
			}
			if list := c.writes[d.Target()]; d.Class <= judge.Write && len(d.Became) > 0 && len(list) < escalationTries {
				c.writes[d.Target()] = append(list, leak{scenario: s, found: d, target: d.Target()})
			}
		}
	}
	lots := make([]lot, c.Plan.MatrixSets())
	for n := range lots {
		lots[n].set = c.Plan.MatrixDataset(n)
		lots[n].chunks = chunks(c.freshFirst(c.Plan.Matrix(lots[n].set)), 40)
	}
	for _, u := range order(lots, len(c.Plan.Parts()) > 1) {
		k := &lots[u.lot]
		if u.fresh {
			if err := c.freshCells(ctx, k.set, note); err != nil {
				return false, err
			}
			continue
		}
		if c.late() {
			complete = false
			continue
		}
		if err := l.group(ctx, k.set, k.chunks[u.chunk], func(_ int, s *model.Scenario, v *judge.Verdict) bool {
			note(s, v)
			return true
		}); err != nil {
			return false, err
		}
		k.done = u.chunk + 1
		c.report.Walk += len(k.chunks[u.chunk])
	}
	if !complete {
		c.report.Notes = append(c.report.Notes, "half of the time was up: "+undone(lots))
	}
	return complete, nil
}
