package props

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// How long a call may take on the few rows of a dataset: with others, and when it is made again by itself.
const (
	trialLimit = "1s"
	trialAgain = "2s"
)

// trialCalls is how many calls of a path are tried besides the first one of each session.
const trialCalls = 12

// trials is what is known of the paths of a target, by name: why a path is left out of searches, empty
// where it is not. Weakened targets share it.
type trials struct {
	sync.Mutex
	known map[string]string
}

// trial makes calls of each path, on the walk's first rows, and leaves the paths out that hang: a search
// calls each a hundred times, and would do nothing else.
func (c *campaign) trial(ctx context.Context) error {
	t := c.trials
	t.Lock()
	defer t.Unlock()
	untried := func(p *model.Path) bool {
		_, known := t.known[p.Name]
		return !known && p.Untried == "" && p.Channel == nil
	}
	if slices.ContainsFunc(c.report.Paths, untried) {
		slow := map[string]string{}
		for n := range c.Plan.Parts() {
			if err := c.labs[0].hanging(ctx, c.Plan.MatrixDataset(n), untried, slow); err != nil {
				return err
			}
		}
		for _, p := range c.report.Paths {
			if untried(p) {
				t.known[p.Name] = slow[p.Name]
			}
		}
	}
	c.slow = maps.Clone(t.known)
	maps.DeleteFunc(c.slow, func(_, reason string) bool { return reason == "" })
	if len(c.slow) > 0 {
		c.Plan = c.Plan.Limit(func(*model.Session) bool { return true }, func(*model.Table) bool { return true },
			func(p *model.Path) bool { return c.slow[p.Name] == "" })
	}
	return nil
}

// hanging finds the paths that hang, and adds why.
func (l *lab) hanging(ctx context.Context, d *gen.Dataset, wanted func(*model.Path) bool, slow map[string]string) error {
	var first, rest []model.Step
	begun, more := map[string]bool{}, map[string]int{}
	for i := range d.Cast {
		for _, call := range l.Plan.Calls(d, &d.Cast[i]) {
			step := call.Step
			key := fmt.Sprint(step.Session.ID, " ", step.Op.Path.Name)
			switch {
			case step.Runs() || !wanted(step.Op.Path):
			case !begun[key]:
				begun[key] = true
				first = append(first, step)
			case more[step.Op.Path.Name] < trialCalls:
				more[step.Op.Path.Name]++
				rest = append(rest, step)
			}
		}
	}
	for _, steps := range [][]model.Step{first, rest} {
		known := func(s model.Step) bool { return slow[s.Op.Path.Name] != "" }
		late, err := l.late(ctx, d, slices.DeleteFunc(steps, known), trialLimit)
		if err != nil {
			return err
		}
		for _, step := range late {
			if known(step) {
				continue
			}
			again, err := l.late(ctx, d, []model.Step{step}, trialAgain) // the machine may have had other work
			if err != nil {
				return err
			}
			if len(again) > 0 {
				slow[step.Op.Path.Name] = "a call takes longer than " + trialAgain + " on a few rows, so it is called no more: it may wait for another session, or go round in a circle"
			}
		}
	}
	return nil
}

// late is those of some calls that take longer than a limit.
func (l *lab) late(ctx context.Context, d *gen.Dataset, steps []model.Step, limit string) ([]model.Step, error) {
	var calls []run.Calls
	var made []model.Step
	for i := range steps {
		if id, ok := l.Contract.BindStep(&steps[i], d.State); ok {
			calls, made = append(calls, run.Calls{ID: []*model.Identity{id}, Steps: steps[i : i+1]}), append(made, steps[i])
		}
	}
	if len(calls) == 0 {
		return nil, nil
	}
	own := run.Own{postgres.Canceled: true}
	maps.Copy(own, l.own)
	l.fast.Accept(own)
	defer l.accept()
	runs, err := l.fast.Worlds(ctx, []run.World{{Data: d.Data, Settings: []string{"SET LOCAL statement_timeout = '" + limit + "'"}}}, calls, false, run.Variant{})
	if err != nil {
		return nil, err
	}
	var out []model.Step
	for i := range runs[0] {
		if r := &runs[0][i]; r.Invalid == "" && r.Steps[0].Code == postgres.Canceled {
			out = append(out, made[i])
		}
	}
	return out, nil
}
