package props

import (
	"context"
	"errors"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// played runs steps with real logins and commits, judges each, and runs them again in second
// worlds: those of each session that calls paths, or of one of the sessions. Divergences are handed
// to see with the whole scenario; where a call tells of hidden rows, with the steps up to that
// call. see says whether to go on, and so does the answer.
func (l *lab) played(ctx context.Context, d *gen.Dataset, steps []model.Step, variants []gen.Variant, one bool, see func(s *model.Scenario, v *judge.Verdict) bool) (bool, error) {
	s := &model.Scenario{Data: d.Data, Steps: steps, Committed: true}
	m, err := l.commits(ctx)
	if err != nil {
		return false, err
	}
	l.runs++
	t, err := m.Run(ctx, s, false)
	if errors.Is(err, run.ErrInvalid) {
		l.unjudged[err.Error()]++
		return true, nil
	}
	if err != nil {
		return false, err
	}
	v := judge.Judge(l.Contract, s, t)
	for _, look := range []func(context.Context, *model.Scenario, *judge.Verdict) error{l.lockouts, l.inherited} {
		if err := look(ctx, s, v); err != nil {
			return false, err
		}
	}
	l.count(v)
	for _, reason := range v.Unjudged {
		l.unjudged[reason]++
	}
	told := tokens(v)
	if len(v.Divergences) > 0 && !see(s, v) {
		return false, nil
	}
	known := func(at int) bool { // it is nothing new
		return l.telling[judge.PathCell(steps[at].Session.ID, steps[at].Op.Path)]
	}
	told = slices.DeleteFunc(told, known)
	groups := callers(steps)
	if n := uint64(len(groups)); one && n > 1 {
		at := seedFrom(memoKey(s)) % n
		groups = groups[at : at+1]
	}
	for _, calls := range groups {
		if calls = slices.DeleteFunc(calls, known); len(calls) == 0 {
			continue
		}
		at, err := l.firstToTell(ctx, m, s, t, calls, variants)
		if err != nil {
			return false, err
		}
		if at >= 0 && !slices.Contains(told, at) {
			told = append(told, at)
		}
	}
	slices.Sort(told)
	for _, at := range told {
		cut := &model.Scenario{Data: d.Data, Steps: steps[:at+1], Committed: true}
		v, err := l.verdict(ctx, cut)
		if err != nil {
			return false, err
		}
		l.count(v)
		if !see(cut, v) {
			return false, nil
		}
	}
	return true, nil
}

// tokens takes out what tokens of hidden rows show of calls, and lists the steps: a second
// world may show it too, and then it is one thing.
func tokens(v *judge.Verdict) []int {
	var out []int
	v.Divergences = slices.DeleteFunc(v.Divergences, func(d judge.Divergence) bool {
		is := d.Token() && d.Cell.Path != nil
		if is && !slices.Contains(out, d.Step) {
			out = append(out, d.Step)
		}
		return is
	})
	return out
}

// callers lists the steps that call paths, together those whose sessions may see the same rows.
func callers(steps []model.Step) [][]int {
	var out [][]int
	for i := range steps {
		if p := steps[i].Op.Path; p == nil || p.MustFail && steps[i].Tenant.Null {
			continue // one that must fail without a tenant tells nothing when it does
		}
		k := slices.IndexFunc(out, func(o []int) bool { return observerKey(&steps[o[0]]) == observerKey(&steps[i]) })
		if k < 0 {
			out = append(out, []int{i})
		} else {
			out[k] = append(out[k], i)
		}
	}
	return out
}

// firstToTell is the first of some calls of one session whose output is another one in a second
// world; -1 where there is none.
func (l *lab) firstToTell(ctx context.Context, m *run.Committer, s *model.Scenario, t *model.Trace, calls []int, variants []gen.Variant) (int, error) {
	last := calls[len(calls)-1]
	o, err := l.observe(ctx, s, last)
	if err != nil {
		return -1, err
	}
	if o == nil {
		l.unjudged["calls whose rules could not be evaluated"] += len(calls)
		return -1, nil
	}
	worlds, _, err := o.some(ctx, variants)
	if err != nil {
		return -1, err
	}
	known := judge.Known(s, l.Contract.Schema)
	for _, w := range worlds[1:] {
		second := &model.Scenario{Data: w.Data, Steps: s.Steps[:last+1], Committed: true}
		l.fast.Stepped(len(second.Steps), 0)
		again, err := m.Run(ctx, second, false)
		if errors.Is(err, run.ErrInvalid) {
			continue
		}
		if err != nil {
			return -1, err
		}
		for _, at := range calls {
			p := *o
			if p.at = at; !p.observed() {
				p.id = o.ids[at]
			}
			a, b := p.lines(t), p.lines(again)
			if a != nil && b != nil && p.differ(judge.Mask(a, known), judge.Mask(b, known)) {
				return at, nil
			}
		}
	}
	return -1, nil
}
