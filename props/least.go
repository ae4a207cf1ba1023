package props

import (
	"context"
	"slices"
	"time"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/reduce"
)

// least reduces a leak to the least case of its cell.
func (l *lab) least(ctx context.Context, k leak) (leak, error) {
	if err := l.fewest(ctx, k.scenario, &k.found); err != nil {
		return k, err
	}
	b := l.briefOf(k.scenario, &k.found)
	s, d, err := l.reduced(ctx, k, b)
	if err != nil {
		return k, err
	}
	if b != nil { // look at the least case as at any other
		if d, err = l.still(ctx, s, k.target); err != nil {
			return k, err
		}
		if d == nil || !k.alike(d) {
			if k.scenario.Real() || l.quick { // too slow to look at all of each
				return k, nil
			}
			if s, d, err = l.reduced(ctx, k, nil); err != nil {
				return k, err
			}
		}
	}
	k.scenario, k.found = s, *d
	return k, l.fewest(ctx, s, &k.found)
}

// reduced is the least case, each step of which shows the leak in brief.
func (l *lab) reduced(ctx context.Context, k leak, b *brief) (*model.Scenario, *judge.Divergence, error) {
	l.brief = b
	defer func() { l.brief = nil }()
	tied, err := l.byTie(ctx, k, k.scenario, k.found.Step)
	if err != nil {
		return nil, nil, err
	}
	before, began := l.runs, time.Now()
	return reduce.Least(l.Plan, k.scenario, &k.found, func(s *model.Scenario) (*judge.Divergence, error) {
		slow := k.target.Cell.Path != nil || k.target.Class == judge.Lockout
		if l.quick && slow && l.runs >= before+quickRuns {
			return nil, nil // least enough
		}
		if l.pressed() && time.Since(began) > l.hurried {
			return nil, nil // a run with more time reduces it further
		}
		v, err := l.verdict(ctx, s)
		if err != nil {
			return nil, err
		}
		for i := range v.Divergences {
			o := &v.Divergences[i]
			if !k.alike(o) {
				continue
			}
			if tied {
				if still, err := l.byTie(ctx, k, s, o.Step); err != nil || !still {
					return nil, err
				}
			}
			return l.apart(ctx, k, s, o)
		}
		return nil, nil
	})
}

// apart is the divergence of a smaller case, or nil where only the rolled-back way of running
// shows it: there all steps share one connection, and a call finds what an earlier one left on
// it, such as a temporary table. Steps with connections of their own do not.
func (l *lab) apart(ctx context.Context, k leak, s *model.Scenario, d *judge.Divergence) (*judge.Divergence, error) {
	calls := slices.ContainsFunc(s.Steps[:d.Step], func(st model.Step) bool { return st.Op.Path != nil })
	if !k.scenario.Committed || s.Committed || !calls {
		return d, nil
	}
	k.scenario, k.found = s, *d
	if confirmed, _, err := l.referee(ctx, k); err != nil || !confirmed {
		return nil, err
	}
	return d, nil
}

// alike reports whether a divergence is the same leak in another scenario. What concerns another
// tenant must not become a leak within the tenant: that is less than what was found. Nor must what
// a call gives become what a key tells by an error.
func (k *leak) alike(d *judge.Divergence) bool {
	return d.Target() == k.target && (d.Cross || !k.found.Cross) && (!byKey(d) || byKey(&k.found))
}

// byKey reports whether two worlds differ by what a key tells: an error that it is taken, or that
// what is referred to is missing.
func byKey(d *judge.Divergence) bool {
	return d.Worlds != nil && (keyError(d.Worlds.First) || keyError(d.Worlds.Second))
}
