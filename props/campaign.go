package props

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// campaign is one search: rounds of batches dealt to workers. What is learnt in a
// round, new mutes and causes, holds from the next one on, so that the number of
// workers changes nothing but the speed.
type campaign struct {
	*Target
	cfg     Config
	labs    []*lab
	report  *Report
	start   time.Time
	muted   mutes
	leaks   []leak                  // one for each known cause
	walked  []leak                  // every divergence of the matrix walk; nil before it
	writes  map[judge.Target][]leak // forbidden writes of the walk, a few of each cell
	counted *run.Matrix             // what was at stake in the walk
	tried   map[judge.Cell]*tried   // what the walk's calls of paths showed
	blocks  map[string]*Block
	rounds  int            // of batches
	asked   map[string]int // kinds of calls: batches in which hidden rows did not show

	scope   scope  // what the search is limited to
	pending []leak // found, but not yet reported
	history        // what the last check covered
}

// roundBatches is how many batches a round has at most. After a finding a round has one,
// since each batch of a round finds the same leak, and the next ones twice as many.
const roundBatches = 8

// Run searches for divergences between the contract and Postgres.
func Run(ctx context.Context, t *Target, cfg Config) (*Report, error) {
	scope, err := newScope(t.Contract, cfg.Only)
	if err != nil {
		return nil, err
	}
	limited := *t
	limited.Plan = scope.plan(t.Plan)
	c := &campaign{Target: &limited, cfg: cfg, start: time.Now(), muted: mutes{}, blocks: map[string]*Block{}, asked: map[string]int{}, scope: scope}
	c.fill()
	c.report = &Report{
		Seed: c.cfg.Seed, Server: t.Server.Describe(), Version: t.Server.Version(),
		Matrix: run.NewMatrix(t.Contract), Contract: t.Contract, Notes: t.Notes,
	}
	c.report.Sessions, c.report.Tables = scope.of(t.Contract)
	c.recall()
	c.report.Paths = scope.ways(t.Contract)
	defer func() {
		for _, l := range c.labs {
			l.close()
		}
	}()
	for range c.cfg.Workers {
		l, err := c.newLab(ctx)
		if err != nil {
			return c.report, err
		}
		l.quick = c.cfg.First
		c.labs = append(c.labs, l)
	}
	err = c.search(ctx, t.Plan)
	if err != nil {
		err = c.ended(ctx, err)
	}
	c.finish()
	return c.report, err
}

func (c *campaign) fill() {
	if c.cfg.Workers <= 0 {
		c.cfg.Workers = runtime.NumCPU()
	}
	if c.cfg.Seed == 0 {
		c.cfg.Seed = seedFrom(c.Hash)
	}
	if c.cfg.Checks == 0 && c.cfg.Duration == 0 && !c.cfg.Endless {
		c.cfg.Checks, c.cfg.Duration = defaultChecks, defaultDuration
	}
}

// seedFrom derives a seed from a text, so that a check repeats itself.
func seedFrom(text string) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return h>>1 | 1
}

func (c *campaign) search(ctx context.Context, all *gen.Plan) error {
	if err := c.assume(ctx); err != nil {
		return err
	}
	if err := c.saved(ctx, all); err != nil {
		return err
	}
	if !c.cfg.SkipMatrix {
		if err := c.matrix(ctx); err != nil {
			return err
		}
	}
	if !c.cfg.SkipRandom {
		known := len(c.leaks)
		if err := c.random(ctx); err != nil {
			return err
		}
		if len(c.leaks) > known && !c.cfg.SkipMatrix && !c.cfg.First {
			if err := c.beneath(ctx); err != nil {
				return err
			}
		}
	}
	if c.cfg.First {
		return nil
	}
	return c.sample(ctx)
}

// assume checks the assumptions apart from the findings: every login works, as a
// real one.
func (c *campaign) assume(ctx context.Context) error {
	if c.copied { // of a target for which this was seen
		return nil
	}
	m, err := c.labs[0].commits(ctx)
	if err != nil {
		return err
	}
	for _, s := range c.Contract.Sessions {
		if s.Login.Text == "" {
			continue
		}
		if err := m.TryLogin(ctx, s.Login.Text, s.Via); err != nil {
			return fmt.Errorf("session %s cannot connect: %w", s.Name, err)
		}
		if r := c.Contract.Schema.Roles[s.Login.Text]; r.Super || r.BypassRLS {
			c.report.Notes = append(c.report.Notes, fmt.Sprintf("session %s logs in as %s, which bypasses row security", s.Name, r.Name))
		}
	}
	return c.agree(ctx, m)
}

