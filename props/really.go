package props

import (
	"context"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// really is outputs with real logins and commits, which programs need.
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

// brief looks at as few runs as show what is being reduced: a program takes as long as
// many statements. What comes out is looked at whole.
type brief struct{ variant *gen.Variant } // nil: one world is enough

func (b *brief) key() string {
	switch {
	case b == nil:
		return ""
	case b.variant == nil:
		return "brief "
	}
	return "brief " + b.variant.String() + " "
}

// interfered is what second worlds show of a call.
func (l *lab) interfered(ctx context.Context, s *model.Scenario, at int) (*judge.Divergence, string, error) {
	if l.brief == nil || !s.Steps[at].Runs() {
		return l.interference(ctx, s, at, run.Variant{})
	}
	if l.brief.variant == nil {
		return nil, "", nil
	}
	d, err := l.once(ctx, s, at, *l.brief.variant, run.Variant{})
	return d, "", err
}

// once runs a call once in the first world and once in that of a variant.
func (l *lab) once(ctx context.Context, s *model.Scenario, at int, v gen.Variant, under run.Variant) (*judge.Divergence, error) {
	o, err := l.observe(ctx, s, at)
	if err != nil || o == nil {
		return nil, err
	}
	o.under = under
	data, ok, err := o.second(ctx, v, nil)
	if err != nil || !ok {
		return nil, err
	}
	lines, err := o.outputs(ctx, []run.World{{Data: s.Data}, {Data: data}})
	if err != nil || lines[0] == nil || lines[1] == nil {
		return nil, err
	}
	known := judge.Known(s, l.Contract.Schema)
	if slices.Equal(judge.Mask(lines[0], known), judge.Mask(lines[1], known)) {
		return nil, nil
	}
	d := o.divergence([]gen.Variant{v}, v, lines[0], lines[1])
	if o.id.Session.Tenantless || o.id.Tenant.Null {
		d.Class = judge.Open
	}
	return d, nil
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
