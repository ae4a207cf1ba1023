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

// lost reports whether a session got something before that the rules allow, and does not
// after a remedy. Rules that are upper bounds count as well: what was there must stay.
func (m *mender) lost(s *model.Scenario, before, after *model.Trace, had *judge.Verdict) bool {
	for i := range before.Steps {
		if i >= len(after.Steps) {
			return true
		}
		b, a := &before.Steps[i], &after.Steps[i]
		if m.hides(s, i, b, a) {
			return true
		}
		same := m.sameRows(s, b.After, a.After)
		leaked := slices.ContainsFunc(had.Divergences, func(d judge.Divergence) bool { return d.Step == i && d.Class != judge.Lockout })
		shape := s.Steps[i].Op.Shape
		wrote := b.Err == nil && b.Count > 0 && (shape == nil || shape.Command != model.Select) // for queries, hides has told
		if wrote && !leaked && !mixed(&s.Steps[i]) && (a.Err != nil || a.Count != b.Count || !same) {
			return true
		}
		if !same { // later steps cannot be compared
			return false
		}
	}
	return false
}

// hides reports whether a session no longer sees a row that the rules allow it.
func (t *Target) hides(s *model.Scenario, at int, before, after *model.StepTrace) bool {
	st := model.NewState(t.Contract.Schema, before.After)
	id, ok := t.Contract.BindStep(&s.Steps[at], s.Initial(t.Contract.Schema))
	if !ok {
		return false
	}
	p := model.Predictor{Contract: t.Contract, Ask: before.Later.Holds}
	now := map[int]map[string]int{}
	for i := range after.Seen {
		now[after.Seen[i].Table] = counts(after.Seen[i].Rows)
	}
	for i := range before.Seen {
		look := &before.Seen[i]
		had, may, still := counts(look.Rows), map[string]int{}, map[string]bool{} // a hidden row may look like one that is not
		for _, row := range after.After[look.Table] {
			still[string(model.AppendRecord(nil, row, nil))] = true
		}
		for _, row := range before.After[look.Table] {
			if !still[string(model.AppendRecord(nil, row, nil))] { // the step itself had another effect
				continue
			}
			if ok, known := p.Holds(id.Session.Sees[look.Table].Rule, id, st, row); ok && known {
				may[string(model.AppendRecord(nil, row, look.Columns))]++
			}
		}
		for record, n := range may {
			if now[look.Table][record] < min(n, had[record]) {
				return true
			}
		}
	}
	return false
}

func counts(list []string) map[string]int {
	out := map[string]int{}
	for _, s := range list {
		out[s]++
	}
	return out
}

// sameRows reports whether two states have the same rows, values aside that are new in each
// run: times, random keys.
func (m *mender) sameRows(s *model.Scenario, a, b [][]model.Row) bool {
	lines := func(rows [][]model.Row) []string {
		var out []string
		for i := range rows {
			for _, row := range rows[i] {
				out = append(out, m.Contract.Schema.Tables[i].Label()+" "+string(model.AppendRecord(nil, row, nil)))
			}
		}
		slices.Sort(out)
		return out
	}
	x, y := lines(a), lines(b)
	if slices.Equal(x, y) {
		return true
	}
	known := judge.Known(s, m.Contract.Schema)
	return slices.Equal(judge.Mask(x, known), judge.Mask(y, known))
}

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
		for _, call := range m.Plan.Calls(d, &d.Cast[i]) {
			if paths[call.Step.Op.Path] && !call.Step.Tenant.Null {
				key := observerKey(&call.Step)
				lots[key] = append(lots[key], call.Step)
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

// sameCalls reports whether calls give the same with the remedy and without, those aside
// that do not even give the same in all of the worlds, or whose own answer is what was wrong. For
// which rows a condition on a view is asked follows from the plan too, which a remedy may change.
func (m *mender) sameCalls(ctx context.Context, worlds []run.World, calls []run.Calls) (bool, error) {
	if len(worlds) == 0 {
		return true, nil
	}
	before, err := m.fast.Worlds(ctx, worlds, calls, false, m.base)
	if err != nil {
		return false, err
	}
	again, err := m.fast.Worlds(ctx, worlds[:1], calls, false, m.base)
	if err != nil {
		return false, err
	}
	after, err := m.fast.Worlds(ctx, worlds[:1], calls, false, m.base.And(m.remedy))
	if err != nil {
		return false, err
	}
	o := &m.leaks[0].cause.object
	for i := range calls {
		first := &before[0][i]
		p := calls[i].Steps[0].Op.Path
		stored := p.View != nil && p.View.Materialized && (p.View == o.View || o.Kind == carrier.Membership)
		asked := p.Leaky && p.View != nil
		if stored || asked || m.closed(p, &after[0][i]) || o.Kind == carrier.Helper && p.Routine == o.Routine {
			continue
		}
		certain := !slices.ContainsFunc(before, func(w []run.WorldRun) bool { return w[i].Invalid != "" || !w[i].Same(first) })
		same := (*run.WorldRun).Same
		if !first.Same(&again[0][i]) { // it keeps the time
			same = (*run.WorldRun).Alike
		}
		if certain && same(first, &again[0][i]) && !same(first, &after[0][i]) {
			return false, nil
		}
	}
	return true, nil
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