// matrix walks the matrix and reports what diverges.
func (c *campaign) matrix(ctx context.Context) error {
	err := c.walk(ctx)
	c.pending = c.walked
	c.report.Checks += c.report.Walk
	if c.counted != nil {
		c.report.Matrix.Add(c.counted)
	}
	if err != nil {
		return err
	}
	if err := c.digest(ctx, c.walked); err != nil {
		return err
	}
	if c.cfg.First {
		return nil
	}
	return c.beneath(ctx)
}

// late reports whether half of a run's time is over: the other half is for random search.
func (c *campaign) late() bool {
	return c.cfg.Duration > 0 && !c.cfg.SkipRandom && time.Since(c.start) > c.cfg.Duration/2
}

// random runs rounds of batches until the budget is spent.
func (c *campaign) random(ctx context.Context) error {
	first := c.report.Checks
	next, size := 0, 1
	for !c.spent(c.report.Checks-first) && !c.enough() {
		results := make([]batchResult, c.batches(size, c.report.Checks-first))
		c.round(ctx, next, results)
		var found []leak
		var failed error
		for i := range results {
			r := &results[i]
			if failed == nil {
				failed = r.err
			}
			for k := range r.leaks {
				r.leaks[k].at += c.report.Checks
			}
			c.report.Checks += r.checks
			if r.matrix != nil {
				c.report.Matrix.Add(r.matrix)
			}
			found = append(found, r.leaks...)
		}
		next += len(results)
		c.learn(results)
		if size = min(2*size, roundBatches); len(found) > 0 || c.cfg.First { // what others would find is not asked for
			size = 1
		}
		c.pending = found
		if failed != nil {
			return failed
		}
		if err := c.digest(ctx, found); err != nil {
			return err
		}
		c.progress()
	}
	return nil
}

// batches is the length of the next round: no more than the rest of the budget needs.
func (c *campaign) batches(size, checks int) int {
	if c.cfg.Checks == 0 {
		return size
	}
	each := batchChecks(c.Plan)
	return min(size, (c.cfg.Checks-checks+each-1)/each)
}

// enough reports whether the first finding is there, and no more are wanted.
func (c *campaign) enough() bool { return c.cfg.First && len(c.report.Blocks) > 0 }

