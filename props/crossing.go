package props

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"

	"pgregory.net/rapid"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
	"github.com/rlsfuzz/rlsfuzz/props/search"
)

// How much is tried to find a leak again: scenarios of a dataset, and of a path datasets that are
// drawn, always the same ones.
const (
	crossingTries = 16
	crossingDraws = 60
)

// crossing is an instance of a leak that concerns a row of another tenant, if one of the walk or, of
// a path, a drawn one does: it says more than one within the tenant, or of a row that belongs to
// nobody. What takes real commits stays as it was found, and so does all where the first finding is
// all that is asked for.
func (c *campaign) crossing(ctx context.Context, l *lab, k leak) (leak, error) {
	if c.cfg.First || k.found.Cross || k.found.Left || k.scenario.Real() || k.target.Class > judge.Canary {
		return k, nil
	}
	for n := range c.Plan.MatrixSets() {
		if other, err := c.crossingIn(ctx, l, k, c.Plan.MatrixDataset(n)); err != nil || other.found.Cross {
			return other, err
		}
	}
	if k.target.Cell.Path == nil {
		return k, nil
	}
	var wrong error
	failure, err := search.Check(1, crossingDraws, func(t *rapid.T) {
		if wrong == nil && !k.found.Cross {
			k, wrong = c.crossingIn(ctx, l, k, c.Plan.Dataset(gen.Drawn{T: t}, gen.Options{Newcomers: true}))
		}
	})
	if failure != "" && err == nil {
		err = errors.New(failure)
	}
	return k, cmp.Or(wrong, err)
}

// crossingIn looks for such an instance in the cell on one dataset.
func (c *campaign) crossingIn(ctx context.Context, l *lab, k leak, d *gen.Dataset) (leak, error) {
	first, tried := &k.scenario.Steps[k.found.Step], 0
	for steps := range c.tries(d, k.target.Cell) {
		step := &steps[len(steps)-1]
		if step.Session != first.Session || step.Tenant.Null != first.Tenant.Null {
			continue
		}
		if tried++; tried > crossingTries {
			break
		}
		s := &model.Scenario{Data: d.Data, Steps: steps}
		found, err := l.crosses(ctx, s, k.target)
		if err != nil {
			return k, err
		}
		if found != nil {
			k.scenario, k.found = s, *found
			break
		}
	}
	return k, nil
}

// tries is what the walk would try in a cell on a dataset.
func (c *campaign) tries(d *gen.Dataset, cell judge.Cell) iter.Seq[[]model.Step] {
	return func(yield func([]model.Step) bool) {
		if cell.Path == nil {
			for _, steps := range c.Plan.Matrix(d) {
				if cellOf(&steps[0]) == cell && !yield(steps) {
					return
				}
			}
			return
		}
		for i := range d.Cast {
			if d.Cast[i].Session.ID != cell.Session {
				continue
			}
			for _, call := range c.Plan.Calls(d, &d.Cast[i]) {
				if call.Step.Op.Path == cell.Path && !call.Step.Runs() && !yield([]model.Step{call.Step}) {
					return
				}
			}
		}
	}
}

// crosses is how a scenario shows a target by rows of other tenants; nil if it does not.
func (l *lab) crosses(ctx context.Context, s *model.Scenario, target judge.Target) (*judge.Divergence, error) {
	if at := len(s.Steps) - 1; s.Steps[at].Op.Path != nil && target.Class == judge.Interference {
		d, err := l.once(ctx, s, at, brief{variants: firstLook, cross: true}, run.Variant{})
		if d == nil || err != nil {
			return nil, err
		}
	}
	v, err := l.verdict(ctx, s)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(v.Divergences, func(d judge.Divergence) bool { return d.Cross && d.Target() == target })
	if i < 0 {
		return nil, nil
	}
	return &v.Divergences[i], nil
}
