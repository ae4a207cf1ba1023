package props

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/memory"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// explanations keeps the explanations of a target's findings: each run that finds one again finds
// the same.
type explanations struct {
	sync.Mutex
	list map[string]finding.Explanation // by cause and key
}

func newExplanations() *explanations { return &explanations{list: map[string]finding.Explanation{}} }

// explainedFile is what runs leave in their folder of what they found out about findings.
var explainedFile = memory.File{Name: "explained.json", Version: 1}

// foundOut is what they found out about the findings of a contract.
type foundOut struct {
	Hash string                         `json:"hash"` // see judged: with others it says nothing
	List map[string]finding.Explanation `json:"list"`
}

// judged is what experiments were made with: contract and schema, the server and rlsfuzz itself.
func (t *Target) judged() string {
	return fmt.Sprintf("%s %v %s", t.Hash, t.Server.Version(), build())
}

// build tells one rlsfuzz from another: by its version, and by its file where that one was made of
// what no commit has.
func build() string {
	version := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
	}
	if version != "" && version != "(devel)" && !strings.HasSuffix(version, "+dirty") {
		return version
	}
	path, err := os.Executable()
	if err != nil {
		return version
	}
	info, err := os.Stat(path)
	if err != nil {
		return version
	}
	return fmt.Sprint(version, info.Size(), info.ModTime().UnixNano())
}

// recallExplained takes what an earlier run found out with the same contract and schema.
func (t *Target) recallExplained(dir string) error {
	s, err := memory.Load[foundOut](explainedFile, dir, t.File.Path)
	if err != nil || s == nil || s.Hash != t.judged() {
		return err
	}
	t.known.Lock()
	defer t.known.Unlock()
	for key := range s.List {
		if _, ok := t.known.list[key]; !ok {
			t.known.list[key] = s.List[key]
		}
	}
	return nil
}

// keepExplained keeps what was found out for the next run.
func (t *Target) keepExplained(dir string) error {
	t.known.Lock()
	defer t.known.Unlock()
	if len(t.known.list) == 0 {
		return nil
	}
	if err := memory.Save(explainedFile, dir, t.File.Path, &foundOut{t.judged(), t.known.list}); err != nil {
		return fmt.Errorf("keep explanations: %w", err)
	}
	return nil
}

// explained finds out by experiment what carries a block's finding, which of its values
// matter, how sure it is and what would mend it. Who asks for the first finding only
// does not wait for that.
func (c *campaign) explained(ctx context.Context, l *lab, b *Block, k leak, like []leak) error {
	if c.cfg.First {
		return nil
	}
	key := fmt.Sprintf("%s %s %d", k.cause.Key, b.Finding.Key, len(like))
	c.Target.known.Lock()
	defer c.Target.known.Unlock()
	e, ok := c.Target.known.list[key]
	if !ok {
		c.say("explaining %s", c.cellText(&k.found))
		var err error
		e, err = c.explanation(ctx, l, &k, like, c.apart(b))
		switch {
		case err == nil:
			if e.Fix.Unsought == "" && !k.scenario.Runs() { // a run with more time looks for it; a program may be another one
				c.Target.known.list[key] = e
			}
		case ctx.Err() != nil || postgres.TroubleOf(err) != "":
			return err
		default: // what was found stays found
			c.remark("%s could not be explained: %v", c.cellText(&k.found), err)
		}
	}
	if ok {
		e.Carrier = c.carrier(&k) // where it stands may have changed
	}
	b.Finding.Explanation = e
	if !b.Known { // its case is not written again: somebody may have edited it
		c.save(b)
	}
	return nil
}