// spent reports whether the budget is used up.
func (c *campaign) spent(checks int) bool {
	if c.cfg.Checks > 0 && checks >= c.cfg.Checks {
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
	next := make(chan int)
	for _, l := range c.labs {
		wg.Go(func() {
			for n := range next {
				results[n-first] = l.runBatch(ctx, c.cfg.Seed, n, c.muted, c.leaks, c.until())
			}
		})
	}
	for n := first; n < first+len(results); n++ {
		next <- n
	}
	close(next)
	wg.Wait()
}

// digest explains new divergences, mutes them, and reports each new cause with its
// least case.
func (c *campaign) digest(ctx context.Context, found []leak) error {
	if len(found) > 0 && !c.cfg.First {
		if err := c.walk(ctx); err != nil {
			return err
		}
	}
	l := c.labs[0]
	found = c.tablesFirst(found)
	for _, k := range found {
		if c.muted[k.target] || c.enough() {
			continue
		}
		if k.cause.Key == "" {
			var err error
			k = c.plain(k)
			if k.cause, err = l.cause(ctx, k.scenario, &k.found, c.known(found)); err != nil {
				return err
			}
		}
		if b := c.blocks[k.cause.Key]; b != nil {
			c.muted[k.target] = true
			b.like(c.cellText(&k.found))
			continue
		}
		if err := c.block(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// tablesFirst orders divergences by class. Where a path is among them, what the walk found
// of tables comes first: what a table shows, a path that reads it shows too.
func (c *campaign) tablesFirst(found []leak) []leak {
	byClass := func(list []leak) {
		slices.SortStableFunc(list, func(a, b leak) int { return int(a.target.Class) - int(b.target.Class) })
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
	byClass(tables)
	byClass(paths)
	return append(tables, paths...)
}

// plain is the walk's instance of a leak, if it has one: the same cell may show the
// same leak in rows that several objects let through, and then its cause would depend
// on the rows that were drawn.
func (c *campaign) plain(k leak) leak {
	i := slices.IndexFunc(c.walked, func(w leak) bool { return w.target == k.target })
	if i < 0 {
		return k
	}
	w := c.walked[i]
	w.at, w.runs = k.at, k.runs
	return w
}

// known is the leaks whose causes may explain another: those reported, and those of
// the same lot that read a whole table.
func (c *campaign) known([]leak) []leak { return c.leaks }

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
	like := []leak{}
	for i, w := range c.walked {
		if c.muted[w.target] {
			continue
		}
		cause, err := c.walkedCause(ctx, i)
		if err != nil {
			return err
		}
		if cause.Key == k.cause.Key {
			w.cause = cause
			like = append(like, w)
		}
	}
	return c.announce(ctx, l, k, like)
}

// announce reduces the first of the leaks that have the cause of k, lets the referee
// confirm it with the schema as it is, and reports a block of them all.
func (c *campaign) announce(ctx context.Context, l *lab, k leak, like []leak) error {
	before := l.runs
	least, err := l.least(ctx, c.first(like, k))
	if err != nil {
		return err
	}
	c.report.Shrinks = append(c.report.Shrinks, k.runs+l.runs-before)
	confirmed, reason, err := c.labs[0].referee(ctx, least)
	if err != nil {
		return err
	}
	for _, w := range append(like, k) {
		c.muted[w.target] = true
	}
	if !confirmed {
		c.report.Leads = append(c.report.Leads, Lead{Cell: c.cellText(&least.found), Class: least.target.Class.String(), Reason: reason})
		return nil
	}
	c.leaks = append(c.leaks, least)
	b := &Block{Cause: least.cause.Text, Carrier: least.cause.Key, AtCheck: k.at, Finding: c.finding(least)}
	for _, w := range like {
		if w.target != least.target {
			b.Like = append(b.Like, c.cellText(&w.found))
		}
	}
	if len(like) > 0 && k.target != least.target && !slices.ContainsFunc(like, func(w leak) bool { return w.target == k.target }) {
		b.Like = append(b.Like, c.cellText(&k.found))
	}
	b.Finding.Like = b.Like
	if b.Finding.Escalation, err = c.escalation(ctx, like, k); err != nil {
		return err
	}
	c.blocks[k.cause.Key] = b
	c.report.Blocks = append(c.report.Blocks, b)
	c.save(b) // what was found is on disk before it is explained
	err = c.explain(ctx, l, b, least, like)
	if c.cfg.Found != nil {
		c.cfg.Found(b)
	}
	return err
}

// first is the leak that the least case is made from: by class, the rows that it
// needs, session, command and table.
func (c *campaign) first(like []leak, k leak) leak {
	if len(like) == 0 {
		return k
	}
	return slices.MinFunc(like, func(a, b leak) int {
		switch {
		case a.target.Class != b.target.Class:
			return int(a.target.Class) - int(b.target.Class)
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

func (c *campaign) cellText(d *judge.Divergence) string {
	return fmt.Sprintf("%s: %s %s (%s)", c.Contract.Sessions[d.Cell.Session].Name, d.Cell.Action(), d.Cell.Object(c.Contract.Schema), d.Class)
}

func (c *campaign) progress() {
	if c.cfg.Progress == nil {
		return
	}
	p := Progress{Checks: c.report.Checks, Findings: c.report.Findings(), Elapsed: time.Since(c.start)}
	for _, l := range c.labs {
		p.Steps += l.fast.Stats().Steps
	}
	p.Cells, p.Possible = c.covered()
	c.cfg.Progress(p)
}

// finish completes the report.
func (c *campaign) finish() {
	unjudged := map[string]int{}
	for _, l := range c.labs {
		c.report.Steps += l.fast.Stats().Steps
		for reason, n := range l.unjudged {
			unjudged[reason] += n
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(unjudged)) {
		c.report.Notes = append(c.report.Notes, fmt.Sprintf("%d checks could not be judged: %s", unjudged[reason], reason))
	}
	c.report.Notes = append(c.report.Notes, c.unfilled()...)
	c.report.Elapsed = time.Since(c.start)
	c.report.Untested = c.untested()
	c.accept()
	c.told()
	c.locate()
	c.remember()
}
