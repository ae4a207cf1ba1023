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

// accepts looks for an entry for each cell of a block.
func (c *campaign) accepts(b *Block, used []bool) (reason string, ok bool) {
	first := cellLabel(b.Finding.Session, b.Finding.Divergence.Cell.Action(), b.Finding.Divergence.Cell.Object(c.Contract.Schema), b.Finding.Class.String())
	for n, cell := range append([]string{first}, b.Like...) {
		i := slices.IndexFunc(c.Contract.Accept, func(a *model.Accept) bool { return matchesCell(a, cell, b.Finding.Key) })
		if i < 0 {
			return "", false
		}
		if n == 0 {
			reason = c.Contract.Accept[i].Told()
		}
		used[i] = true
	}
	return reason, true
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
