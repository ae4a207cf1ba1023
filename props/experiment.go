package props

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// twin is the same scenario in a transaction that is rolled back, if it shows the same
// there: experiments change roles and logins, which committed runs share with others.
func (l *lab) twin(ctx context.Context, s *model.Scenario, d *judge.Divergence) (*model.Scenario, *judge.Divergence, error) {
	if !s.Committed || s.Runs() {
		return s, d, nil
	}
	t := &model.Scenario{Data: s.Data, Steps: slices.Clone(s.Steps)}
	for i := range t.Steps {
		t.Steps[i] = t.Steps[i].Plain()
	}
	if t.Real() {
		return s, d, nil
	}
	return l.instead(ctx, s, d, t, d.Step)
}

// alone is a step of a scenario by itself, if it shows the same so: an experiment with what
// its session may do could take from the other steps what makes it show. Of a row of another table
// that the session does not get, it is the look alone: the statement has nothing to do with it.
func (l *lab) alone(ctx context.Context, s *model.Scenario, d *judge.Divergence) (*model.Scenario, *judge.Divergence, error) {
	op := &s.Steps[d.Step].Op
	if d.Class == judge.Lockout && op.Shape != nil && op.Shape.Table.ID != d.Cell.Table && !s.Committed {
		look := s.Steps[d.Step]
		look.Op = model.Op{Raw: "SELECT"}
		return l.instead(ctx, s, d, &model.Scenario{Data: s.Data, Steps: []model.Step{look}}, 0)
	}
	if len(s.Steps) == 1 || s.Committed || d.Worlds != nil {
		return s, d, nil
	}
	return l.instead(ctx, s, d, &model.Scenario{Data: s.Data, Steps: s.Steps[d.Step : d.Step+1]}, 0)
}

// instead is another scenario, if its step shows the same as that of the first one.
func (l *lab) instead(ctx context.Context, s *model.Scenario, d *judge.Divergence, other *model.Scenario, step int) (*model.Scenario, *judge.Divergence, error) {
	v, err := l.verdict(ctx, other)
	if err != nil {
		return nil, nil, err
	}
	for i := range v.Divergences {
		if o := &v.Divergences[i]; o.Target() == d.Target() && o.Step == step {
			return other, o, nil
		}
	}
	return s, d, nil
}

// cause finds what carries a divergence.
func (l *lab) cause(ctx context.Context, s *model.Scenario, d *judge.Divergence, known []leak) (Cause, error) {
	var leaves Cause
	if d.Left {
		if c, ok, err := l.consequence(ctx, s, d, known); err != nil || ok {
			return c, err
		}
		if c, ok, err := l.repeated(ctx, s, d, known); err != nil || ok {
			return c, err
		}
		c, ok, err := l.leaver(ctx, s, d)
		if err != nil || ok {
			return c, err
		}
		leaves = c
	}
	s, d, err := l.twin(ctx, s, d)
	if err == nil {
		s, d, err = l.alone(ctx, s, d)
	}
	if err != nil {
		return Cause{}, err
	}
	st := s.Initial(l.Contract.Schema)
	id, ok := l.Contract.BindStep(&s.Steps[d.Step], st)
	if !ok {
		return Cause{}, fmt.Errorf("explain a divergence: %w", run.ErrInvalid)
	}
	if c, ok := l.superuser(id); ok && !c.switches() && d.Class < judge.Audit && !s.Steps[d.Step].Observed() && (d.Cell.Path == nil || d.Cell.Path.Channel == nil) {
		return c, nil
	}
	if d.Cell.Path != nil {
		c, err := l.pathCause(ctx, s, d, id, known)
		if err == nil && leaves.Key != "" && !c.switches() {
			return leaves, nil
		}
		return c, err
	}
	if c, ok, err := l.elsewhere(ctx, s, d, id, st, known); err != nil || ok {
		return c, err
	}
	if c, ok, err := l.overreach(ctx, s, d, known); err != nil || ok {
		return c, err
	}
	list, err := l.candidates(ctx, s, d, id, st)
	if err != nil {
		return Cause{}, err
	}
	if c, err := l.carrier(ctx, s, d, list, run.Variant{}, l.off); err != nil || c.Key != "" {
		return c, err
	}
	if c, err := l.joint(ctx, s, d, list, known); err != nil || c.Key != "" {
		return c, err
	}
	t := l.Contract.Schema.Tables[d.Cell.Table]
	return Cause{Key: fmt.Sprintf("unknown %s %s", d.Class, t.Label()), Text: ""}, nil
}

