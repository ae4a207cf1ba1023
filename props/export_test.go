package props

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
)

// WalkOrder is the walk of a run that writes to a folder, in its order: session, command and table of
// each statement over a table, and what a piece with none is.
func WalkOrder(_ context.Context, t *Target, out string) []string {
	c := &campaign{Target: t, cfg: Config{Out: out}, report: &Report{}}
	c.recall()
	var order []string
	for _, p := range slices.Concat(c.stages()...) {
		for _, cell := range p.cells {
			s := &cell[len(cell)-1]
			order = append(order, fmt.Sprintf("%s %s %s", s.Session.Name, s.Op.Shape.Command, s.Op.Shape.Table.Label()))
		}
		if len(p.cells) == 0 {
			order = append(order, fmt.Sprintf("%d calls, %d plays", len(p.calls), len(p.plays)))
		}
	}
	return order
}

// Mends tries statements, one list after the other, as remedies of the first leak that a
// walk shows.
func Mends(ctx context.Context, t *Target, cfg Config, lists ...[]string) ([]bool, error) {
	scope, err := newScope(t.Contract, cfg.Only)
	if err != nil {
		return nil, err
	}
	limited := *t
	limited.Plan = scope.plan(t.Plan)
	c := &campaign{Target: &limited, cfg: cfg, muted: mutes{}, blocks: map[string]*Block{}, scope: scope, report: &Report{}}
	c.troubles = newTroubles(&cfg)
	l, err := c.newLab(ctx, c.troubles)
	if err != nil {
		return nil, err
	}
	defer l.close()
	c.labs = []*lab{l}
	if err := c.walk(ctx); err != nil || len(c.walked) == 0 {
		return nil, fmt.Errorf("nothing found: %w", err)
	}
	k := c.walked[0]
	if k.cause, err = l.cause(ctx, k.scenario, &k.found, nil); err != nil {
		return nil, err
	}
	m := &mender{lab: l, contract: c.Contract, leaks: []leak{k}}
	if err := m.simplify(ctx, &m.leaks[0]); err != nil {
		return nil, err
	}
	out := make([]bool, len(lists))
	for i, list := range lists {
		if out[i], err = m.verify(ctx, &carrier.Remedy{SQL: list}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// TimeAtFirst says whether a walk begins statements over tables, and calls of paths, at its
// first time round, when so much of a run's time is over.
func TimeAtFirst(spent, total time.Duration) (statements, calls bool) {
	c := &campaign{cfg: Config{Duration: total}, start: time.Now().Add(-spent)}
	return !c.upAtFirst(&piece{cells: make([][]model.Step, 1)}), !c.upAtFirst(&piece{calls: make([][]model.Step, 1)})
}
