package props

import (
	"context"
	"maps"
	"slices"
	"sync"

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
	causes []Cause // parallel to leaks: the cause of each by itself; Key is empty where nobody asked
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
	cause, err := c.labs[0].cause(ctx, w.scenario, &w.found, c.known())
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

// noted is what the walk has shown so far.
type noted struct {
	seen map[judge.Target]bool
	live map[string]bool // kinds of calls in which hidden rows might show
	// second is what was seen only after a forbidden write, which may be all that shows it.
	second []leak
}

// follows reports whether a divergence may come from a forbidden write of its scenario: a
// table is read differently once a row has been written elsewhere, and so is what a session
// finds of what another one left.
func follows(v *judge.Verdict, d *judge.Divergence) bool {
	return d.Became == nil && (d.Cell.Command == model.Select || d.Left) && slices.ContainsFunc(v.Divergences, func(o judge.Divergence) bool {
		return o.Became != nil && o.Class <= judge.Write && o.Step <= d.Step
	})
}

// walkCells walks the matrix piece by piece. What is learnt in a round of pieces holds
// from the next one on, so that the number of workers changes nothing but the speed. It
// reports whether time was left for all of them.
func (c *campaign) walkCells(ctx context.Context) (complete bool, err error) {
	c.walked = []leak{}
	c.counted, c.tried = run.NewMatrix(c.Contract), map[judge.Cell]*tried{}
	c.writes = map[judge.Target][]leak{}
	n := &noted{seen: map[judge.Target]bool{}, live: map[string]bool{}}
	stages := c.stages()
	c.prove(nil) // the walk is the same whatever was known before
	for _, up := range []func(*piece) bool{c.upAtFirst, c.upAtLast} {
		complete = true
		for _, round := range stages {
			left := open(round)
			c.walkRound(ctx, left, n, up)
			for _, p := range left {
				if p.err != nil {
					return false, p.err
				}
				complete = complete && p.done
				c.note(p, n)
			}
			c.progress()
		}
		if complete {
			break
		}
	}
	if !complete {
		c.report.Notes = append(c.report.Notes, "half of the time was up: "+undone(slices.Concat(stages...), c.Plan.MatrixSets()))
	}
	for _, k := range n.second {
		if !n.seen[k.target] {
			n.seen[k.target] = true
			c.walked = append(c.walked, k)
		}
	}
	c.walked = slices.DeleteFunc(slices.Clone(c.walked), c.plainly)
	c.prove(n.live)
	for _, l := range c.labs {
		l.live, l.tried = map[string]bool{}, map[judge.Cell]*tried{}
	}
	return complete, nil
}

// plainly reports whether what a condition on a view tells is what the view shows anyhow, or what
// a table of the session's own brings is what it reads without it.
func (c *campaign) plainly(k leak) bool {
	p := k.target.Cell.Path
	return p != nil && p.Leaky && p.Channel == nil && slices.ContainsFunc(c.walked, func(o leak) bool {
		if o.target.Cell.Session != k.target.Cell.Session {
			return false
		}
		other := o.target.Cell.Path
		if p.Shadow != nil {
			return other == nil && slices.ContainsFunc(p.Shadow.Read, func(t *model.Table) bool { return t.ID == o.target.Cell.Table })
		}
		return other != nil && !other.Leaky && other.View == p.View
	})
}

// note adds what a piece showed.
func (c *campaign) note(p *piece, n *noted) {
	for _, e := range p.events {
		for _, d := range e.verdict.Divergences {
			k := leak{scenario: e.scenario, found: d, target: d.Target()}
			switch {
			case n.seen[k.target]:
			case follows(e.verdict, &d):
				n.second = append(n.second, k)
			default:
				n.seen[k.target] = true
				c.walked = append(c.walked, k)
			}
			if list := c.writes[k.target]; d.Class <= judge.Write && len(d.Became) > 0 && len(list) < escalationTries {
				c.writes[k.target] = append(list, k)
			}
		}
	}
	if p.matrix != nil {
		c.counted.Add(p.matrix)
	}
	for key, live := range p.live {
		if live { // what one dataset does not tell, other rows may
			n.live[key] = true
		}
	}
	for cell, t := range p.tried {
		if c.tried[cell] == nil {
			c.tried[cell] = &tried{}
		}
		c.tried[cell].add(t)
	}
	c.report.Walk += p.walked
	p.events, p.matrix, p.live, p.tried = nil, nil, nil, nil
}

// asks is in how many batches hidden rows must fail to show in a kind of calls before it counts as
// one where they do not. Later rounds try again.
const asks = 3

// learn hands on what a round of batches found out about kinds of calls.
func (c *campaign) learn(results []batchResult) {
	c.rounds++
	proven := maps.Clone(c.labs[0].proven)
	if proven == nil {
		proven = map[string]bool{}
	}
	for i := range results {
		for key, live := range results[i].live {
			if live {
				proven[key] = true
			} else if c.asked[key]++; c.asked[key] >= asks && !proven[key] {
				proven[key] = false
			}
		}
	}
	if c.rounds&(c.rounds-1) == 0 { // after 1, 2, 4, 8, … rounds: what showed nothing is tried again
		maps.DeleteFunc(proven, func(_ string, live bool) bool { return !live })
	}
	c.prove(proven)
}

// prove hands every worker what is known of kinds of calls: whether hidden rows might show
// in them. What is not known has no entry.
func (c *campaign) prove(live map[string]bool) {
	for _, l := range c.labs {
		l.proven = live
	}
}
