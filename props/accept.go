package props

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// accept takes the findings that the contract accepts out of the report's blocks. A
// block goes when an entry matches each of its cells. An entry that matched nothing
// in a whole run is stale, which is noted.
func (c *campaign) accept() {
	used := make([]bool, len(c.Contract.Accept))
	c.report.Blocks = slices.DeleteFunc(c.report.Blocks, func(b *Block) bool {
		reason, ok := c.accepts(b, used)
		if ok {
			b.Accepted = reason
			c.report.Accepted = append(c.report.Accepted, b)
		}
		return ok
	})
	for i := range c.Contract.Accept {
		a := c.Contract.Accept[i]
		used[i] = used[i] || slices.ContainsFunc(c.report.Untested, func(u Untested) bool { return matchesUntested(a, &u) })
		whole := !c.report.Early() && len(c.cfg.Only) == 0 && !c.cfg.SkipMatrix && !c.cfg.SkipRandom
		if !used[i] && whole {
			c.remark("%s:%d: this accept entry is stale: it matches nothing", c.File.Path, a.Line)
		}
	}
}

// accepts looks for an entry for each cell of a block. A key is that of its least case: it accepts
// the cell of that one, and none that is like it.
func (c *campaign) accepts(b *Block, used []bool) (reason string, ok bool) {
	own := c.ownCell(b)
	i := c.entry(own, b.Finding.Key)
	if i < 0 {
		return "", false
	}
	matched := []int{i}
	for _, cell := range b.Like {
		if cell == own { // another column of it
			continue
		}
		at := c.entry(cell, "")
		if at < 0 {
			return "", false
		}
		matched = append(matched, at)
	}
	for _, at := range matched {
		used[at] = true
	}
	return c.Contract.Accept[i].Told(), true
}

// entry is the place of the entry that accepts a cell, or the finding of a key; -1: none does.
func (c *campaign) entry(cell, key string) int {
	return slices.IndexFunc(c.Contract.Accept, func(a *model.Accept) bool { return matchesCell(a, cell, key) })
}

// ownCell is the cell of a block's least case.
func (c *campaign) ownCell(b *Block) string {
	cell := b.Finding.Divergence.Cell
	return cellLabel(b.Finding.Session, cell.Action(), cell.Object(c.Contract.Schema), b.Finding.Class.String())
}

// hides reports whether a block is accepted, and a leak that is like it is not: it makes a block of
// its own, so that it fails.
func (c *campaign) hides(b *Block, k *leak) bool {
	cell := c.cellText(&k.found)
	return b.Accepted != "" && cell != c.ownCell(b) && c.entry(cell, "") < 0
}

// part divides the leaks of a cause, k among them, whose least case makes a block: those that belong
// to it, and, if the contract accepts it, those that it would hide.
func (c *campaign) part(b *Block, like []leak, k leak) (its, rest []leak) {
	if c.entry(c.ownCell(b), b.Finding.Key) < 0 {
		return like, nil
	}
	if !slices.ContainsFunc(like, func(w leak) bool { return w.target == k.target }) {
		like = append(slices.Clone(like), k)
	}
	for _, w := range like {
		cell := c.cellText(&w.found)
		if cell == c.ownCell(b) || c.entry(cell, "") >= 0 || b.anyhow(&w) {
			its = append(its, w)
		} else {
			rest = append(rest, w)
		}
	}
	return its, rest
}

func cellLabel(session, command, table, class string) string {
	return fmt.Sprintf("%s: %s %s (%s)", session, command, table, class)
}

// matchesCell compares an entry with a cell as cellText writes it, or with a finding's key.
func matchesCell(a *model.Accept, cell, key string) bool {
	if a.Untested != "" {
		return false
	}
	if a.Key != "" {
		return a.Key == key
	}
	session, rest, _ := strings.Cut(cell, ": ")
	command, rest, _ := strings.Cut(rest, " ")
	at := strings.LastIndex(rest, " (")
	if at < 0 {
		return false
	}
	table, class := rest[:at], strings.TrimSuffix(rest[at+2:], ")")
	path := ""
	if command == model.Call.String() {
		path, table, command = table, "", ""
	}
	if a.Path != "" && a.Path != path {
		return false
	}
	said := a.Path != "" || a.Session != "" || a.Table != "" || a.Command != "" || a.Class != ""
	return said && matches(a.Session, session) && matches(a.Table, table) && matches(a.Command, command) && matches(a.Class, class)
}

// matches compares what an entry says with what is; nothing said matches all.
func matches(said, is string) bool { return said == "" || said == is }

func matchesUntested(a *model.Accept, u *Untested) bool {
	return a.Untested != "" && (a.Untested == u.Object || a.Untested == "path "+u.Object || a.Untested == u.String())
}
