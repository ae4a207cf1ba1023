package props

import (
	"context"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// firstOfWalk walks the matrix until the referee confirms something of it: what a round of
// pieces shows is looked at before the next one is walked.
func (c *campaign) firstOfWalk(ctx context.Context) error {
	c.walked, c.writes = []leak{}, map[judge.Target][]leak{}
	c.counted, c.tried = run.NewMatrix(c.Contract), map[judge.Cell]*tried{}
	n := &noted{seen: map[judge.Target]bool{}, live: map[string]bool{}}
	for _, round := range c.stages() {
		for len(round) > 0 && !c.enough() {
			known := len(c.walked)
			c.walkRound(ctx, round, n, c.upAtLast)
			var again []*piece // they ended with what they showed
			for _, p := range round {
				if p.err != nil {
					return p.err
				}
				before := len(c.walked)
				if c.note(p, n); len(c.walked) > before {
					again = append(again, p)
				}
			}
			c.pending = c.walked[known:]
			if err := c.digest(ctx, c.pending); err != nil {
				return err
			}
			round = again
		}
	}
	if !c.enough() { // what may have followed from something else did not
		c.pending = n.second
		if err := c.digest(ctx, n.second); err != nil {
			return err
		}
	}
	c.report.Checks += c.report.Walk
	c.report.Matrix.Add(c.counted)
	return nil
}

// enough reports whether the first finding is there, and no more are wanted. What the
// contract accepts is none, nor what is of class existence.
func (c *campaign) enough() bool {
	return c.cfg.First && slices.ContainsFunc(c.report.Blocks, func(b *Block) bool { return b.Accepted == "" && !c.apart(b) })
}
