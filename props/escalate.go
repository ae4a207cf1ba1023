package props

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// escalationTries bounds the scenarios of a write in which its effect is looked for.
const escalationTries = 24

// escalation looks for what a forbidden write makes readable. It tries scenarios of the walk as well
// as the leak's own, since a least case has hardly any rows to read. The session looks before the
// write and after it, each time bound anew, as an application would at its next request. Rows that
// the write itself changed do not count, nor rows that the contract lets the session see.
func (c *campaign) escalation(ctx context.Context, like []leak, k leak) ([]finding.Readable, error) {
	var tries []leak
	for _, w := range append(slices.Clone(like), k) {
		if w.target.Class <= judge.Write && len(w.found.Became) > 0 {
			tries = append(append(tries, w), c.writes[w.target]...)
		}
	}
	tries = tries[:min(len(tries), 2*escalationTries)]
	for _, w := range tries {
		wider, err := c.labs[0].widened(ctx, w.scenario, &w.found)
		if err != nil || len(wider) > 0 {
			return wider, err
		}
	}
	return nil, nil
}

// widened compares what a session reads before a step and after it.
func (l *lab) widened(ctx context.Context, s *model.Scenario, d *judge.Divergence) ([]finding.Readable, error) {
	plain := &model.Scenario{Data: s.Data, Steps: s.Steps[:d.Step+1]}
	trace, err := l.fast.Careful(ctx, plain, run.Variant{})
	if errors.Is(err, run.ErrInvalid) || err == nil && len(trace.Steps) <= d.Step {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	earlier := trace.Initial
	if d.Step > 0 {
		earlier = trace.Steps[d.Step-1].After
	}
	before, err := l.looksAt(ctx, earlier, &s.Steps[d.Step])
	if err != nil || before == nil {
		return nil, err
	}
	after, err := l.looksAt(ctx, trace.Steps[d.Step].After, &s.Steps[d.Step])
	if err != nil || after == nil {
		return nil, err
	}
	return l.difference(&s.Steps[d.Step], earlier, trace.Steps[d.Step].After, before, after), nil
}

// looksAt is what the session of a step sees of some rows; nil when they do not load,
// or have no such tenant or user.
func (l *lab) looksAt(ctx context.Context, rows [][]model.Row, step *model.Step) (*model.StepTrace, error) {
	look := *step
	look.Op, look.Fresh = model.Op{Raw: "SELECT"}, false
	s := &model.Scenario{Data: l.withoutSeeds(rows), Steps: []model.Step{look}}
	trace, err := l.fast.Careful(ctx, s, run.Variant{})
	if errors.Is(err, run.ErrInvalid) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for an escalation: %w", err)
	}
	return &trace.Steps[0], nil
}

// withoutSeeds leaves out the rows of the schema's own files, which are there anyway.
func (l *lab) withoutSeeds(rows [][]model.Row) [][]model.Row {
	out := make([][]model.Row, len(rows))
	for i, t := range l.Contract.Schema.Tables {
		out[i] = model.Without(rows[i], t.Seed)
	}
	return out
}

// difference lists the rows that the step left alone and that became readable.
func (l *lab) difference(step *model.Step, earlier, later [][]model.Row, before, after *model.StepTrace) []finding.Readable {
	st := model.NewState(l.Contract.Schema, earlier)
	id, ok := l.Contract.Bind(step.Session, step.Tenant, step.User, st)
	if !ok {
		return nil
	}
	p := model.Predictor{Contract: l.Contract}
	p.Ask = before.Answers.Holds
	seen := map[int]map[string]bool{}
	for i := range before.Seen {
		seen[before.Seen[i].Table] = set(before.Seen[i].Rows)
	}
	var out []finding.Readable
	for i := range after.Seen {
		s := &after.Seen[i]
		t := l.Contract.Schema.Tables[s.Table]
		now, still := set(s.Rows), map[string]bool{}
		for _, row := range later[t.ID] {
			still[string(model.AppendRecord(nil, row, nil))] = true
		}
		r := finding.Readable{Table: t.Label()}
		for _, row := range earlier[t.ID] {
			record := string(model.AppendRecord(nil, row, s.Columns)) //nolint:staticcheck // it is looked up twice
			if !still[string(model.AppendRecord(nil, row, nil))] || !now[record] || seen[t.ID][record] {
				continue
			}
			if ok, known := p.Holds(step.Session.Sees[t.ID].Rule, id, st, row); !known || ok {
				continue
			}
			r.Rows++
			r.Foreign = r.Foreign || l.ofOthers(id, st, t, row)
		}
		if r.Rows > 0 {
			out = append(out, r)
		}
	}
	return out
}

// ofOthers reports whether a row has a tenant that is not the session's.
func (l *lab) ofOthers(id *model.Identity, st *model.State, t *model.Table, row model.Row) bool {
	own := map[string]bool{}
	l.Contract.SessionTenants(id, st, func(v model.Value) bool {
		own[v.Text] = true
		return true
	})
	found := false
	l.Contract.Tenants(st, t, row, func(v model.Value) bool {
		found = found || !own[v.Text]
		return !found
	})
	return found
}

func set(list []string) map[string]bool {
	out := map[string]bool{}
	for _, s := range list {
		out[s] = true
	}
	return out
}
