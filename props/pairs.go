package props

import (
	"context"
	"fmt"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// pairVariants are the worlds in which random search tries pairs of calls.
var pairVariants = []gen.Variant{gen.Change, gen.Remove}

// settlePairs judges pairs of calls of one member, which were rolled back and ran in several
// worlds. Where a second call gave another output, and does not when it is made alone, the pair
// runs with real commits on a connection that is used again.
func (l *lab) settlePairs(ctx context.Context, d *gen.Dataset, x *lot, see func(s *model.Scenario, v *judge.Verdict) bool) (bool, error) {
	l.fast.Stepped(len(x.calls)*len(x.worlds), 0)
	if more, err := l.wrote(ctx, d, x, see); err != nil || !more {
		return more, err
	}
	kept, alone, err := l.differing(ctx, d, x)
	if err != nil {
		return false, err
	}
	if len(alone) > 0 {
		c, err := l.newCalls(ctx, d, alone, x.variants)
		if err != nil {
			return false, err
		}
		if more, err := l.call(ctx, d, c, see); err != nil || !more {
			return more, err
		}
	}
	for _, pair := range kept {
		key := pairKey(pair)
		if l.refuted[key] >= mostRefuted {
			continue
		}
		s := &model.Scenario{Data: d.Data, Steps: pair, Committed: true}
		v, err := l.verdict(ctx, s)
		if err != nil {
			return false, err
		}
		if len(v.Divergences) == 0 {
			l.refuted[key]++
		}
		if !see(s, v) {
			return false, nil
		}
	}
	return true, nil
}

// mostRefuted is how many pairs of the same paths and sessions run on real connections and show
// nothing before others are left out: what the first call leaves goes with its commit, or the pool
// cleans it up.
const mostRefuted = 3

// wrote judges pairs of calls that changed rows: the second may change what the first made. A few
// pairs of the same paths and sessions are enough.
func (l *lab) wrote(ctx context.Context, d *gen.Dataset, x *lot, see func(s *model.Scenario, v *judge.Verdict) bool) (bool, error) {
	for i, pair := range x.pairs {
		key := "wrote " + pairKey(pair)
		if r := &x.runs[0][i]; r.Invalid != "" || !r.Wrote() || l.refuted[key] >= mostRefuted {
			continue
		}
		s := &model.Scenario{Data: d.Data, Steps: pair}
		v, err := l.glance(ctx, s, nil)
		if err != nil {
			return false, err
		}
		l.refuted[key]++
		if !see(s, v) {
			return false, nil
		}
	}
	return true, nil
}

// pairKey names a pair by its sessions and paths.
func pairKey(pair []model.Step) string {
	return fmt.Sprint(pair[0].Session.ID, pair[0].Op.Path.ID, pair[1].Session.ID, pair[1].Op.Path.ID)
}

// differing gives the pairs of a lot whose second call had another output in some world, and has the
// same in all when it is made alone. Second calls that differ alone too are given apart, unless
// that is known of their path.
func (l *lab) differing(ctx context.Context, d *gen.Dataset, x *lot) (kept [][]model.Step, alone []model.Step, err error) {
	var differ [][]model.Step
	for i, pair := range x.pairs {
		if tells(x.runs, i, 1) {
			differ = append(differ, pair)
		}
	}
	if len(differ) == 0 {
		return nil, nil, nil
	}
	again, calls := l.bound(d, differ, 1)
	runs, err := l.fast.Worlds(ctx, x.worlds, calls, false, run.Variant{})
	if err != nil {
		return nil, nil, err
	}
	l.fast.Stepped(len(calls)*len(x.worlds), 0)
	for i, pair := range again {
		switch {
		case !tells(runs, i, 0):
			kept = append(kept, pair)
		case !l.telling[judge.PathCell(pair[1].Session.ID, pair[1].Op.Path)]:
			alone = append(alone, pair[1])
		}
	}
	return kept, alone, nil
}

// bound binds the steps of pairs, from the from-th on, to their identities. Pairs in which one cannot
// be bound are left out.
func (l *lab) bound(d *gen.Dataset, list [][]model.Step, from int) (pairs [][]model.Step, calls []run.Calls) {
	for _, pair := range list {
		c := run.Calls{Steps: pair[from:]}
		for i := range c.Steps {
			if id, ok := l.Contract.BindStep(&c.Steps[i], d.State); ok {
				c.ID = append(c.ID, id)
			}
		}
		if len(c.ID) == len(c.Steps) {
			pairs, calls = append(pairs, pair), append(calls, c)
		}
	}
	return pairs, calls
}
