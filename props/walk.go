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
	writes map[judge.Target][]leak
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
			c.walked, c.counted, c.report.Walk, c.writes, c.whole = w.leaks, w.matrix, w.cells, w.writes, true
			c.tried = w.tried
			c.prove(w.proven)
			return nil
		}
	}
	complete, err := c.walkCells(ctx)
	c.whole = complete && err == nil
	if err == nil && complete && whole {
		c.Target.walk.done = &walked{
			leaks: c.walked, matrix: c.counted, cells: c.report.Walk, writes: c.writes,
			proven: c.labs[0].proven, tried: c.tried, causes: make([]Cause, len(c.walked)),
		}
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
			if err := c.walkCalls(ctx, k.set, note); err != nil {
				return false, err
			}
			maps.DeleteFunc(l.live, func(_ string, live bool) bool { return !live }) // other rows may tell
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
