package props

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// untestedPaths lists the paths, by session, in which nothing hidden could have shown,
// with the reason. One that reads no row at all is no gap: it is noted.
func (c *campaign) untestedPaths() []Untested {
	var out []Untested
	var rowless []string
	c.report.Rowless = map[judge.Cell]bool{}
	for _, p := range c.report.Paths {
		if p.Untried != "" {
			out = append(out, Untested{Object: p.Name, Reason: p.Untried, Weak: p.View != nil || p.Routine != nil})
			continue
		}
		var users int
		var none []*model.Session
		for _, s := range c.report.Sessions {
			if p.User(s) == nil {
				continue
			}
			users++
			reason, without := c.idle(s, p)
			if without {
				none = append(none, s)
			}
			if reason != "" {
				out = append(out, Untested{
					Session: s.Name, Object: p.Name, Command: model.Call.String(), Reason: reason,
					Weak: p.View != nil || p.Routine != nil || p.Channel != nil || reason == NotRepeatable || reason == OrderDependent,
				})
			}
		}
		var names []string
		for _, s := range none {
			names = append(names, s.Name)
		}
		read := ""
		if len(none) == users { // else a call of somebody shows that it is tested
			read = c.reads(p)
		}
		if read != "" {
			for _, name := range names {
				out = append(out, Untested{
					Session: name, Object: p.Name, Command: model.Call.String(), Weak: true,
					Reason: "no row made a difference to what it gave, though it reads " + read + ": it may need arguments or rows that were not drawn",
				})
			}
			continue
		}
		for _, s := range none {
			c.report.Rowless[judge.PathCell(s.ID, p)] = true
		}
		switch len(none) {
		case 0:
		case users:
			rowless = append(rowless, p.Name)
		default:
			rowless = append(rowless, p.Name+" ("+strings.Join(names, ", ")+")")
		}
	}
	if len(rowless) > 0 {
		c.remark("no row makes a difference to (-): %s", strings.Join(rowless, ", "))
	}
	return out
}

// reads is a table with rows to hide that a path reads, by its text and those of what that names; empty
// where it reads none, and of paths that rlsfuzz makes to try something by them.
func (c *campaign) reads(p *model.Path) string {
	s, text := c.Contract.Schema, strings.Join(p.Run, "\n")
	switch {
	case p.Leaky, p.Shadow != nil, p.Keyed != nil, p.Table != nil, p.Puts != nil, p.Really(), p.Kind == "partition":
		return ""
	case p.Routine != nil:
		text = p.Routine.Source
	case p.View != nil && !strings.HasPrefix(p.Name, p.Kind+" "): // a write through it
		return ""
	case p.View != nil:
		text = p.View.Definition
	}
	added := map[*model.View]bool{}
	for again := true; again; {
		again, text = false, called(s, text)
		for _, v := range s.Views {
			if !added[v] && sql.Mentions(text, v.Name) {
				added[v], again = true, true
				text += "\n" + v.Definition
			}
		}
	}
	for _, t := range s.Tables {
		if c.Contract.Belongs[t.ID].How != model.Shared && sql.Mentions(text, t.Name) { // everybody's rows are the same for all
			return t.Label()
		}
	}
	return ""
}

// idle is why nothing was at stake in a session's calls of a path; empty where something
// was, or where the path reads no row.
func (c *campaign) idle(s *model.Session, p *model.Path) (reason string, rowless bool) {
	cell := judge.PathCell(s.ID, p)
	t := c.attempted(cell)
	switch {
	case c.found(cell):
		return "", false
	case c.slow[p.Name] != "":
		return c.slow[p.Name], false
	case t.unclear != "": // some calls could not be judged, so what the others showed may be chance
		return t.unclear, false
	case p.Channel != nil:
		return c.quiet(s, p)
	case c.report.Matrix.Path(s.ID, p.ID).Forbidden > 0:
		return "", false
	case t.calls > 0 && t.denied == t.calls && (p.View != nil || p.Routine != nil || c.answers(p)):
		return "", false // refused
	case t.calls > 0 && t.failed == t.calls && p.User(s).Rules.Tenantless && c.answers(p):
		return "", true // without a tenant it stops, as it should
	case t.calls > 0 && p.Shadow != nil && len(p.Shadow.Put) > 0:
		return "", false // it is meant to fail, and its errors told nothing
	case t.calls > 0 && t.failed == t.calls:
		return "every call failed: " + t.failure + withoutBlock(p, t.failure), false
	case t.calls > 0 && t.silent == t.calls:
		return "it ends well and writes nothing: no output, no file", false
	case t.asked > 0 && t.rowless == t.asked && p.Kind == "partition":
		return "no row of another tenant was ever in it", false
	case t.asked > 0 && t.rowless == t.asked:
		return "", true
	case t.calls > 0 && seesAll(p.User(s)):
		return "its session may see every row, so that it can give nothing too much: only what it writes is judged", false
	case t.calls > 0:
		return "no row that the session may not see made a difference to anybody who called it", false
	}
	if c.hurried() {
		return c.unreached(), false
	}
	return "no arguments could be drawn for it" + c.unfed(p), false
}

