package props

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"runtime"
	"slices"
	"time"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// campaign is one search: rounds of batches dealt to workers. What is learnt in a
// round, new mutes and causes, holds from the next one on, so that the number of
// workers changes nothing but the speed.
type campaign struct {
	*Target
	cfg    Config
	labs   []*lab
	report *Report
	start  time.Time
	muted  mutes
	// doubtful is the muted targets that are no findings, since what they showed did not hold.
	doubtful mutes
	leaks    []leak                  // one for each known cause
	traced   []leak                  // reads of tables whose causes are known
	rank     []int                   // by Table.ID: see ranks; nil until something was found
	walked   []leak                  // every divergence of the matrix walk; nil before it
	writes   map[judge.Target][]leak // forbidden writes of the walk, a few of each cell
	counted  *run.Matrix             // what was at stake in the walk
	tried    map[judge.Cell]*tried   // what the walk's calls of paths showed
	blocks   map[string]*Block
	rounds   int            // of batches
	asked    map[string]int // by kind of call: batches in which hidden rows did not show

	scope   scope             // what the search is limited to
	slow    map[string]string // why paths are left out that hang, by name
	pending []leak            // found, but not yet reported
	history                   // what the last check covered
	effort                    // what was done so far
	corpus  *corpus
}

// Run searches for divergences between the contract and Postgres.
func Run(ctx context.Context, t *Target, cfg Config) (*Report, error) {
	scope, err := newScope(t.Contract, cfg.Only)
	if err != nil {
		return nil, err
	}
	limited := *t
	limited.Plan = scope.plan(t.Plan)
	c := &campaign{Target: &limited, cfg: cfg, start: time.Now(), muted: mutes{}, doubtful: mutes{}, blocks: map[string]*Block{}, asked: map[string]int{}, scope: scope}
	c.fill()
	c.troubles, c.corpus = newTroubles(&c.cfg), newCorpus(&c.cfg)
	c.report = &Report{
		Seed: c.cfg.Seed, Server: t.Server.Describe(), Version: t.Server.Version(),
		Matrix: run.NewMatrix(t.Contract), Contract: t.Contract, Notes: t.Notes,
	}
	c.report.Sessions, c.report.Tables = scope.of(t.Contract)
	c.recall()
	c.report.Paths = scope.ways(t.Contract)
	c.goOn()
	defer func() {
		for _, l := range c.labs {
			l.leave()
		}
	}()
	for range c.cfg.Workers {
		l, err := c.lab(ctx, c.troubles)
		if err != nil {
			return nil, err // nothing was searched
		}
		l.quick = c.cfg.First
		c.limit(l)
		c.labs = append(c.labs, l)
	}
	c.why = spent
	err = c.search(ctx, t.Plan)
	if err != nil {
		err = c.ended(ctx, c.blame(ctx, err))
	}
	c.finish()
	return c.report, err
}

func (c *campaign) fill() {
	if c.cfg.Workers <= 0 {
		c.cfg.Workers = runtime.NumCPU()
	}
	c.cfg.SkipRandom = c.cfg.SkipRandom || !c.Plan.Draws() // what draws nothing would count checks of nothing
	if c.cfg.Seed == 0 {
		c.cfg.Seed = seedFrom(c.Hash)&mostSeed | 1
	}
	if c.cfg.Checks == 0 && c.cfg.Duration == 0 && !c.cfg.Endless {
		c.cfg.Checks, c.cfg.Duration = defaultChecks, defaultDuration
	}
}

// mostSeed bounds the seeds that nobody chose: most readers of JSON round whole numbers above it.
const mostSeed = 1<<53 - 1

// seedFrom derives a seed from a text, so that a check repeats itself.
func seedFrom(text string) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return h>>1 | 1
}

func (c *campaign) search(ctx context.Context, all *gen.Plan) error {
	for _, work := range []func(context.Context) error{c.assume, c.trial} {
		if err := c.endure(ctx, work); err != nil {
			return err
		}
	}
	if err := c.saved(ctx, all); err != nil {
		return err
	}
	if !c.cfg.SkipMatrix && (!c.earlier.Walked || len(c.leaks) > 0) { // known leaks mute what is like them
		if err := c.matrix(ctx); err != nil {
			return err
		}
	}
	if c.cfg.journal != nil && !c.cfg.SkipRandom {
		if err := c.recallCorpus(ctx, all); err != nil {
			return err
		}
	}
	c.progress()
	if !c.cfg.SkipRandom {
		known := len(c.leaks)
		if err := c.random(ctx); err != nil {
			return err
		}
		if len(c.leaks) > known && !c.cfg.SkipMatrix && !c.cfg.First {
			if err := c.endure(ctx, c.beneath); err != nil {
				return err
			}
		}
	}
	if c.cfg.First {
		return nil
	}
	return c.sample(ctx)
}

// endure does work of the first lab, whatever the surroundings do: see lab.endure. The
// work may begin again after any part of it.
func (c *campaign) endure(ctx context.Context, work func(context.Context) error) error {
	return c.labs[0].endure(ctx, func() error { return work(ctx) })
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
			c.remark("session %s logs in as %s, which bypasses row security", s.Name, r.Name)
		}
	}
	return c.agree(ctx, m)
}

// matrix walks the matrix and reports what diverges.
func (c *campaign) matrix(ctx context.Context) error {
	if c.cfg.First {
		return c.firstOfWalk(ctx)
	}
	c.walking = !c.earlier.Walked // else it is counted already
	err := c.walk(ctx)
	c.walking = false
	c.pending = c.walked
	if !c.earlier.Walked {
		c.report.Checks += c.report.Walk
		if c.counted != nil {
			c.report.Matrix.Add(c.counted)
		}
	}
	if err != nil {
		return err
	}
	if c.cfg.Raw {
		c.rescue()
		return nil
	}
	if err := c.digest(ctx, c.walked); err != nil {
		return err
	}
	return c.endure(ctx, c.beneath)
}

// late reports whether half of a run's time is over: the other half is for random search.
func (c *campaign) late() bool { return c.past(50) }

// limited reports whether the walk has to leave time to random search.
func (c *campaign) limited() bool { return c.cfg.Duration > 0 && !c.cfg.SkipRandom }

// past reports whether some of a hundred parts of a run's time are over, if it is limited.
func (c *campaign) past(percent time.Duration) bool {
	return c.limited() && time.Since(c.start) > c.cfg.Duration*percent/100
}

func (c *campaign) cellText(d *judge.Divergence) string {
	return fmt.Sprintf("%s: %s %s (%s)", c.Contract.Sessions[d.Cell.Session].Name, d.Cell.Action(), d.Cell.Object(c.Contract.Schema), d.Class)
}

// whichStep is the place of a step in why a scenario could not be judged: one step's reason
// is that of all.
var whichStep = regexp.MustCompile(`\bstep \d+: `)

// finish completes the report.
func (c *campaign) finish() {
	unjudged := map[string]int{}
	c.account()
	for _, l := range c.labs {
		for reason, n := range l.unjudged {
			unjudged[whichStep.ReplaceAllString(reason, "")] += n
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(unjudged)) {
		c.report.Notes = append(c.report.Notes, fmt.Sprintf("%d checks could not be judged: %s", unjudged[reason], reason))
	}
	c.report.Notes = append(c.report.Notes, c.unfilled()...)
	c.report.Notes = append(c.report.Notes, c.unmet()...)
	c.report.Untested = c.untested()
	c.accept()
	c.told()
	c.locate()
	c.remember()
}
