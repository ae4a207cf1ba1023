package props

import (
	"context"
	"fmt"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// really is outputs with real logins and commits, which programs and plays need.
func (o *observer) really(ctx context.Context, worlds []run.World) ([][]string, error) {
	m, done, err := o.changed(ctx, o.under)
	if err != nil {
		return nil, err
	}
	defer done()
	out := make([][]string, len(worlds))
	for i := range worlds {
		if out[i], err = o.inWorld(ctx, m, &worlds[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// inWorld runs the scenario in one world; nil for one that could not be made.
func (o *observer) inWorld(ctx context.Context, m *run.Committer, w *run.World) (lines []string, err error) {
	undo, err := m.Plan(ctx, w.Settings)
	if err == nil {
		s := &model.Scenario{Data: w.Data, Steps: o.s.Steps[:o.at+1], Committed: true}
		lines, err = o.committed(ctx, m, s)
	}
	if again := undo(); err == nil {
		err = again
	}
	return lines, err
}

// traced is the output of each world as one text; empty for one that could not be made.
func (o *observer) traced(ctx context.Context, worlds []run.World) ([]string, error) {
	lines, err := o.outputs(ctx, worlds)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(lines))
	for i, l := range lines {
		if l != nil {
			out[i] = "+" + strings.Join(l, "\n")
		}
	}
	return out, nil
}

// brief says how little is enough to see again what is known of a case that is being reduced.
// The case that comes out is judged in full.
type brief struct {
	variants []gen.Variant // of second worlds; none: one world is enough
	cross    bool          // rows of other tenants alone must make the difference

	existence bool // a row that is missing makes it, which is taken for what a key tells
}

// briefOf is how little shows a divergence again. Only the one second world that showed it is
// tried for programs and steps that commit, which take long; for anything where the first finding
// is all that is asked for; and for what a key tells, which the full judgement of the least case
// confirms.
func (l *lab) briefOf(s *model.Scenario, d *judge.Divergence) *brief {
	switch {
	case d.Worlds == nil:
		return &brief{}
	case d.Class == judge.Existence:
		return &brief{variants: []gen.Variant{d.Worlds.Variant}, cross: d.Cross, existence: true}
	case s.Real() || l.quick:
		return &brief{variants: []gen.Variant{d.Worlds.Variant}, cross: d.Cross}
	}
	return &brief{variants: gen.Variants, cross: d.Cross}
}

func (b *brief) key() string {
	if b == nil {
		return ""
	}
	return fmt.Sprintf("brief %v %v %v ", b.variants, b.cross, b.existence)
}

// interfered is what second worlds show of a call.
func (l *lab) interfered(ctx context.Context, s *model.Scenario, at int) (*judge.Divergence, string, error) {
	switch {
	case l.brief == nil:
		return l.interference(ctx, s, at, run.Variant{})
	case len(l.brief.variants) == 0:
		return nil, "", nil
	}
	d, err := l.once(ctx, s, at, *l.brief, run.Variant{})
	return d, "", err
}

// once runs a call once in the first world and once in that of each variant.
func (l *lab) once(ctx context.Context, s *model.Scenario, at int, b brief, under run.Variant) (*judge.Divergence, error) {
	o, err := l.observe(ctx, s, at)
	if err != nil || o == nil {
		return nil, err
	}
	o.under = under
	var only []gen.Place
	if b.cross {
		if only = o.foreign(); len(only) == 0 {
			return nil, nil
		}
	}
	worlds := []run.World{{Data: s.Data}}
	var variants []gen.Variant
	for _, v := range b.variants {
		data, ok, err := o.second(ctx, v, only)
		if err != nil {
			return nil, err
		}
		if ok {
			worlds, variants = append(worlds, run.World{Data: data}), append(variants, v)
		}
	}
	if len(variants) == 0 {
		return nil, nil
	}
	lines, err := o.outputs(ctx, worlds)
	if err != nil || lines[0] == nil {
		return nil, err
	}
	for i, v := range variants {
		if lines[i+1] == nil {
			continue
		}
		if unlike, err := o.unlikeWorld(ctx, worlds, lines, i+1); err != nil {
			return nil, err
		} else if !unlike {
			continue
		}
		d := o.divergence([]gen.Variant{v}, v, lines[0], lines[i+1])
		d.Cross = b.cross
		if b.existence && d.Worlds.Kind == judge.Presence {
			d.Class, d.Rule = judge.Existence, keyTells
			return d, nil
		}
		if o.id.Session.Tenantless || o.id.Tenant.Null {
			d.Class = judge.Open
		}
		return d, nil
	}
	return nil, nil
}

// still is how a scenario shows what was found; nil when it no longer does.
func (l *lab) still(ctx context.Context, s *model.Scenario, target judge.Target) (*judge.Divergence, error) {
	v, err := l.verdict(ctx, s)
	if err != nil {
		return nil, err
	}
	for i := range v.Divergences {
		if v.Divergences[i].Target() == target {
			return &v.Divergences[i], nil
		}
	}
	return nil, nil
}
