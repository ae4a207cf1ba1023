package props

import (
	"cmp"
	"context"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// digest explains new divergences, mutes them, and reports each new cause with its
// least case.
func (c *campaign) digest(ctx context.Context, found []leak) error {
	return c.endure(ctx, func(ctx context.Context) error { return c.explain(ctx, found) })
}

// explain does what digest says. It may begin again after any part of it: what is
// reported is muted.
func (c *campaign) explain(ctx context.Context, found []leak) error {
	if len(found) == 0 {
		return nil
	}
	if err := c.survey(ctx); err != nil {
		return err
	}
	l := c.labs[0]
	found = c.tablesFirst(found)
	for _, k := range found {
		if c.muted[k.target] || c.enough() {
			continue
		}
		switch {
		case k.cause.Key != "":
		case c.cfg.First: // nobody asks what else has the same cause
			k.cause.Key = c.cellText(&k.found)
		default:
			var err error
			k = c.plain(k)
			if k.cause, err = l.cause(ctx, k.scenario, &k.found, c.known()); err != nil {
				return err
			}
		}
		if b := c.blocks[k.cause.Key]; b != nil && (b.anyhow(&k) || !c.hides(b, &k)) {
			c.muted[k.target] = true
			c.trace(k)
			if !b.anyhow(&k) {
				b.like(c.cellText(&k.found))
				b.shows(&k)
			}
			continue
		}
		if err := c.block(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// survey has the walk done, and names the functions that may carry what it showed: who asks
// for more than the first finding hears of a cause what else has it.
func (c *campaign) survey(ctx context.Context) error {
	if c.cfg.First {
		return nil
	}
	if err := c.walk(ctx); err != nil {
		return err
	}
	if l := c.labs[0]; l.doubted == nil {
		l.doubted = c.suspects()
	}
	return nil
}

// tablesFirst orders divergences so that a cause is found before what follows from it. Tables
// come before paths; if there is a path, what the walk found of tables is added: what a table
// leaks, a path that reads it leaks too. Among tables, those that other tables' policies ask come
// first, then by class; what only a session that lost its tenant shows comes last. Among paths, by
// class, first what is written to tables with triggers, from which more may follow, and last what an
// earlier step left: a forbidden write may have left it.
func (c *campaign) tablesFirst(found []leak) []leak {
	byClass := func(a, b leak) int { return int(a.target.Class) - int(b.target.Class) }
	if c.rank == nil {
		c.rank = ranks(c.Contract.Schema)
	}
	byRank := func(a, b leak) int {
		if a.target.Class == judge.Lockout || b.target.Class == judge.Lockout {
			return byClass(a, b)
		}
		return cmp.Or(last(lost(&a))-last(lost(&b)), c.rank[a.target.Cell.Table]-c.rank[b.target.Cell.Table], byClass(a, b))
	}
	var tables, paths []leak
	for _, k := range found {
		if k.target.Cell.Path == nil {
			tables = append(tables, k)
		} else {
			paths = append(paths, k)
		}
	}
	if len(paths) > 0 {
		for _, k := range c.walked {
			if k.target.Cell.Path == nil && !slices.ContainsFunc(tables, func(o leak) bool { return o.target == k.target }) {
				tables = append(tables, k)
			}
		}
	}
	slices.SortStableFunc(tables, byRank)
	slices.SortStableFunc(paths, func(a, b leak) int {
		if a.found.Left != b.found.Left {
			if a.found.Left {
				return 1
			}
			return -1
		}
		return cmp.Or(byClass(a, b), last(!c.fires(&a))-last(!c.fires(&b)))
	})
	return append(tables, paths...)
}

// fires reports whether a leak is of a table with triggers.
func (c *campaign) fires(k *leak) bool {
	at := k.target.Cell.Table
	return at >= 0 && len(c.Contract.Schema.Tables[at].Triggers) > 0
}

// plain is the walk's own instance of a leak, where the walk showed the same. Random rows may be
// let through by several objects at once, and then the cause that is found would depend on what
// was drawn; the walk's rows are always the same.
func (c *campaign) plain(k leak) leak {
	i := slices.IndexFunc(c.walked, func(w leak) bool { return w.target == k.target })
	if i < 0 {
		return k
	}
	w := c.walked[i]
	w.at, w.runs = k.at, k.runs
	return w
}

// block reports a leak with a new cause: the least case over all cells of the matrix
// that have the same cause, and of the leak itself.
func (c *campaign) block(ctx context.Context, k leak) error {
	c.say("reducing %s", c.cellText(&k.found))
	l := c.labs[0]
	if c.cfg.First {
		return c.announce(ctx, l, k, nil)
	}
	if err := c.walk(ctx); err != nil {
		return err
	}
	like, err := c.alike(ctx, &k)
	if err != nil {
		return err
	}
	return c.announce(ctx, l, k, like)
}

// alike is what the walk showed that has the cause of a leak, and is not muted.
func (c *campaign) alike(ctx context.Context, k *leak) ([]leak, error) {
	like := []leak{}
	for i, w := range c.walked {
		if c.muted[w.target] {
			continue
		}
		cause, err := c.walkedCause(ctx, i)
		if err != nil {
			return nil, err
		}
		if cause.Key == k.cause.Key {
			w.cause = cause
			like = append(like, w)
		}
	}
	return like, nil
}

// announce reduces the first of the leaks that have the cause of k, lets the referee
// confirm it with the schema as it is, and reports a block of them all.
func (c *campaign) announce(ctx context.Context, l *lab, k leak, like []leak) error {
	before := l.runs
	shown, err := c.crossing(ctx, l, c.first(like, k))
	if err != nil {
		return err
	}
	least, err := l.least(ctx, shown)
	if err != nil {
		return err
	}
	c.report.Shrinks = append(c.report.Shrinks, k.runs+l.runs-before)
	confirmed, reason, err := c.labs[0].referee(ctx, least)
	if err != nil {
		return err
	}
	if !confirmed {
		c.unconfirmed(&least, append(like, k), reason)
		return nil
	}
	b, its, rest := c.divided(&least, &k, like)
	if !c.cfg.First {
		one := k
		if len(rest) > 0 { // k may be one of these
			one = least
		}
		if b.Finding.Escalation, err = c.escalation(ctx, its, one); err != nil {
			return err
		}
	}
	for _, w := range append(like, k) { // from here on nothing keeps it from the report
		c.muted[w.target] = true
		w.cause = least.cause
		c.trace(w)
	}
	for _, w := range rest {
		delete(c.muted, w.target)
	}
	if c.blocks[k.cause.Key] == nil {
		c.leaks = append(c.leaks, least)
	}
	c.blocks[k.cause.Key] = b
	c.report.Blocks = append(c.report.Blocks, b)
	if !c.cfg.First {
		b.Finding.Fix.Unsought = unbegun
	}
	c.save(b) // what was found is on disk before it is explained
	explain := func(ctx context.Context) error { return c.explained(ctx, l, b, least, its) }
	if l == c.labs[0] { // what is announced is not announced again: it is explained now
		err = c.endure(ctx, explain)
	} else {
		err = explain(ctx)
	}
	b.Accepted, _ = c.accepts(b, make([]bool, len(c.Contract.Accept)))
	c.announced(b)
	if err != nil || len(rest) == 0 {
		return err
	}
	return c.announce(ctx, l, rest[0], rest)
}

// unconfirmed notes leaks whose least case the referee does not confirm, and for what reason.
func (c *campaign) unconfirmed(least *leak, calls []leak, reason string) {
	for _, w := range calls {
		c.muted[w.target] = true
	}
	if reason == NotRepeatable || reason == OrderDependent {
		c.doubt(calls, reason)
		return
	}
	c.report.Leads = append(c.report.Leads, Lead{Cell: c.cellText(&least.found), Class: least.target.Class.String(), Reason: reason})
}

// blockOf is the block of one leak.
func (c *campaign) blockOf(k *leak) *Block {
	return &Block{Cause: k.cause.Text, Carrier: k.cause.Key, Finding: c.finding(*k), object: k.cause.object}
}

// newBlock is the block of a leak k, of its least case, and of the leaks that have the same cause.
// shown is the cells in which a session with its tenant shows the cause.
func (c *campaign) newBlock(least, k *leak, like []leak, shown []judge.Cell) *Block {
	b := c.blockOf(least)
	b.AtCheck, b.shown = k.at, shown
	for _, w := range like {
		if w.target != least.target && !b.anyhow(&w) {
			b.Like = append(b.Like, c.cellText(&w.found))
		}
	}
	if len(like) > 0 && k.target != least.target && !b.anyhow(k) && !slices.ContainsFunc(like, func(w leak) bool { return w.target == k.target }) {
		b.Like = append(b.Like, c.cellText(&k.found))
	}
	b.Finding.Like = b.Like
	return b
}

// divided is the block of a least case and of what is like it. Where the contract accepts the case,
// rest is what that would hide.
func (c *campaign) divided(least, k *leak, like []leak) (b *Block, its, rest []leak) {
	shown := c.shownOf(k, like)
	b = c.newBlock(least, k, like, shown)
	if its, rest = c.part(b, like, *k); len(rest) == 0 {
		return b, its, nil
	}
	b = c.newBlock(least, least, its, shown)
	b.AtCheck = k.at
	return b, its, rest
}

// shownOf is the cells in which a session with its tenant shows the cause of a leak.
func (c *campaign) shownOf(k *leak, like []leak) []judge.Cell {
	all := &Block{}
	if earlier := c.blocks[k.cause.Key]; earlier != nil {
		all.shown = slices.Clone(earlier.shown)
	}
	for _, w := range append(like, *k) {
		all.shows(&w)
	}
	return all.shown
}

// shows notes that a session with its tenant shows the block's cause in a cell.
func (b *Block) shows(k *leak) {
	if !lost(k) {
		b.shown = append(b.shown, k.target.Cell)
	}
}

// doubt notes calls whose difference did not hold when it was looked at more often: nothing is
// known of them either way.
func (c *campaign) doubt(calls []leak, reason string) {
	for _, k := range calls {
		c.doubtful[k.target] = true
		c.labs[0].attempts(k.target.Cell).unclear = reason
	}
}

// first is the leak that the least case is made from: who lost its tenant comes last, which shows
// what it would with one; then by class, what concerns another tenant before what does not, tables
// before paths, the rows that it needs, session, command and table.
func (c *campaign) first(like []leak, k leak) leak {
	if len(like) == 0 {
		return k
	}
	return slices.MinFunc(like, func(a, b leak) int {
		switch {
		case lost(&a) != lost(&b):
			return last(lost(&a)) - last(lost(&b))
		case a.target.Class != b.target.Class:
			return int(a.target.Class) - int(b.target.Class)
		case a.found.Cross != b.found.Cross:
			return last(b.found.Cross) - last(a.found.Cross)
		case (a.target.Cell.Path == nil) != (b.target.Cell.Path == nil): // a table says more of its policy
			return last(a.target.Cell.Path != nil) - last(b.target.Cell.Path != nil)
		case c.depth(&a) != c.depth(&b):
			return c.depth(&a) - c.depth(&b)
		case a.target.Cell.Less(b.target.Cell):
			return -1
		case b.target.Cell.Less(a.target.Cell):
			return 1
		}
		return 0
	})
}

// lost reports whether a leak shows in a statement of a session that should have a tenant, and
// has none.
func lost(k *leak) bool {
	step := &k.scenario.Steps[k.found.Step]
	return step.Op.Path == nil && step.Tenant.Null && !step.Session.Tenantless
}

// anyhow reports whether a leak to a session that lost its tenant says nothing new: the block
// has the same cell for a session with a tenant. Who sees too much with one does so without.
func (b *Block) anyhow(k *leak) bool { return lost(k) && slices.Contains(b.shown, k.target.Cell) }

// depth estimates the rows that a leak needs: its table's chain of references, and a
// user where the session has one.
func (c *campaign) depth(k *leak) int {
	n := 0
	if k.scenario.Steps[k.found.Step].Session.User != nil {
		n += 2
	}
	seen := map[*model.Table]bool{}
	var visit func(t *model.Table)
	visit = func(t *model.Table) {
		if seen[t] {
			return
		}
		seen[t] = true
		n++
		for i := range t.ForeignKeys {
			key := &t.ForeignKeys[i]
			if key.Target != nil && t.Columns[key.Columns[0]].NotNull {
				visit(key.Target)
			}
		}
	}
	if k.target.Cell.Path != nil {
		return n + 1
	}
	visit(c.Contract.Schema.Tables[k.target.Cell.Table])
	return n
}
