package props

import (
	"context"
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// loses reports whether one of the calls that give something else with the remedy loses what the rules
// allow, in worlds without hidden rows. What a call gives in all of the worlds, and again in another
// transaction, is compared: all of it; else all but what is made anew in each run; else how it
// ended, and how many rows it gave and wrote.
func (m *mender) loses(ctx context.Context, worlds []run.World, calls []run.Calls) (bool, error) {
	had, err := m.fast.Worlds(ctx, worlds, calls, true, m.base)
	if err != nil {
		return false, err
	}
	again, err := m.fast.Worlds(ctx, worlds[:1], calls, true, m.base)
	if err != nil {
		return false, err
	}
	after, err := m.fast.Worlds(ctx, worlds[:1], calls, true, m.base.And(m.remedy))
	if err != nil {
		return false, err
	}
	had = append(had, again...)
	for i := range calls {
		s := &model.Scenario{Data: worlds[0].Data, Steps: calls[i].Steps}
		var before []*run.WorldRun
		for _, w := range had {
			before = append(before, &w[i])
		}
		if !m.lesser(s, before, &after[0][i]) {
			continue
		}
		if wrong, err := m.wrong(ctx, s); err != nil || !wrong {
			return true, err
		}
	}
	return false, nil
}

// lesser reports whether a call gives something else than it certainly gave before.
func (m *mender) lesser(s *model.Scenario, before []*run.WorldRun, after *run.WorldRun) bool {
	if slices.ContainsFunc(before, func(r *run.WorldRun) bool { return r.Invalid != "" }) {
		return false
	}
	if after.Invalid != "" {
		return true
	}
	if m.useless(&s.Steps[0], before[0], after) {
		return false
	}
	known := judge.Known(s, m.Contract.Schema)
	for _, told := range []func(*run.WorldRun) []string{
		m.did,
		func(r *run.WorldRun) []string { return judge.Mask(m.did(r), known) },
		m.outcome,
	} {
		first := told(before[0])
		if !slices.ContainsFunc(before, func(r *run.WorldRun) bool { return !slices.Equal(told(r), first) }) {
			return !slices.Equal(told(after), first)
		}
	}
	return false
}

// did is all that a call gave and wrote, sorted.
func (m *mender) did(r *run.WorldRun) []string {
	out := r.Steps[0].Output.Lines()
	for i, t := range m.Contract.Schema.Tables {
		for _, row := range model.Without(r.After[i], r.Before[i]) {
			out = append(out, "+ "+t.Label()+" "+string(model.AppendRecord(nil, row, nil)))
		}
		for _, row := range model.Without(r.Before[i], r.After[i]) {
			out = append(out, "- "+t.Label()+" "+string(model.AppendRecord(nil, row, nil)))
		}
	}
	slices.Sort(out)
	return out
}

// outcome is how a call ended, and how many rows it gave, added and took away.
func (m *mender) outcome(r *run.WorldRun) []string {
	out := []string{fmt.Sprint(r.Steps[0].Code, " ", r.Steps[0].Rows)}
	for i, t := range m.Contract.Schema.Tables {
		added, gone := model.Without(r.After[i], r.Before[i]), model.Without(r.Before[i], r.After[i])
		out = append(out, fmt.Sprint(t.Label(), " ", len(added), " ", len(gone)))
	}
	return out
}

// useless reports whether a session without tenants is refused by the remedy what gave it no value,
// and wrote none, by a path that the contract does not name.
func (m *mender) useless(step *model.Step, before, after *run.WorldRun) bool {
	if !step.Tenant.Null || step.Op.Path.Named() || !after.Steps[0].Denied() {
		return false
	}
	for i := range before.After {
		if len(before.After[i]) != len(before.Before[i]) || len(model.Without(before.After[i], before.Before[i])) > 0 {
			return false
		}
	}
	value := func(v model.Value) bool { return !v.Null && v.Text != "" }
	return !slices.ContainsFunc(before.Steps[0].Output.Results, func(r model.Result) bool {
		return slices.ContainsFunc(r.Rows, func(row model.Row) bool { return slices.ContainsFunc(row, value) })
	})
}

// wrong reports whether a call by itself does without the remedy what should be gone with it.
func (m *mender) wrong(ctx context.Context, s *model.Scenario) (bool, error) {
	v, err := m.under(ctx, s, m.base)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(v.Divergences, func(d judge.Divergence) bool {
		return slices.ContainsFunc(m.leaks, func(k leak) bool { return k.target == d.Target() })
	}), nil
}