// elsewhere is the known cause of what the same session reads too much of in another table, where
// the divergence is gone once that table shows the session only what it may see. ok is false where
// there is none.
func (l *lab) elsewhere(ctx context.Context, s *model.Scenario, d *judge.Divergence, id *model.Identity, st *model.State, known []leak) (c Cause, ok bool, err error) {
	tried := map[int]bool{} // by Table.ID
	for _, k := range known {
		if tried[k.target.Cell.Table] || k.target.Cell.Path != nil || k.target.Class > judge.Read || k.target.Cell.Session != d.Cell.Session || k.target.Cell.Command != model.Select || k.target.Cell.Table == d.Cell.Table {
			continue
		}
		tried[k.target.Cell.Table] = true
		table := l.Contract.Schema.Tables[k.target.Cell.Table]
		v, ok := restrict(l.Contract, table, id, st)
		if !ok || !table.RowSecurity {
			continue
		}
		gone, err := l.without(ctx, s, d, Cause{try: v})
		if err != nil {
			return Cause{}, false, err
		}
		if gone {
			return k.cause, true, nil
		}
	}
	return Cause{}, false, nil
}

// candidates lists the experiments with what may carry the divergence of a statement over a table:
// first the session's login and role, then functions that policies ask, then the table's own objects;
// and before them all the foreign keys by which it follows from what the statement may do.
func (l *lab) candidates(ctx context.Context, s *model.Scenario, d *judge.Divergence, id *model.Identity, st *model.State) ([]Cause, error) {
	op, table := &s.Steps[d.Step].Op, l.Contract.Schema.Tables[d.Cell.Table]
	var list []Cause
	if d.Class != judge.Lockout {
		list = l.actors(id)
	}
	if len(l.doubted) > 0 {
		text := reads(l.Contract.Schema, table)
		list = append(list, l.helpers(func(name string) bool { return sql.Mentions(text, name) }, id, st)...)
	}
	if d.Class == judge.Lockout {
		return append(list, l.opened(d, op)...), nil
	}
	if allowed, err := l.consequences(ctx, s, d); err != nil {
		return nil, err
	} else if allowed { // whatever let the statement through was right to
		list = append(taken(table), list...)
	}
	return append(list, l.causes(d, op, id)...), nil
}

// consequences reports whether a statement did in its own table only what it may, so that the
// divergence in another table is a consequence: of a trigger, a rule or a foreign key.
func (l *lab) consequences(ctx context.Context, s *model.Scenario, d *judge.Divergence) (bool, error) {
	shape := s.Steps[d.Step].Op.Shape
	if shape == nil || shape.Table.ID == d.Cell.Table || d.Became == nil {
		return false, nil
	}
	v, err := l.under(ctx, s, run.Variant{})
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(v.Divergences, func(o judge.Divergence) bool {
		return o.Step == d.Step && o.Cell.Table == shape.Table.ID && o.Cell.Path == nil && o.Became != nil
	}), nil
}

// carrier is the first cause of a list without which a divergence is gone; a zero Cause where
// there is none. base is changed in all of these experiments, and causes in off are not tried.
// Single objects are tried first, then policies turned restrictive, then several objects at once.
func (l *lab) carrier(ctx context.Context, s *model.Scenario, d *judge.Divergence, list []Cause, base run.Variant, off map[string]bool) (Cause, error) {
	var singles, turned, joints []Cause
	for _, c := range list {
		also := c
		also.try = base.And(c.try)
		switch {
		case off[c.Key]:
		case c.joint:
			joints = append(joints, also)
		case len(c.answers) > 0:
			for _, statement := range c.answers {
				also.try = base.And(run.Variant{Before: []string{statement}})
				singles = append(singles, also)
			}
		default:
			singles = append(singles, also)
			if len(c.turned) > 0 {
				also.try, also.harmless, also.spares = also.try.And(run.Variant{Before: c.turned}), true, true
				turned = append(turned, also)
			}
		}
	}
	for _, also := range slices.Concat(singles, turned, joints) {
		gone, err := l.without(ctx, s, d, also)
		if err == nil && gone && len(also.answers) > 0 {
			gone, err = l.keeps(ctx, s, d, base, also.try)
		}
		if err == nil && gone && also.guard {
			gone, err = l.keepsCalls(ctx, s, d, base, also.try)
		}
		if err == nil && gone && also.spares {
			gone, err = l.spares(ctx, d, base, also.try)
		}
		if err != nil {
			return Cause{}, err
		}
		if gone {
			return list[slices.IndexFunc(list, func(c Cause) bool { return c.Key == also.Key })], nil
		}
	}
	return Cause{}, nil
}

