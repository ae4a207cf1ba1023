package props

import (
	"context"
	"errors"
	"sync"
	"time"
)

// roundBatches is how many batches a round has at most. After a finding a round has one,
// since each batch of a round finds the same leak, and the next ones twice as many.
const roundBatches = 8

// random runs rounds of batches until the budget is spent.
func (c *campaign) random(ctx context.Context) error {
	size := 1
	for !c.spent() && !c.enough() {
		results := make([]batchResult, c.batches(size))
		c.round(ctx, c.next, results)
		found, err := c.gather(results)
		c.learn(results)
		if size = min(2*size, roundBatches); len(found) > 0 || c.cfg.First { // what others would find is not asked for
			size = 1
		}
		c.pending = found
		if err != nil {
			return err
		}
		if err := c.digest(ctx, found); err != nil {
			return err
		}
		c.next += len(results)
		c.progress()
		if c.vain >= roundBatches && !c.spent() {
			c.remark("random search ended early: none of its datasets has a session that may try something")
			return nil
		}
	}
	return nil
}

// gather adds up the results of a round, and gives what it found. The error is the first
// that ends the search: that no batch could be judged for a while is one.
func (c *campaign) gather(results []batchResult) (found []leak, failed error) {
	var stuck error
	stucks := 0
	for i := range results {
		r := &results[i]
		if c.vain++; r.checks > 0 || r.err != nil {
			c.vain = 0
		}
		var given *StuckError
		if errors.As(r.err, &given) {
			stuck, r.err = r.err, nil
			stucks++
		}
		if failed == nil {
			failed = r.err
		}
		for k := range r.leaks {
			r.leaks[k].at += c.report.Checks
		}
		c.report.Checks += r.checks
		c.atRandom += r.checks
		c.guided += r.guided
		c.reruns += r.reruns
		c.stable += r.stable
		if r.matrix != nil {
			c.report.Matrix.Add(r.matrix)
		}
		c.corpus.add(r.novel)
		found = append(found, r.leaks...)
	}
	c.givenUp += stucks
	if c.inRow += stucks; stucks < len(results) {
		c.inRow = 0
	}
	if failed == nil && c.inRow >= roundBatches {
		failed = stuck
	}
	return found, failed
}

// batches is the length of the next round: no more than the rest of the budget needs.
func (c *campaign) batches(size int) int {
	if c.cfg.Checks == 0 {
		return size
	}
	each := batchChecks(c.Plan)
	return min(size, (c.cfg.Checks-c.atRandom+each-1)/each)
}

// most is how many checks the i-th batch of the next round may have: all, but for the last
// one of a budget.
func (c *campaign) most(i int) int {
	each := batchChecks(c.Plan)
	if c.cfg.Checks == 0 {
		return each
	}
	return min(each, c.cfg.Checks-c.atRandom-i*each)
}

// spent reports whether the budget is used up.
func (c *campaign) spent() bool {
	if c.cfg.Checks > 0 && c.atRandom >= c.cfg.Checks {
		return true
	}
	return c.cfg.Duration > 0 && time.Since(c.start) >= c.cfg.Duration
}

// until is when a run that is bounded by time ends; the zero time for others.
func (c *campaign) until() time.Time {
	if c.cfg.Duration == 0 {
		return time.Time{}
	}
	return c.start.Add(c.cfg.Duration)
}

// round deals the batches of a round to the workers.
func (c *campaign) round(ctx context.Context, first int, results []batchResult) {
	var wg sync.WaitGroup
	known := c.known()
	next := make(chan int)
	for _, l := range c.labs {
		wg.Go(func() {
			for n := range next {
				r := &results[n-first]
				r.err = l.endure(ctx, func() error {
					*r = l.runBatch(ctx, c.cfg.Seed, n, c.most(n-first), c.muted, known, c.until(), c.corpus)
					return r.err
				})
			}
		})
	}
	for n := first; n < first+len(results); n++ {
		next <- n
	}
	close(next)
	wg.Wait()
}
