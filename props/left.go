package props

import (
	"context"
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// pooled reports whether a step may find what a session of another tenant left: it runs with real
// commits, on pooled connections, after a step of another tenant.
func pooled(s *model.Scenario, at int) bool {
	step := &s.Steps[at]
	if !s.Committed || s.Runs() || s.Listens() || step.Fresh || step.Op.Path != nil && step.Op.Path.Job() { // jobs have plays instead
		return false
	}
	return slices.ContainsFunc(s.Steps[:at], func(o model.Step) bool { return o.Tenant != s.Steps[at].Tenant })
}

// single is the scenario of one step alone.
func single(s *model.Scenario, at int, committed bool) *model.Scenario {
	return &model.Scenario{Data: s.Data, Steps: s.Steps[at : at+1], Committed: committed}
}

// found looks for a leak of a call through what earlier steps left: its output depends on rows
// that its session may not see, and does not when the call is made alone.
func (l *lab) found(ctx context.Context, s *model.Scenario, at int) (*judge.Divergence, string, error) {
	var d *judge.Divergence
	var reason string
	var err error
	switch {
	case l.brief == nil:
		var some bool
		if some, err = l.suspects(ctx, s, at); err == nil && some {
			d, reason, err = l.interference(ctx, s, at, run.Variant{})
		}
	case len(l.brief.variants) > 0:
		d, err = l.once(ctx, s, at, *l.brief, run.Variant{})
	}
	if err != nil || d == nil {
		return nil, reason, err
	}
	var alone *judge.Divergence // what a call tells by itself is found where it is made alone
	if l.brief == nil {
		alone, _, err = l.interference(ctx, single(s, at, false), 0, run.Variant{})
	} else {
		alone, err = l.once(ctx, single(s, at, false), 0, *l.brief, run.Variant{})
	}
	if err != nil || alone != nil {
		return nil, "", err
	}
	d.Inherits()
	return d, "", nil
}

// suspects reports whether the call's output differs in some second world when the scenario runs
// in one transaction that is rolled back. That is fast, and what does not differ there is not
// looked at with real commits.
func (l *lab) suspects(ctx context.Context, s *model.Scenario, at int) (bool, error) {
	o, err := l.observe(ctx, s, at)
	if err != nil || o == nil {
		return false, err
	}
	worlds, _, err := o.some(ctx, gen.Variants)
	if err != nil {
		return false, err
	}
	runs, err := l.fast.Worlds(ctx, worlds, []run.Calls{{ID: o.ids, Steps: s.Steps[:at+1]}}, false, run.Variant{})
	if err != nil {
		return false, err
	}
	return tells(runs, 0, at), nil
}

// tells reports whether a step gave something else in some world than in the first.
func tells(runs [][]run.WorldRun, call, at int) bool {
	first := &runs[0][call]
	for w := 1; w < len(runs); w++ {
		if o := &runs[w][call]; first.Invalid == "" && o.Invalid == "" && o.Steps[at].Sum != first.Steps[at].Sum {
			return true
		}
	}
	return false
}

// sight is the rows that the observing session may see before its call.
func (o *observer) sight(before [][]model.Row) []string {
	p := model.Predictor{Contract: o.Contract}
	st := model.NewState(o.Contract.Schema, before)
	var out []string
	for i, t := range o.Contract.Schema.Tables {
		sees := &o.id.Session.Sees[i]
		for _, row := range before[i] {
			if ok, known := p.Holds(sees.Rule, o.id, st, row); ok && known {
				out = append(out, t.Label()+" "+string(model.AppendRecord(nil, row, sees.Columns)))
			}
		}
	}
	slices.Sort(out)
	return out
}

// inherited marks the divergences that come from what earlier steps left on the connection: those
// that are gone both on a connection that nobody used and where the step runs alone.
func (l *lab) inherited(ctx context.Context, s *model.Scenario, v *judge.Verdict) error {
	some := false
	for i := range v.Divergences {
		d := &v.Divergences[i]
		if d.Left || d.Worlds != nil || d.Class > judge.Canary || !pooled(s, d.Step) || d.Step > forbidden(v) {
			continue
		}
		fresh := &model.Scenario{Data: s.Data, Steps: slices.Clone(s.Steps[:d.Step+1]), Committed: true}
		fresh.Steps[d.Step].Fresh = true
		left := true
		for _, other := range []*model.Scenario{fresh, single(s, d.Step, true)} {
			if !left {
				break
			}
			w, err := l.under(ctx, other, run.Variant{})
			if err != nil {
				return err
			}
			left = !slices.ContainsFunc(w.Divergences, func(o judge.Divergence) bool {
				return o.Cell == d.Cell && o.Step == len(other.Steps)-1 && o.Class < judge.Lockout
			})
		}
		if left {
			d.Inherits()
			some = true
		}
	}
	if some {
		v.Sort()
	}
	return nil
}

// leaver is the cause that an earlier step left what a divergence comes from: the latest one without
// which it is gone. ok is false where there is none; and where another path left it in the
// database, not on the connection: then what lets the divergence's own path find it is the better
// cause, and c stands in for that only if none is found.
func (l *lab) leaver(ctx context.Context, s *model.Scenario, d *judge.Divergence) (c Cause, ok bool, err error) {
	for i := d.Step - 1; i >= 0; i-- {
		t := &model.Scenario{Data: s.Data, Steps: slices.Delete(slices.Clone(s.Steps[:d.Step+1]), i, i+1), Committed: true}
		gone, err := l.gone(ctx, t, d)
		if err != nil || !gone {
			if err != nil {
				return Cause{}, false, err
			}
			continue
		}
		switch at := &s.Steps[d.Step]; {
		case s.Steps[i].Prepared && at.Prepared:
			c, err := l.frozen(ctx, s, d)
			return c, true, err
		case at.Undone && at.Session.Within():
			return takenBack(at.Session), true, nil
		}
		t = &model.Scenario{Data: s.Data, Steps: slices.Clone(s.Steps[:d.Step+1]), Committed: true}
		t.Steps[d.Step].Fresh = true
		if gone, err = l.gone(ctx, t, d); err != nil {
			return Cause{}, false, err
		}
		own := s.Steps[i].Op.Path == s.Steps[d.Step].Op.Path
		return l.left(&s.Steps[i], gone), gone || own || d.Cell.Path == nil, nil
	}
	return Cause{}, false, nil
}

// takenBack is the cause that a ROLLBACK undoes the binding of a connection to a session.
func takenBack(s *model.Session) Cause {
	return Cause{
		Key:  "taken back " + s.Login.Text,
		Text: fmt.Sprintf("session %s is bound in a transaction: a ROLLBACK takes that back, and its connection goes on with what was set before", s.Name),
	}
}

// frozen is the cause that a kept plan holds a tenant: the function marked IMMUTABLE without whose
// mark the divergence is gone; if no function alone is, the plan itself.
func (l *lab) frozen(ctx context.Context, s *model.Scenario, d *judge.Divergence) (Cause, error) {
	for _, f := range l.Contract.Schema.Frozen {
		o := carrier.Object{Kind: carrier.Frozen, Routine: f}
		c := Cause{
			Key: "immutable " + o.Name(), object: o, try: run.Variant{Before: []string{o.Stable()}},
			Text: o.Name() + " is marked IMMUTABLE, and a plan that a connection keeps goes on with its result for another session",
		}
		gone, err := l.without(ctx, s, d, c)
		if err != nil || gone {
			return c, err
		}
	}
	return Cause{Key: "kept plan", Text: "a plan that a connection keeps goes on with what was true of another session"}, nil
}

// consequence is the known cause of a forbidden write that came before a divergence: what a session
// finds may follow from what another one should not have changed. ok is false where there is none.
func (l *lab) consequence(ctx context.Context, s *model.Scenario, d *judge.Divergence, known []leak) (c Cause, ok bool, err error) {
	if len(known) == 0 {
		return Cause{}, false, nil
	}
	v, err := l.verdict(ctx, s)
	if err != nil {
		return Cause{}, false, err
	}
	for i := range v.Divergences {
		o := &v.Divergences[i]
		if o.Left || o.Became == nil || o.Class > judge.Write || o.Step > d.Step {
			continue
		}
		wrote := &model.Scenario{Data: s.Data, Steps: s.Steps[:o.Step+1], Committed: s.Committed}
		c, err := l.cause(ctx, wrote, o, known)
		if err != nil {
			return Cause{}, false, err
		}
		if slices.ContainsFunc(known, func(k leak) bool { return k.cause.Key == c.Key }) {
			return c, true, nil
		}
	}
	return Cause{}, false, nil
}

// repeated is the known cause of another leak of the same path without which this one is gone too:
// what lets the path tell of hidden rows lets it tell of those that an earlier call made. ok is
// false where there is none.
func (l *lab) repeated(ctx context.Context, s *model.Scenario, d *judge.Divergence, known []leak) (Cause, bool, error) {
	if s.Runs() {
		return Cause{}, false, nil
	}
	var tried []string
	for i := range known {
		k := &known[i]
		if d.Cell.Path == nil || k.target.Cell.Path != d.Cell.Path || k.found.Left || !k.cause.switches() || k.cause.try.Roles || slices.Contains(tried, k.cause.Key) {
			continue
		}
		tried = append(tried, k.cause.Key)
		if gone, err := l.without(ctx, s, d, k.cause); err != nil || gone {
			return k.cause, gone, err
		}
	}
	return Cause{}, false, nil
}

// left is the cause that a step left something: on its connection, or else in the database.
func (t *Target) left(step *model.Step, connection bool) Cause {
	if step.Op.Path == nil && !step.Session.Local() {
		return Cause{
			Key:  "left settings " + step.Session.Login.Text,
			Text: fmt.Sprintf("the settings of session %s stay on its connection when it is released", step.Session.Name),
		}
	}
	var object carrier.Object
	what := "a statement of " + step.Session.Name
	if step.Op.Path != nil {
		what, object = step.Op.Path.Name, t.does(step.Op.Path, carrier.Leaves)
	}
	where := "in the database"
	if connection {
		where = "on the connection"
	}
	return Cause{Key: "left " + what, Text: fmt.Sprintf("%s leaves %s what the next session finds", what, where), object: object}
}

// gone reports whether a changed scenario no longer shows a divergence in its last step.
func (l *lab) gone(ctx context.Context, s *model.Scenario, d *judge.Divergence) (bool, error) {
	at := len(s.Steps) - 1
	if d.Worlds != nil {
		still, err := l.once(ctx, s, at, brief{variants: []gen.Variant{d.Worlds.Variant}}, run.Variant{})
		return still == nil, err
	}
	v, err := l.under(ctx, s, run.Variant{})
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(v.Divergences, func(o judge.Divergence) bool {
		return o.Cell == d.Cell && o.Step == at && o.Class < judge.Lockout
	}), nil
}
