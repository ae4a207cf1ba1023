package props

import (
	"context"
	"maps"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// paths is the paths whose calls may change with the remedy: those that leak, and those
// that use what it is about.
func (m *mender) paths() map[*model.Path]bool {
	out := map[*model.Path]bool{}
	for i := range m.leaks {
		if p := m.leaks[i].target.Cell.Path; p != nil {
			out[p] = true
		}
	}
	o := &m.leaks[0].cause.object
	for _, p := range m.Contract.Paths {
		out[p] = out[p] || o.Routine != nil && m.reads(p, "", o.Routine.Name) || o.View != nil && m.reads(p, "", o.View.Name)
	}
	maps.DeleteFunc(out, func(p *model.Path, used bool) bool {
		return !used || len(p.Command) > 0 || p.Shadow != nil // a table that deceives nobody changes what comes out
	})
	return out
}

// harmlessCalls compares the calls of these paths with the remedy and without.
func (m *mender) harmlessCalls(ctx context.Context, d *gen.Dataset) (bool, error) {
	paths := m.paths()
	if len(paths) == 0 {
		return true, nil
	}
	for i := range d.Cast {
		lots := map[string][]model.Step{}
		for _, step := range m.rightful(m.Plan.Calls(d, &d.Cast[i])) {
			if paths[step.Op.Path] {
				key := observerKey(&step)
				lots[key] = append(lots[key], step)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(lots)) {
			if ok, err := m.harmlessLot(ctx, d, lots[key]); err != nil || !ok {
				return false, err
			}
		}
	}
	return true, nil
}

// rightful is the calls of one member but those of a session that lost its tenant. What a session without
// tenants does for all of them at once is compared where one of a tenant observes it: rows of several
// tenants may be what it mixes up.
func (m *mender) rightful(calls []gen.Call) []model.Step {
	watched := map[*model.Path]bool{}
	for i := range calls {
		step := &calls[i].Step
		watched[step.Op.Path] = watched[step.Op.Path] || step.Observed()
	}
	var out []model.Step
	for i := range calls {
		step := calls[i].Step
		if step.Tenant.Null && !step.Op.Path.User(step.Session).Rules.Tenantless {
			continue
		}
		if step.Observed() || !watched[step.Op.Path] {
			out = append(out, step)
		}
	}
	return out
}

// harmlessLot compares the calls of one observer. In a world without a row that it may not
// see, a remedy changes nothing; and in no other world does a call tell of these rows.
func (m *mender) harmlessLot(ctx context.Context, d *gen.Dataset, steps []model.Step) (bool, error) {
	o, err := m.observe(ctx, &model.Scenario{Data: d.Data, Steps: steps[:1]}, 0)
	if err != nil || o == nil {
		return err == nil, err
	}
	worlds, _, err := o.some(ctx, gen.Variants)
	if err != nil {
		return false, err
	}
	calls := make([]run.Calls, len(steps))
	for i := range steps {
		id, _ := m.Contract.BindStep(&steps[i], d.State)
		calls[i] = run.Calls{ID: []*model.Identity{id}, Steps: steps[i : i+1]}
	}
	m.checks += len(steps)
	with := m.base.And(m.remedy)
	bare, err := m.bare(ctx, o)
	if err != nil {
		return false, err
	}
	if same, err := m.sameCalls(ctx, bare, calls); err != nil || !same {
		return false, err
	}
	runs, err := m.fast.Worlds(ctx, worlds, calls, false, with)
	if err != nil {
		return false, err
	}
	for i := range steps {
		if !differs(runs, i) && !odd(&runs[0][i], &steps[i]) {
			continue
		}
		if worse, err := m.worseCall(ctx, &model.Scenario{Data: d.Data, Steps: steps[i : i+1]}); err != nil || worse {
			return false, err
		}
	}
	return true, nil
}

// bare is a world without hidden rows, twice; and where some stay, since visible ones refer
// to them, the same with others in their place. None where there is no such world.
func (m *mender) bare(ctx context.Context, o *observer) ([]run.World, error) {
	if !o.observed() && len(o.worlds.Hidden()) == 0 {
		return []run.World{{Data: o.s.Data}, {Data: o.s.Data}}, nil
	}
	data, ok, err := o.second(ctx, gen.Remove, nil)
	if err != nil || !ok {
		return nil, err
	}
	out := []run.World{{Data: data}, {Data: data}}
	left, err := m.observe(ctx, &model.Scenario{Data: data, Steps: o.s.Steps}, o.at)
	if err != nil || left == nil {
		return nil, err
	}
	other, ok, err := left.second(ctx, gen.Change, nil)
	if err == nil && ok {
		out = append(out, run.World{Data: other})
	}
	return out, err
}

// sameCalls reports whether calls give and write the same with the remedy and without, those aside
// whose own answer is what was wrong. For which rows a condition on a view is asked follows from the
// plan too, which a remedy may change.
func (m *mender) sameCalls(ctx context.Context, worlds []run.World, calls []run.Calls) (bool, error) {
	if len(worlds) == 0 {
		return true, nil
	}
	before, err := m.fast.Worlds(ctx, worlds[:1], calls, false, m.base)
	if err != nil {
		return false, err
	}
	after, err := m.fast.Worlds(ctx, worlds[:1], calls, false, m.base.And(m.remedy))
	if err != nil {
		return false, err
	}
	o := &m.leaks[0].cause.object
	var others []run.Calls
	for i := range calls {
		p := calls[i].Steps[0].Op.Path
		stored := p.View != nil && p.View.Materialized && (p.View == o.View || o.Kind == carrier.Membership)
		asked := p.Leaky && p.View != nil
		if stored || asked || m.closed(p, &after[0][i]) || o.Kind == carrier.Helper && p.Routine == o.Routine {
			continue
		}
		if !before[0][i].Same(&after[0][i]) {
			others = append(others, calls[i])
		}
	}
	if len(others) == 0 {
		return true, nil
	}
	loses, err := m.loses(ctx, worlds, others)
	return !loses, err
}

// closed reports whether a call of a path that the contract does not name is refused for want of a
// privilege, by a remedy that takes such away.
func (m *mender) closed(p *model.Path, after *run.WorldRun) bool {
	return m.closes && !p.Named() && slices.ContainsFunc(after.Steps, func(s run.CallSum) bool { return s.Denied() })
}

// worseCall reports whether a call shows a divergence with the remedy that it does not show
// without it, or one that should be gone.
func (m *mender) worseCall(ctx context.Context, s *model.Scenario) (bool, error) {
	verdict := func(v run.Variant) (*judge.Verdict, error) {
		out, err := m.under(ctx, s, v)
		if err != nil {
			return nil, err
		}
		d, _, err := m.interference(ctx, s, 0, v)
		if d != nil {
			out.Interferes(d)
		}
		return out, err
	}
	had, err := verdict(m.base)
	if err != nil {
		return false, err
	}
	has, err := verdict(m.base.And(m.remedy))
	return err == nil && m.added(s, had, has), err
}