// withoutBlock says how to test a call that ends transactions itself, or must not be in one: the SQL
// of a path is part of one, which binds its session.
func withoutBlock(p *model.Path, failure string) string {
	if p.Program != nil || !strings.HasPrefix(failure, "ERROR 2D000:") && !strings.HasPrefix(failure, "ERROR 25001:") {
		return ""
	}
	return "; it cannot run in the transaction that a path's SQL is part of: give it a path with a command that calls it outside of one, such as psql with SET and CALL"
}

// unfed says which table could not be filled that the arguments of a path come from; nothing where all could.
func (c *campaign) unfed(p *model.Path) string {
	for i := range p.Args {
		if at := p.Args[i].Column.Table; at >= 0 {
			if t := c.Contract.Schema.Tables[at]; c.Plan.Empty[t] != "" {
				return ": " + t.Label() + " could not be filled: " + c.Plan.Empty[t]
			}
		}
	}
	return ""
}

// quiet is idle of a session that listens.
func (c *campaign) quiet(s *model.Session, p *model.Path) (reason string, rowless bool) {
	stake := c.report.Matrix.Path(s.ID, p.ID)
	switch {
	case stake.Forbidden > 0 || seesAll(p.User(s)):
		return "", false
	case c.hurried():
		return c.unreached(), false
	case stake.Allowed > 0:
		return "nothing was sent when a row was written that the session may not see, and that could be known by what is sent", false
	}
	return "nothing was sent there by what the contract lets sessions do", false
}

// answers reports whether calls of a path by sessions of tenants end well: then neither it
// nor its arguments are why others fail.
func (c *campaign) answers(p *model.Path) bool {
	return slices.ContainsFunc(c.report.Sessions, func(s *model.Session) bool {
		if s.Tenantless || p.User(s) == nil {
			return false
		}
		t := c.attempted(judge.PathCell(s.ID, p))
		return t.failed < t.calls
	})
}

// unreached is why something was not tried that a longer run would try.
func (c *campaign) unreached() string {
	if c.why != spent {
		return "the run ended before its turn"
	}
	return "the time was up before its turn: --duration gives it more"
}

// hurried reports whether the walk of the matrix did not come to its end.
func (c *campaign) hurried() bool { return !c.whole && !c.earlier.Walked && !c.cfg.SkipMatrix }

// attempted adds up what the calls of a cell showed.
func (c *campaign) attempted(cell judge.Cell) *tried {
	sum := &tried{}
	if t := c.tried[cell]; t != nil {
		sum.add(t)
	}
	for _, l := range c.labs {
		if t := l.tried[cell]; t != nil {
			sum.add(t)
		}
	}
	return sum
}

// found reports whether a finding is about a cell: then something was at stake.
func (c *campaign) found(cell judge.Cell) bool {
	for target := range c.muted {
		if target.Cell.Path == cell.Path && target.Cell.Session == cell.Session && !c.doubtful[target] {
			return true
		}
	}
	return false
}

// seesAll reports whether nothing is hidden from a session on a path.
func seesAll(u *model.PathUser) bool {
	return !slices.ContainsFunc(u.Sees, func(s model.Sees) bool { return s.Rule == nil || s.Rule.Kind != model.RuleAll })
}