// joint explains a divergence that no object carries alone. With all that carries known leaks
// switched off, it is either gone, and then a known cause explains it; or another object, which
// is found now, lets it through as well.
func (l *lab) joint(ctx context.Context, s *model.Scenario, d *judge.Divergence, list []Cause, known []leak) (Cause, error) {
	base, off := switchedOff(known)
	if len(off) == 0 || d.Class == judge.Lockout {
		return Cause{}, nil
	}
	gone, err := l.without(ctx, s, d, Cause{try: base})
	if err != nil {
		return Cause{}, err
	}
	if !gone {
		return l.carrier(ctx, s, d, list, base, off)
	}
	near := slices.IndexFunc(known, func(k leak) bool { return off[k.cause.Key] && k.target.Cell.Table == d.Cell.Table })
	if near < 0 {
		near = slices.IndexFunc(known, func(k leak) bool { return off[k.cause.Key] })
	}
	return known[near].cause, nil
}

// switchedOff is the schema without all that carries known leaks, and the causes' keys.
func switchedOff(known []leak) (base run.Variant, off map[string]bool) {
	off = map[string]bool{}
	for i := range known {
		c := &known[i].cause
		if !off[c.Key] && c.switches() {
			off[c.Key] = true
			base = base.And(c.try)
		}
	}
	return base, off
}

// notUpdatable is what a view answers whose rows nothing writes: object_not_in_prerequisite_state.
const notUpdatable = "55000"

// without reports whether a divergence goes away with what an experiment switches off.
func (l *lab) without(ctx context.Context, s *model.Scenario, d *judge.Divergence, c Cause) (bool, error) {
	if d.Worlds != nil && s.Real() {
		still, err := l.once(ctx, s, d.Step, brief{variants: []gen.Variant{d.Worlds.Variant}}, c.try)
		return still == nil, err
	}
	if d.Worlds != nil {
		still, err := l.tells(ctx, s, d.Step, c.try)
		return !still, err
	}
	trace, err := l.trace(ctx, s, c.try)
	if errors.Is(err, run.ErrInvalid) { // it shows nothing either way
		return false, nil
	}
	if err != nil {
		return false, err
	}
	failed := trace.Steps[d.Step].Err
	if c.succeeds && failed != nil || c.fails && (failed == nil || failed.Code != notUpdatable) {
		return false, nil
	}
	if c.harmless && (shut(&trace.Steps[d.Step], s.Steps[d.Step].Session) || s.Steps[d.Step].Op.Path.Named() && failed.Denied()) {
		return false, nil
	}
	verdict := judge.Judge(l.Contract, s, trace)
	for i := range verdict.Divergences {
		o := &verdict.Divergences[i]
		worse := d.Class != judge.Lockout && o.Class < d.Class || d.Left && o.Class < judge.Lockout // this judgement does not tell what is left
		if o.Cell == d.Cell && (o.Class == d.Class || worse) && o.Target().Column == d.Target().Column {
			return false, nil
		}
		if c.harmless && o.Class == judge.Lockout && d.Class != judge.Lockout {
			return false, nil
		}
	}
	return true, nil
}

// keeps reports whether a session still sees in an experiment all that it sees, and may see,
// without; and still writes as many rows where the divergence is of another table: a function that
// says no to everybody ends every leak, and so proves nothing.
func (l *lab) keeps(ctx context.Context, s *model.Scenario, d *judge.Divergence, base, with run.Variant) (bool, error) {
	if d.Worlds != nil {
		return true, nil
	}
	before, after, err := l.traces(ctx, s, base, with)
	if err != nil {
		return false, err
	}
	b, a := &before.Steps[d.Step], &after.Steps[d.Step]
	if shape := s.Steps[d.Step].Op.Shape; shape != nil && shape.Table.ID != d.Cell.Table && d.Became != nil && (a.Err != nil || a.Count < b.Count) {
		return false, nil
	}
	return !l.hides(s, d.Step, b, a), nil
}

