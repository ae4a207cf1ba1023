package props

import (
	"context"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// GoneError says that the server went away while the search ran.
type GoneError struct{ Err error }

// Error is one sentence.
func (e *GoneError) Error() string {
	return "the PostgreSQL server went away while the search ran (stopped, killed, or out of memory?): " + firstLine(e.Err)
}

func firstLine(err error) string {
	first, _, _ := strings.Cut(err.Error(), "\n")
	return first
}

// Unwrap gives what the search met.
func (e *GoneError) Unwrap() error { return e.Err }

// spent is why a search ends that is not ended by anything else.
const spent = "the budget was spent"

// ended is what a search that did not reach its end returns: nil when it was
// interrupted, else why it broke off. What it had found by then is reported, though not reduced.
func (c *campaign) ended(ctx context.Context, err error) error {
	c.rescue()
	if ctx.Err() != nil {
		c.report.Ended, c.why = true, "interrupted"
		return nil
	}
	c.why = firstLine(err)
	c.report.BrokeOff = c.why
	return err
}

// rescue reports what was found but not yet reduced: one block for each class and
// table, with the first case as it was found.
func (c *campaign) rescue() {
	type place struct {
		class, table int
		path         *model.Path
	}
	made := map[place]*Block{}
	for _, k := range c.pending {
		if c.muted[k.target] {
			continue
		}
		c.muted[k.target] = true
		at := place{int(k.target.Class), k.target.Cell.Table, k.target.Cell.Path}
		if b := made[at]; b != nil {
			b.like(c.cellText(&k.found))
			continue
		}
		made[at] = c.unreduced(k)
	}
	for _, k := range c.pending { // the pages name what is like them
		b := made[place{int(k.target.Class), k.target.Cell.Table, k.target.Cell.Path}]
		if b == nil || b.Finding.Dir != "" || b.Unsaved != nil {
			continue
		}
		c.save(b)
		c.report.Blocks = append(c.report.Blocks, b)
		c.announced(b)
	}
	c.pending = nil
}

// asFound is the state of a case that a later run should reduce.
const asFound = "as it was found, neither reduced nor confirmed"

func (c *campaign) unreduced(k leak) *Block {
	b := c.blockOf(&k)
	b.AtCheck = k.at
	b.Finding.Referee = "not asked: the search ended before the case was reduced and confirmed"
	b.Finding.State, b.Raw = asFound, true
	return b
}
