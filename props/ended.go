package props

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
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

// EachCell calls f for each cell of what is searched.
func (r *Report) EachCell(f func(s *model.Session, t *model.Table, c model.Command)) {
	for _, s := range r.Sessions {
		for _, t := range r.Tables {
			for _, command := range model.Commands {
				f(s, t, command)
			}
		}
	}
}

// EachPath calls f for each session and path of what is searched.
func (r *Report) EachPath(f func(s *model.Session, p *model.Path)) {
	for _, s := range r.Sessions {
		for _, p := range r.Paths {
			if p.User(s) != nil {
				f(s, p)
			}
		}
	}
}

// told takes out of the blocks what Postgres documents: that keys tell of other rows, and what views
// without security_barrier, search paths and channels do where sessions write SQL of their own.
// Config.Strict leaves them in.
func (c *campaign) told() {
	c.report.Blocks = slices.DeleteFunc(c.report.Blocks, func(b *Block) bool {
		apart := c.apart(b)
		if apart {
			c.report.Apart = append(c.report.Apart, b)
		}
		return apart
	})
}

// apart reports whether a block is reported beside the findings.
func (c *campaign) apart(b *Block) bool {
	return (b.Finding.Class == judge.Existence || b.Leaky()) && !c.cfg.Strict
}

// Leaky reports whether a finding is about what the session wrote itself: a condition that a view
// without security_barrier asks about rows that it leaves out, a table in the place of another, or
// LISTEN.
func (b *Block) Leaky() bool {
	p := b.Finding.Divergence.Cell.Path
	return p != nil && p.Leaky
}

// remark adds a note to the report, once.
func (c *campaign) remark(format string, args ...any) {
	if note := fmt.Sprintf(format, args...); !slices.Contains(c.report.Notes, note) {
		c.report.Notes = append(c.report.Notes, note)
	}
}

// say tells a person what goes on.
func (c *campaign) say(format string, args ...any) {
	if c.cfg.Log != nil {
		c.cfg.Log(format, args...)
	}
}
