package props

import (
	"context"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
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
