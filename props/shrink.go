package props

import (
	"pgregory.net/rapid"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// whole judges the shrunk case in full, where shrinking looked at it in brief. If it shows nothing
// then, the case that was found takes its place.
func (b *batch) whole() error {
	if b.smallest.found.Worlds == nil || b.smallest.scenario == b.origin.scenario {
		return nil
	}
	d, err := b.still(b.ctx, b.smallest.scenario, b.smallest.target)
	switch {
	case err != nil || d == nil:
		b.smallest = b.origin
	default:
		b.smallest.found = *d
	}
	return err
}

// shrinks is the property from the first failure on: it fails for the same class and
// cell only. Equal scenarios are not run again, and after a number of runs new ones
// pass unseen: the reducer goes on from there.
func (b *batch) shrinks(t *rapid.T) bool {
	if b.calls++; b.calls > shrinkCalls {
		return false
	}
	d, sequences := b.draw(t, b.commit, b.index+1)
	if len(sequences) <= b.index {
		return false
	}
	s := &model.Scenario{Data: d.Data, Steps: sequences[b.index], Committed: b.commit}
	if b.left { // only what failed fails again
		if b.drawn == "" {
			b.drawn = memoKey(s)
		}
		return memoKey(s) == b.drawn
	}
	key := memoKey(s)
	shown, known := b.tried[key]
	if !known {
		if len(b.tried) >= shrinkRuns || b.quick && len(b.tried) >= quickShrinks {
			return false
		}
		shown = b.aimed(d, s)
		b.tried[key] = shown
	}
	if shown == nil {
		return false
	}
	b.smallest = *shown
	return true
}

// aimed runs a smaller scenario; nil when it does not show what is aimed at.
func (b *batch) aimed(d *gen.Dataset, s *model.Scenario) (shown *leak) {
	b.brief = b.briefOf(b.origin.scenario, &b.origin.found)
	defer func() { b.brief = nil }()
	see := func(s *model.Scenario, v *judge.Verdict) bool {
		for i := range v.Divergences {
			if found := &v.Divergences[i]; shown == nil && b.origin.alike(found) {
				shown = &leak{scenario: s, found: *found, target: *b.aim}
			}
		}
		return shown == nil
	}
	if b.commit {
		_, err := b.played(b.ctx, d, s.Steps, drawn(d.Data, s.Steps), false, see)
		b.fail(err)
		return shown
	}
	v, err := b.verdict(b.ctx, s)
	if err != nil {
		b.fail(err)
		return nil
	}
	see(s, v)
	return shown
}
