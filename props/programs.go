package props

import (
	"context"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// runPrograms runs those calls of one member that are programs, each by itself, with real
// logins and commits, in the worlds of all variants.
func (l *lab) runPrograms(ctx context.Context, d *gen.Dataset, steps []model.Step, see func(s *model.Scenario, v *judge.Verdict) bool) (bool, error) {
	for i := range steps {
		if !steps[i].Runs() {
			continue
		}
		s := &model.Scenario{Data: d.Data, Steps: steps[i : i+1], Committed: true}
		v, err := l.programVerdict(ctx, s)
		if err != nil {
			return false, err
		}
		l.fast.Stepped(1+len(firstLook), 1+len(firstLook))
		if err := l.ran(ctx, d, s, v); err != nil {
			return false, err
		}
		if !see(s, v) {
			return false, nil
		}
	}
	return true, nil
}

// programVerdict is the verdict of a run: of a first look in second worlds, and of a whole
// one where that shows something; without second worlds where the program is known to tell
// of hidden rows.
func (l *lab) programVerdict(ctx context.Context, s *model.Scenario) (*judge.Verdict, error) {
	if l.brief != nil {
		return l.verdict(ctx, s)
	}
	if l.telling[judge.PathCell(s.Steps[0].Session.ID, s.Steps[0].Op.Path)] {
		return l.glance(ctx, s, nil)
	}
	return l.glance(ctx, s, firstLook)
}

// ran counts what was at stake in a run of a program.
func (l *lab) ran(ctx context.Context, d *gen.Dataset, s *model.Scenario, v *judge.Verdict) error {
	step := &s.Steps[0]
	cell := judge.PathCell(step.Session.ID, step.Op.Path)
	forbidden := 0
	if len(v.Divergences) == 0 && len(v.Unclear) == 0 && len(v.Stakes) > 0 {
		live, err := l.programLive(ctx, d, s)
		if err != nil {
			return err
		}
		if live {
			forbidden = 1
		}
	}
	for i := range v.Stakes {
		if v.Stakes[i].Cell == cell {
			v.Stakes[i].Forbidden = max(v.Stakes[i].Forbidden, forbidden)
		}
		if v.Stakes[i].Silent {
			l.attempts(cell).silent++
		}
	}
	sum := run.CallSum{Error: v.Errors[cell]}
	if sum.Error != "" {
		sum.Code = "exit"
	}
	l.seen(cell, &sum, forbidden > 0)
	l.count(v)
	for _, reason := range v.Unjudged {
		l.unjudged[reason]++
	}
	return nil
}

// programLive reports whether rows that the session may not see make a difference to the
// same program when the other tenant runs it. That is tried once for each kind of arguments.
func (l *lab) programLive(ctx context.Context, d *gen.Dataset, s *model.Scenario) (bool, error) {
	step := &s.Steps[0]
	key := l.liveKey(step, d.State)
	if live, known := l.proven[key]; known {
		return live, nil
	}
	if live, asked := l.live[key]; asked {
		return live, nil
	}
	l.live[key] = false
	o, err := l.observe(ctx, s, 0)
	if err != nil || o == nil {
		return false, err
	}
	other, ok := l.otherRun(d, step)
	if !ok {
		return false, nil
	}
	worlds := []run.World{{Data: s.Data}, {Data: o.worlds.Bare()}}
	for _, v := range firstLook {
		data, ok, err := o.second(ctx, v, nil)
		if err != nil {
			return false, err
		}
		if ok {
			worlds = append(worlds, run.World{Data: data})
		}
	}
	theirs, err := l.observe(ctx, &model.Scenario{Data: s.Data, Steps: []model.Step{other}, Committed: true}, 0)
	if err != nil || theirs == nil {
		return false, err
	}
	sums, err := theirs.traced(ctx, worlds)
	if err != nil {
		return false, err
	}
	t := l.attempts(judge.PathCell(step.Session.ID, step.Op.Path))
	t.asked++
	for w := 2; w < len(sums); w++ {
		l.live[key] = l.live[key] || sums[w] != "" && sums[0] != "" && sums[w] != sums[0]
	}
	if !l.live[key] && sums[1] == sums[0] {
		t.rowless++
	}
	return l.live[key], nil
}

// otherRun is the same call of the same kind of session, of another tenant; where an observer
// looks at it, the call itself.
func (l *lab) otherRun(d *gen.Dataset, step *model.Step) (model.Step, bool) {
	if step.Observed() {
		own := *step
		own.Observer = model.Observer{}
		return own, true
	}
	for i := range d.Cast {
		m := &d.Cast[i]
		if m.Session != step.Session || m.Tenant == step.Tenant {
			continue
		}
		for _, c := range l.Plan.Calls(d, m) {
			if c.Step.Op.Path != step.Op.Path {
				continue
			}
			other := c.Step
			other.Op.Args = nil
			for k, a := range step.Op.Args {
				if step.Op.Path.Args[k].Variable != "" {
					a = c.Step.Op.Args[k]
				}
				other.Op.Args = append(other.Op.Args, a)
			}
			return other, true
		}
	}
	return model.Step{}, false
}
