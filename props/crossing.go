package props

import (
	"context"
	"iter"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// crossingTries bounds, for each dataset of the walk, the scenarios in which a leak is looked for again.
const crossingTries = 16

// crossing is an instance of a leak that concerns a row of another tenant, if the walk's cell has
// one: it says more than one within the tenant, or of a row that belongs to nobody. What takes real
// commits stays as it was found.
func (c *campaign) crossing(ctx context.Context, l *lab, k leak) (leak, error) {
	if k.found.Cross || k.found.Left || k.scenario.Real() || k.target.Class > judge.Canary {
		return k, nil
	}
	first := &k.scenario.Steps[k.found.Step]
	for n := range c.Plan.MatrixSets() {
		d, tried := c.Plan.MatrixDataset(n), 0
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
				return k, nil
			}
		}
	}
	return k, nil
}

// tries is what the walk tries in a cell on one of its datasets.
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