// explanation is what experiments say of a leak; of what is reported apart, whether it can be repeated.
func (c *campaign) explanation(ctx context.Context, l *lab, k *leak, like []leak, apart bool) (e finding.Explanation, err error) {
	e.Carrier = c.carrier(k)
	if e.Reproduced, e.Times, err = c.labs[0].again(ctx, k); err != nil {
		return e, err
	}
	switch {
	case c.overdue():
		e.Fix.Unsought = unsought
		return e, nil
	case apart:
		e.Fix.Unsought = unstrict
		return e, nil
	}
	simple := *k
	s, d, err := l.twin(ctx, k.scenario, &k.found)
	if err != nil {
		return e, err
	}
	simple.scenario, simple.found = s, *d
	if !s.Committed || s.Runs() { // real commits take long
		if e.Free, err = l.free(ctx, &simple); err != nil {
			return e, err
		}
	}
	if c.overdue() {
		e.Fix.Unsought = unsought
		return e, nil
	}
	e.Fix, err = c.mend(ctx, l, k, like)
	return e, err
}

// What a finding says instead of a fix that was not looked for.
const (
	unbegun  = "not looked for: the run ended before"
	unsought = "not looked for: the time was up (--duration gives it more)"
	unstrict = "not looked for: it is reported apart (--strict looks for it)"
)

// overdue reports whether a run is past its time by half: what is found is confirmed, but hardly
// reduced, and no experiment is made on what would mend it.
func (c *campaign) overdue() bool {
	return c.cfg.Duration > 0 && time.Since(c.start) > c.cfg.Duration*3/2
}

// limit has a lab end its experiments in time.
func (c *campaign) limit(l *lab) { l.overdue, l.hurried = c.overdue, c.cfg.Duration/20 }

// pressed reports whether the run that a lab works for is overdue.
func (l *lab) pressed() bool { return l.overdue != nil && l.overdue() }

// carrier describes what carries a leak.
func (c *campaign) carrier(k *leak) finding.Carrier {
	o := &k.cause.object
	out := finding.Carrier{Object: o.Name(), SQL: o.SQL()}
	if s := c.files().Place(o); s != nil && s.File != weakened {
		out.File, out.Line = s.File, s.Line
	}
	return out
}

// refereed is how often the referee repeats a finding.
const refereed = 5

// again repeats a case with real logins and commits, and counts how often it shows the
// same. A call runs in both worlds each time; a program, which takes long, twice.
func (l *lab) again(ctx context.Context, k *leak) (held, of int, err error) {
	of = refereed
	if k.scenario.Runs() {
		of = 2
	}
	m, err := l.commits(ctx)
	if err != nil {
		return 0, 0, err
	}
	for range of {
		same, err := l.shownOnce(ctx, m, k)
		if err != nil {
			return 0, 0, err
		}
		if same {
			held++
		}
	}
	return held, of, nil
}

// shownOnce reports whether one run with real logins and commits shows a leak.
func (l *lab) shownOnce(ctx context.Context, m *run.Committer, k *leak) (bool, error) {
	if k.found.Worlds != nil {
		return l.differOnce(ctx, m, k)
	}
	for _, fresh := range []bool{!usesOver(k.scenario), false} { // as the referee does
		t, err := m.Run(ctx, k.scenario, fresh)
		if errors.Is(err, run.ErrInvalid) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		v := judge.Judge(l.Contract, k.scenario, t)
		if err := l.inherited(ctx, k.scenario, v); err != nil {
			return false, err
		}
		if has(v, k.target) {
			return true, nil
		}
	}
	return false, nil
}

// differOnce reports whether a call gives two outputs in the two worlds of a leak.
func (l *lab) differOnce(ctx context.Context, m *run.Committer, k *leak) (bool, error) {
	o, err := l.observe(ctx, k.scenario, k.found.Step)
	if err != nil || o == nil {
		return false, err
	}
	data, ok, err := o.second(ctx, k.found.Worlds.Variant, nil)
	if err != nil || !ok {
		return false, err
	}
	other := *k.scenario
	other.Data = data
	runs := func(times int) (first, second [][]string, err error) {
		for range times {
			a, err := o.committed(ctx, m, k.scenario)
			if err != nil {
				return nil, nil, err
			}
			b, err := o.committed(ctx, m, &other)
			if err != nil {
				return nil, nil, err
			}
			first, second = append(first, a), append(second, b)
		}
		return first, second, nil
	}
	first, second, err := runs(1)
	if err != nil || first[0] == nil || second[0] == nil {
		return false, err
	}
	return o.unlike(first[0], second[0], func() (first, second [][]string, err error) { return runs(2) })
}
