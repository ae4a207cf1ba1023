package props

import (
	"context"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// A tie is a row that a session puts in, or changes, and that refers to another tenant's: Postgres
// checks a foreign key whoever may see the row to which it leads. What a path then makes of the reference must not
// tell of that row. In second worlds it has other values; it is not removed, since the key itself
// tells that it is there.

// valued is the variants that neither add rows nor remove any. What is heard on a channel is tried in
// them too: whether something is sent at all may well depend on rows that the listener may not see.
var valued = []gen.Variant{gen.Change, gen.Columns}

// newTied divides pairs of a tie and a call into lots, by who calls.
func (l *lab) newTied(ctx context.Context, d *gen.Dataset, list [][]model.Step) (*calls, error) {
	c := &calls{}
	for _, pairs := range grouped(list, func(pair *[]model.Step) string { return observerKey(&(*pair)[1]) }) {
		x, err := l.newLot(ctx, &model.Scenario{Data: d.Data, Steps: pairs[0][1:]}, valued)
		if err != nil {
			return nil, err
		}
		if x == nil {
			continue
		}
		x.tied = true
		x.pairs, x.calls = l.bound(d, pairs, 0)
		c.lots = append(c.lots, x)
	}
	return c, nil
}

// settleTied judges calls after ties: those whose output is another one in some world, and is not
// when they are made alone.
func (l *lab) settleTied(ctx context.Context, d *gen.Dataset, x *lot, see func(s *model.Scenario, v *judge.Verdict) bool) (bool, error) {
	l.fast.Stepped(len(x.calls)*len(x.worlds), 0)
	kept, _, err := l.differing(ctx, d, x) // what differs alone too is found alone
	if err != nil {
		return false, err
	}
	for _, pair := range kept {
		if l.telling[judge.PathCell(pair[1].Session.ID, pair[1].Op.Path)] {
			continue
		}
		s := &model.Scenario{Data: d.Data, Steps: pair}
		v, err := l.verdict(ctx, s)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(v.Divergences, func(d judge.Divergence) bool { return d.Step == 0 }) {
			continue // the row must not have gone in: that is found without the call
		}
		if !see(s, v) {
			return false, nil
		}
	}
	return true, nil
}

// byTie reports whether a scenario needs its ties to show a leak in one step. That they can be made is
// part of such a leak, so none of them may become a row of the dataset.
func (l *lab) byTie(ctx context.Context, k leak, s *model.Scenario, at int) (bool, error) {
	if s.Tied(at) == nil {
		return false, nil
	}
	v, err := l.verdict(ctx, &model.Scenario{Data: s.Data, Steps: s.Steps[at : at+1], Committed: s.Committed})
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(v.Divergences, func(d judge.Divergence) bool { return k.alike(&d) }), nil
}
