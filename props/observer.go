package props

import (
	"context"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// observer is a call whose output is compared between worlds.
type observer struct {
	*lab
	s      *model.Scenario
	at     int               // the step that calls the path
	id     *model.Identity   // who looks
	ids    []*model.Identity // who acts, by step, up to it
	worlds *gen.Worlds
	under  run.Variant // the change of the schema under which it runs: an experiment
	wrote  bool        // its session wrote rows before it looks
	tied   bool        // some of them refer to hidden ones
	before []string    // what its session may see before the call, in the first world; nil before it ran
}

// observe prepares the comparison. nil means that its rules could not be evaluated, or
// that the scenario cannot begin.
func (l *lab) observe(ctx context.Context, s *model.Scenario, at int) (*observer, error) {
	st := s.Initial(l.Contract.Schema)
	o := &observer{lab: l, s: s, at: at}
	for i := range s.Steps[:at+1] {
		id, ok := l.Contract.BindStep(&s.Steps[i], st)
		if !ok {
			return nil, nil
		}
		o.ids = append(o.ids, id)
	}
	o.id = o.ids[at]
	others := o.ids[:at]
	if step := &s.Steps[at]; step.Observed() {
		look, ok := step.Observer.Step(), false
		if o.id, ok = l.Contract.BindStep(&look, st); !ok {
			return nil, nil
		}
		others = o.ids
	}
	ask, err := l.fast.Answers(ctx, s.Data, o.id)
	if err != nil {
		return nil, err
	}
	var known bool
	if o.worlds, known = l.Plan.Worlds(o.id, s.Data, ask); !known {
		return nil, nil
	}
	if o.wrote = s.Tied(at) && !s.Real(); o.wrote {
		if known, err := o.ties(ctx); err != nil || !known {
			return nil, err
		}
	}
	for _, id := range others { // they must be able to act in every world
		switch {
		case pooled(s, at):
			o.worlds.Spare(id)
		case id.Tenant != o.id.Tenant || id.User != o.id.User:
			o.worlds.Keep(id)
		}
	}
	return o, nil
}

// observed reports whether somebody else looks than who calls.
func (o *observer) observed() bool { return o.s.Steps[o.at].Observed() }

// second makes a world that differs, and checks that it is valid. Where somebody of a tenant looks at
// what another session makes, such as a nightly job, only rows of other tenants differ: a job may
// well read rows that belong to no tenant.
func (o *observer) second(ctx context.Context, v gen.Variant, only []gen.Place) ([][]model.Row, bool, error) {
	if only == nil && o.observed() {
		if only = o.foreign(); len(only) == 0 {
			return nil, false, nil
		}
	}
	data, ok := o.worlds.Make(v, only)
	if !ok {
		return nil, false, nil
	}
	ask, err := o.fast.Answers(ctx, data, o.id)
	if err != nil {
		return nil, false, err
	}
	return data, ask == nil || o.worlds.Valid(data, ask), nil
}

// outputs runs the scenario in several worlds and gives the lines of each. nil is a world
// that could not be made.
func (o *observer) outputs(ctx context.Context, worlds []run.World) ([][]string, error) {
	if o.s.Real() {
		return o.really(ctx, worlds)
	}
	calls := []run.Calls{{ID: o.ids, Steps: o.s.Steps[:o.at+1]}}
	runs, err := o.fast.Worlds(ctx, worlds, calls, true, o.under)
	if err != nil {
		return nil, err
	}
	out := make([][]string, len(worlds))
	for i := range runs {
		r := &runs[i][0]
		if r.Invalid != "" || r.Steps[o.at].Output == nil {
			continue
		}
		out[i] = o.trace(r.Steps[o.at].Output, r.Before, r.After)
	}
	return out, nil
}

// trace is the lines of a call, sorted: its output and the rows that it made for its session to
// see; where somebody else looks, the rows that it made for that one.
func (o *observer) trace(output *model.Output, before, after [][]model.Row) []string {
	out := []string{}
	if !o.observed() {
		out = output.Lines()
	}
	out = append(out, o.made(before, after)...)
	slices.Sort(out)
	return out
}

// listens reports whether it is about what a session hears.
func (o *observer) listens() bool { return o.s.Steps[o.at].Op.Path.Channel != nil }

// differ reports whether two traces tell two worlds apart. Where somebody looks at what another
// session makes, or listens, each trace must have something that the other lacks: that one has
// only more may mean that a tenant's work is not done yet, or nothing is sent yet, because
// others' comes first.
func (o *observer) differ(a, b []string) bool {
	if o.observed() || o.listens() {
		return len(judge.Only(a, b)) > 0 && len(judge.Only(b, a)) > 0
	}
	return !slices.Equal(a, b)
}

// made is the rows that the steps made and the observer may see. Where somebody else made them,
// columns whose values drift are left out: a sequence, say, gives numbers that others use up too.
func (o *observer) made(before, now [][]model.Row) []string {
	p := model.Predictor{Contract: o.Contract}
	after := model.NewState(o.Contract.Schema, now)
	var out []string
	for i, t := range o.Contract.Schema.Tables {
		sees := &o.id.Session.Sees[i]
		columns := sees.Columns
		if o.observed() {
			columns = t.Steady(columns)
		}
		for _, row := range model.Without(now[i], before[i]) {
			if ok, known := p.Holds(sees.Rule, o.id, after, row); ok && known {
				out = append(out, "ROW "+t.Label()+" "+string(model.AppendRecord(nil, row, columns)))
			}
		}
	}
	return out
}

// foreign lists the rows that belong to another tenant.
func (o *observer) foreign() []gen.Place {
	st := o.s.Initial(o.Contract.Schema)
	own := map[string]bool{}
	o.Contract.SessionTenants(o.id, st, func(v model.Value) bool {
		own[v.Text] = true
		return true
	})
	out := []gen.Place{}
	for _, at := range o.worlds.Hidden() {
		other := false
		o.Contract.Tenants(st, o.Contract.Schema.Tables[at.Table], o.worlds.Row(at), func(v model.Value) bool {
			other = other || !own[v.Text]
			return !other
		})
		if other {
			out = append(out, at)
		}
	}
	return out
}