// keepsCalls reports whether the calls of a path with arguments of who calls its own rows that give
// something without an experiment still do in it: on the rows of the scenario, and on those of the walk
// that have the same caller.
func (l *lab) keepsCalls(ctx context.Context, s *model.Scenario, d *judge.Divergence, base, with run.Variant) (bool, error) {
	who := &s.Steps[d.Step]
	if len(d.Cell.Path.Command) > 0 {
		return true, nil
	}
	sets := []*gen.Dataset{l.Plan.Remembered(s.Data, s.Steps[d.Step:d.Step+1])}
	for n := range l.Plan.MatrixSets() {
		sets = append(sets, l.Plan.MatrixDataset(n))
	}
	for _, set := range sets {
		for i := range set.Cast {
			m := &set.Cast[i]
			if m.Session != who.Session || m.Tenant != who.Tenant || m.User != who.User {
				continue
			}
			var calls []run.Calls
			for _, c := range l.Plan.Calls(set, m) {
				if id, ok := l.Contract.BindStep(&c.Step, set.State); ok && c.Kind == gen.Own && c.Step.Op.Path == d.Cell.Path && !c.Step.Observed() {
					calls = append(calls, run.Calls{ID: []*model.Identity{id}, Steps: []model.Step{c.Step}})
				}
			}
			if len(calls) == 0 {
				continue
			}
			worlds := []run.World{{Data: set.Data}}
			before, err := l.fast.Worlds(ctx, worlds, calls, false, base)
			if err != nil {
				return false, err
			}
			after, err := l.fast.Worlds(ctx, worlds, calls, false, with)
			if err != nil {
				return false, err
			}
			for k := range calls {
				b, a := &before[0][k], &after[0][k]
				if b.Invalid == "" && b.Steps[0].Code == "" && b.Steps[0].Rows > 0 && (a.Invalid != "" || a.Steps[0].Code != "" || a.Steps[0].Rows == 0) {
					return false, nil
				}
			}
		}
	}
	return true, nil
}

// traces runs a scenario without an experiment and in it.
func (l *lab) traces(ctx context.Context, s *model.Scenario, base, with run.Variant) (before, after *model.Trace, err error) {
	if before, err = l.trace(ctx, s, base); err != nil {
		return nil, nil, err
	}
	after, err = l.trace(ctx, s, with)
	return before, after, err
}

// spares reports whether each other session that may see rows of the table still sees in an experiment
// all that it sees, and may see, without.
func (l *lab) spares(ctx context.Context, d *judge.Divergence, base, with run.Variant) (bool, error) {
	s := l.looks(d)
	if s == nil {
		return true, nil
	}
	before, after, err := l.traces(ctx, s, base, with)
	if err != nil {
		return false, err
	}
	for i := range s.Steps {
		if l.hides(s, i, &before.Steps[i], &after.Steps[i]) {
			return false, nil
		}
	}
	return true, nil
}

// looks is a look of each other session that may see rows of a divergence's table, at a dataset of the
// walk that has some; nil where there is none.
func (l *lab) looks(d *judge.Divergence) *model.Scenario {
	if d.Cell.Path != nil {
		return nil
	}
	for n := range l.Plan.MatrixSets() {
		set := l.Plan.MatrixDataset(n)
		tenants := l.tenantsOf(set.State)
		if len(set.Data[d.Cell.Table]) == 0 || len(tenants) == 0 {
			continue
		}
		s := &model.Scenario{Data: set.Data}
		for _, o := range l.Contract.Sessions {
			if o.ID == d.Cell.Session || o.Sees[d.Cell.Table].Rule.Kind == model.RuleNone {
				continue
			}
			step := model.Step{Session: o, Tenant: tenants[0], User: model.Value{Null: true}, Op: model.Op{Raw: "SELECT"}}
			if o.Tenantless {
				step.Tenant = model.Value{Null: true}
			}
			if users := l.Contract.Candidates(o, step.Tenant, set.State); len(users) > 0 {
				step.User = users[0]
			}
			if _, ok := l.Contract.BindStep(&step, set.State); ok {
				s.Steps = append(s.Steps, step)
			}
		}
		if len(s.Steps) > 0 {
			return s
		}
	}
	return nil
}

// shut reports whether a session has no privilege on a table of which it may see rows.
func shut(t *model.StepTrace, s *model.Session) bool {
	return slices.ContainsFunc(t.Seen, func(seen model.Seen) bool {
		return seen.Err.Denied() && s.Sees[seen.Table].Rule.Kind != model.RuleNone
	})
}
