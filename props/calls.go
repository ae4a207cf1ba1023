package props

import (
	"context"
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// drawn is the one variant that random search tries for some calls: it follows from what
// they are, and from the rows. Most often it is one that shows most.
func drawn(data [][]model.Row, steps []model.Step) []gen.Variant {
	h := seedFrom(memoKey(&model.Scenario{Data: data, Steps: steps}))
	switch h % 4 {
	case 0, 1:
		return []gen.Variant{gen.Mixed}
	case 2:
		return []gen.Variant{gen.Remove}
	}
	return []gen.Variant{gen.Variants[h/4%uint64(len(gen.Variants))]}
}

// settle judges the calls of a lot from what they gave in its worlds.
func (l *lab) settle(ctx context.Context, d *gen.Dataset, x *lot, see func(s *model.Scenario, v *judge.Verdict) bool) (bool, error) {
	var clean []int
	for i := range x.steps {
		differs, odd := differs(x.runs, i), odd(&x.runs[0][i], &x.steps[i])
		if !differs && !odd {
			clean = append(clean, i)
			continue
		}
		if !odd && l.telling[judge.PathCell(x.steps[i].Session.ID, x.steps[i].Op.Path)] {
			continue // nothing new
		}
		s := &model.Scenario{Data: d.Data, Steps: x.steps[i : i+1]}
		v, err := l.judged(ctx, s, &x.runs[0][i], x.variants, differs)
		if err != nil {
			return false, err
		}
		l.count(v)
		for _, reason := range v.Unjudged {
			l.unjudged[reason]++
		}
		if len(v.Divergences) == 0 && len(v.Unclear) == 0 {
			clean = append(clean, i)
		}
		if !see(s, v) {
			return false, nil
		}
	}
	allowed := 0
	for _, world := range x.runs {
		for i := range world {
			if len(world[i].Steps) > 0 && world[i].Steps[0].Code == "" {
				allowed++
			}
		}
	}
	l.fast.Stepped(len(x.steps)*len(x.worlds), allowed)
	return true, l.controls(ctx, d, x, clean)
}

// judged is the verdict of a call that already ran in the second worlds of the variants made. It
// runs no more second worlds than needed: those if they differed, none if they did not, all where
// the call bears another's token or its worlds could not be made.
func (l *lab) judged(ctx context.Context, s *model.Scenario, first *run.WorldRun, made []gen.Variant, differs bool) (*judge.Verdict, error) {
	switch {
	case differs: // maybe in what its session does not see
		return l.glance(ctx, s, made)
	case len(made) > 0 && first.Invalid == "":
		v, err := l.glance(ctx, s, nil)
		if err != nil || !first.Steps[0].Token || len(v.Divergences) == 0 {
			return v, err
		}
	}
	return l.verdict(ctx, s)
}

// foresee judges, all in one flush, the calls of lots that settle will ask for although no world
// differed, and remembers that.
func (l *lab) foresee(ctx context.Context, d *gen.Dataset, lots []*lot) error {
	l.brief = &brief{} // as glance does
	defer func() { l.brief = nil }()
	var list []*model.Scenario
	for _, x := range lots {
		if x.pairs != nil || len(x.variants) == 0 {
			continue
		}
		for i := range x.steps {
			s := &model.Scenario{Data: d.Data, Steps: x.steps[i : i+1]}
			if r := &x.runs[0][i]; r.Invalid != "" || !odd(r, &x.steps[i]) || differs(x.runs, i) || s.Real() || s.Listens() {
				continue
			}
			if _, known := l.memo[l.memory(s)]; !known {
				list = append(list, s)
			}
		}
	}
	return l.together(ctx, d, list)
}

// glance is the verdict of a scenario after a look at the second worlds of a few variants only.
// Where these show something, it is judged again with all variants.
func (l *lab) glance(ctx context.Context, s *model.Scenario, variants []gen.Variant) (*judge.Verdict, error) {
	l.brief = &brief{variants: variants}
	v, err := l.verdict(ctx, s)
	l.brief = nil
	told := func(d judge.Divergence) bool { return d.Worlds != nil }
	if err != nil || len(variants) == 0 || !slices.ContainsFunc(v.Divergences, told) {
		return v, err
	}
	return l.verdict(ctx, s)
}

// differs reports whether a call gave or changed something else in another world.
func differs(runs [][]run.WorldRun, i int) bool {
	for w := 1; w < len(runs); w++ {
		if o := &runs[w][i]; o.Invalid == "" && !o.Same(&runs[0][i]) {
			return true
		}
	}
	return false
}

// odd reports whether a call must be looked at by itself: it changed rows, it bears a
// token, it must leave an entry, or it had to fail and did not.
func odd(r *run.WorldRun, step *model.Step) bool {
	p := step.Op.Path
	if r.Invalid != "" || r.Wrote() || p.Audit != nil || r.Steps[0].Token {
		return true
	}
	succeeded := r.Steps[0].Code == ""
	return p.MustFail && step.Tenant.Null && succeeded || p.Wildcards && succeeded && r.Steps[0].Rows > 0 && judge.Wildcard(p, step.Op.Args)
}

// liveKey names what a positive control is remembered for: a session, a path and a kind
// of arguments.
func (l *lab) liveKey(step *model.Step, st *model.State) string {
	return fmt.Sprintf("%d %d %s %t", step.Session.ID, step.Op.Path.ID, l.Plan.KindOf(step, st), step.Observed())
}

// controls counts what was at stake in calls that showed no difference. Something
// forbidden was, where the same call of the other tenant's session, or of the
// superuser, tells the worlds apart. That is tried once for each kind of arguments.
func (l *lab) controls(ctx context.Context, d *gen.Dataset, x *lot, clean []int) error {
	var open []int
	for _, i := range clean {
		key := l.liveKey(&x.steps[i], d.State)
		_, asked := l.live[key]
		if _, known := l.proven[key]; !asked && !known {
			open = append(open, i)
		}
	}
	if len(open) > 0 && len(x.worlds) > 1 {
		if err := l.control(ctx, d, append(x.worlds, run.World{Data: x.o.worlds.Bare()}), x.steps, open); err != nil {
			return err
		}
	}
	for _, i := range clean {
		r := &x.runs[0][i]
		if r.Invalid != "" {
			continue
		}
		cell := judge.PathCell(x.steps[i].Session.ID, x.steps[i].Op.Path)
		key, forbidden := l.liveKey(&x.steps[i], d.State), 0
		if l.live[key] || l.proven[key] {
			forbidden = 1
		}
		allowed := r.Steps[0].Rows
		l.fast.Matrix.CountPath(cell.Session, cell.Path.ID, allowed, forbidden)
		l.seen(cell, &r.Steps[0], forbidden > 0)
	}
	return nil
}

// control runs calls by others who have other rights. The last world is almost empty: what
// does not even differ there reads no row.
func (l *lab) control(ctx context.Context, d *gen.Dataset, worlds []run.World, steps []model.Step, open []int) error {
	var calls []run.Calls
	var of []int
	var others []bool
	for _, i := range open {
		step := steps[i]
		own, ok := l.Contract.BindStep(&step, d.State)
		if !ok {
			continue
		}
		calls = append(calls, run.Calls{ID: []*model.Identity{own}, Steps: steps[i : i+1]},
			run.Calls{ID: []*model.Identity{l.fast.Superuser(own)}, Steps: steps[i : i+1]})
		of, others = append(of, i, i), append(others, false, true)
		asked := []model.Value{step.Tenant}
		for k := range d.Cast { // one of each other tenant: which of them the arguments are about is not known
			m := &d.Cast[k]
			if m.Session != step.Session || slices.Contains(asked, m.Tenant) {
				continue
			}
			asked = append(asked, m.Tenant)
			other := step
			other.Tenant, other.User = m.Tenant, m.User
			l.Plan.Present(&other, d.State)
			if id, ok := l.Contract.BindStep(&other, d.State); ok {
				calls = append(calls, run.Calls{ID: []*model.Identity{id}, Steps: []model.Step{other}})
				of, others = append(of, i), append(others, true)
			}
		}
	}
	runs, err := l.fast.Worlds(ctx, worlds, calls, false, run.Variant{})
	if err != nil {
		return err
	}
	for _, i := range open {
		l.live[l.liveKey(&steps[i], d.State)] = false
	}
	reads := map[int]bool{}
	for n, i := range of {
		if others[n] && runs[0][n].Wrote() { // who may, writes by it
			reads[i] = true
			l.live[l.liveKey(&steps[i], d.State)] = true
		}
		for w := 1; w < len(runs); w++ {
			if a, b := &runs[0][n], &runs[w][n]; a.Invalid == "" && b.Invalid == "" && !a.Same(b) {
				reads[i] = true
				if w < len(runs)-1 {
					l.live[l.liveKey(&steps[i], d.State)] = true
				}
			}
		}
	}
	for _, i := range open {
		t := l.attempts(judge.PathCell(steps[i].Session.ID, steps[i].Op.Path))
		t.asked++
		if !reads[i] {
			t.rowless++
		}
	}
	return nil
}

// tried is what the calls of a cell showed, besides differences.
type tried struct {
	calls, failed, live int
	silent              int    // that gave nothing at all, of programs
	denied              int    // of those that failed: by row security or a privilege
	failure             string // the least of the errors
	unclear             string // why some showed nothing
	asked, rowless      int    // controls, and those in which no row at all made a difference
}

func (l *lab) attempts(cell judge.Cell) *tried {
	t := l.tried[cell]
	if t == nil {
		t = &tried{}
		l.tried[cell] = t
	}
	return t
}

// add adds up what several workers saw.
func (t *tried) add(o *tried) {
	t.calls, t.failed, t.live, t.asked, t.rowless, t.silent = t.calls+o.calls, t.failed+o.failed, t.live+o.live, t.asked+o.asked, t.rowless+o.rowless, t.silent+o.silent
	t.denied += o.denied
	if t.failure == "" || o.failure != "" && o.failure < t.failure {
		t.failure = o.failure
	}
	if t.unclear == "" || o.unclear != "" && o.unclear < t.unclear {
		t.unclear = o.unclear
	}
}

// seen notes how one call went.
func (l *lab) seen(cell judge.Cell, sum *run.CallSum, live bool) {
	t := l.attempts(cell)
	t.calls++
	if live {
		t.live++
	}
	if sum.Code != "" {
		t.failed++
		if sum.Denied() {
			t.denied++
		}
		if t.failure == "" || sum.Error < t.failure {
			t.failure = sum.Error
		}
	}
}
