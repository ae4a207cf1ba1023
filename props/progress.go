package props

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/session"
)

// Progress is how far a run is; of a session that goes on, with what it did before.
type Progress struct {
	session.Counters
	Elapsed time.Duration
}

// effort is what a search did so far.
type effort struct {
	earlier  session.Stats // what an earlier run of the session did
	troubles *troubles
	walking  bool   // the walk runs, and what it does is not yet in the report
	why      string // the search ended; empty before
	next     int    // number of the next batch
	atRandom int    // checks of random search
	guided   int    // checks that went on where a scenario of the corpus ended
	reruns   int    // checks that ran twice
	stable   int    // of these, the ones with the same result
	inRow    int    // batches in a row that trouble kept from being judged, the latest ones
	vain     int    // batches in a row that had nothing to check, the latest ones
	givenUp  int    // batches that trouble kept from being judged, all of them
}

// goOn takes over what earlier runs of the session did.
func (c *campaign) goOn() {
	if c.cfg.journal != nil {
		c.troubles.note = c.cfg.journal.trouble
	}
	e := c.cfg.earlier
	if e == nil {
		return
	}
	c.earlier = *e
	c.guided = e.Guided
	c.next, c.atRandom, c.reruns, c.stable, c.givenUp = e.Next, e.RandomChecks, e.Reruns, e.Stable, e.GivenUp
	c.report.Checks = e.Checks
	tables, paths := map[string]*model.Table{}, map[string]*model.Path{}
	for _, t := range c.report.Tables {
		tables[t.Label()] = t
	}
	for _, p := range c.report.Paths {
		paths[p.Name] = p
	}
	for _, s := range c.report.Sessions {
		for _, cell := range e.Matrix {
			if cell.Session != s.Name {
				continue
			}
			if p := paths[cell.Object]; p != nil && cell.Command == model.Call.String() {
				c.report.Matrix.CountPath(s.ID, p.ID, cell.Allowed, cell.Forbidden)
				continue
			}
			for _, command := range model.Commands {
				if t := tables[cell.Object]; t != nil && cell.Command == command.String() {
					c.report.Matrix.Count(s.ID, t.ID, command, cell.Allowed, cell.Forbidden)
				}
			}
		}
	}
}

// elapsed is how long the search, or the whole session, took so far.
func (c *campaign) elapsed() time.Duration {
	return time.Duration(c.earlier.ElapsedS*float64(time.Second)) + time.Since(c.start)
}

// counters is what was done so far.
func (c *campaign) counters() session.Counters {
	out := session.Counters{
		ElapsedS: c.elapsed().Seconds(), Checks: c.report.Checks, RandomChecks: c.atRandom, Guided: c.guided,
		Steps: c.earlier.Steps, AllowedSteps: c.earlier.AllowedSteps, Reruns: c.reruns, Stable: c.stable, Trouble: map[string]int{},
	}
	for _, l := range c.labs {
		out.Steps += l.fast.Stats().Steps
		out.AllowedSteps += l.fast.Stats().Allowed
	}
	if c.walking {
		out.Checks += c.report.Walk
	}
	out.Corpus, out.Reached = len(c.corpus.scenes), len(c.corpus.reached)
	out.Cells, out.Possible = c.covered()
	for _, b := range c.report.Blocks {
		if b.Known || b.Accepted != "" {
			out.Known += 1 + len(b.Like)
		} else {
			out.New += 1 + len(b.Like)
		}
	}
	for kind, n := range c.earlier.Trouble {
		out.Trouble[kind] += n
	}
	for kind, n := range c.troubles.all() {
		out.Trouble[string(kind)] += n
	}
	return out
}

// progress keeps how far the search is, then tells it: what is told is on disk the first time.
func (c *campaign) progress() {
	c.saveAgain()
	if c.cfg.Progress == nil && c.cfg.journal == nil {
		return
	}
	p := Progress{Counters: c.counters(), Elapsed: c.elapsed()}
	if c.cfg.journal != nil {
		c.cfg.journal.sample(p.Counters, c.stats)
		c.cfg.journal.corpus(c.keepCorpus)
	}
	if c.cfg.Progress != nil {
		c.cfg.Progress(p)
	}
}

// saveAgain tries once more to keep what could not be kept: a disk may have room again.
func (c *campaign) saveAgain() {
	for _, b := range c.report.Blocks {
		if b.Unsaved == nil {
			continue
		}
		if c.save(b); b.Unsaved == nil {
			c.announced(b)
		}
	}
}

// announced tells of a finding that is on disk, or could not be kept.
func (c *campaign) announced(b *Block) {
	if c.cfg.journal != nil {
		c.cfg.journal.found(b, c.cellText(b.Finding.Divergence), c.elapsed())
	}
	if c.cfg.Found != nil {
		c.cfg.Found(b)
	}
}

// stats is the state from which the session can go on.
func (c *campaign) stats(now session.Counters) *session.Stats {
	out := &session.Stats{
		Hash: c.Hash, Seed: c.cfg.Seed, Next: c.next, Runs: c.earlier.Runs + 1, Workers: c.cfg.Workers, Server: c.report.Server,
		Walked: c.whole || c.earlier.Walked, GivenUp: c.givenUp, Counters: now, Matrix: []session.Cell{},
	}
	c.report.EachCell(func(s *model.Session, t *model.Table, command model.Command) {
		st := c.report.Matrix.Cell(s.ID, t.ID, command)
		out.Matrix = append(out.Matrix, session.Cell{Session: s.Name, Object: t.Label(), Command: command.String(), Allowed: st.Allowed, Forbidden: st.Forbidden})
	})
	c.report.EachPath(func(s *model.Session, p *model.Path) {
		st := c.report.Matrix.Path(s.ID, p.ID)
		out.Matrix = append(out.Matrix, session.Cell{Session: s.Name, Object: p.Name, Command: model.Call.String(), Allowed: st.Allowed, Forbidden: st.Forbidden})
	})
	return out
}

// account puts what was done into the report.
func (c *campaign) account() {
	now := c.counters()
	c.report.Steps, c.report.Elapsed = now.Steps, c.elapsed()
	c.report.Effort = now
	if c.givenUp > 0 {
		c.remark("%d batches of random search could not be judged: trouble of the surroundings each time", c.givenUp)
	}
	if c.guided > 0 {
		c.remark("%d of %d random checks went on where one of %d scenarios ended that came to something new: %d of nine datasets begin so, each scenario as often as the others",
			c.guided, c.atRandom, len(c.corpus.scenes), c.cfg.Guide)
	}
	if n := now.Troubles(); n > 0 {
		var kinds []string
		for _, kind := range slices.Sorted(maps.Keys(now.Trouble)) {
			kinds = append(kinds, fmt.Sprintf("%s %d", kind, now.Trouble[kind]))
		}
		then := ", and the search went on"
		if c.report.BrokeOff != "" {
			then = ", and the search broke off"
		}
		c.remark("the surroundings failed %s%s: %s", times(n), then, strings.Join(kinds, ", "))
	}
	if c.cfg.journal != nil {
		c.cfg.journal.end(now, c.stats, c.why)
	}
}

func times(n int) string {
	if n == 1 {
		return "1 time"
	}
	return fmt.Sprintf("%d times", n)
}

// say tells a person what goes on.
func (c *campaign) say(format string, args ...any) {
	if c.cfg.Log != nil {
		c.cfg.Log(format, args...)
	}
}
