package props

import (
	"context"
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// layers is how many leaks may lie one below the other in a cell.
const layers = 4

// tries is how often a statement of a session is tried again on a dataset: nearly
// every one surprises, where what it should see is switched off, and takes a careful run.
const tries = 4

// statement is a shape of a session.
type statement struct {
	session *model.Session
	shape   *model.Shape
}

// beneath looks under the leaks that the walk showed. A cell that leaks is muted, and
// could hide another leak: so its part of the walk runs again with all that carries
// known leaks switched off. What still differs there has a cause of its own.
func (c *campaign) beneath(ctx context.Context) error {
	for range layers {
		base, off := switchedOff(c.leaks)
		if len(off) == 0 {
			return nil
		}
		if c.overdue() {
			c.remark("what may lie beneath the findings was not looked for: the time was up (--duration gives it more)")
			return nil
		}
		found, err := c.below(ctx, base, off)
		if err != nil || !found && !c.overdue() { // then it was not looked at to the end
			return err
		}
	}
	return nil
}

// below walks the muted cells with known causes switched off. It reports whether it
// announced a leak.
func (c *campaign) below(ctx context.Context, base run.Variant, off map[string]bool) (bool, error) {
	l, err := c.newLab(ctx, c.troubles)
	if err != nil {
		return false, err
	}
	defer l.close()
	l.fast.Base, l.off, l.own = base, off, c.labs[0].own
	l.accept()
	leaks, err := c.beneathWalk(ctx, l)
	if err != nil {
		return false, err
	}
	if turned, err := c.turned(ctx, base, off, leaks); err != nil || turned {
		return false, err
	}
	found := false
	for len(leaks) > 0 {
		k := leaks[0]
		same := slices.DeleteFunc(slices.Clone(leaks), func(o leak) bool { return o.cause.Key != k.cause.Key })
		leaks = slices.DeleteFunc(leaks, func(o leak) bool { return o.cause.Key == k.cause.Key })
		if !k.cause.switches() || c.blocks[k.cause.Key] != nil { // nothing that could be told apart from what is known
			continue
		}
		if err := c.announce(ctx, l, k, same); err != nil {
			return false, err
		}
		found = true
	}
	return found, nil
}

// turned reports whether one known policy explains all that lies beneath, and then adds that to
// the policy's block: it is so where nothing is left once the policy restricts instead of
// permitting. A policy that should be restrictive and is permissive does two kinds of harm: it
// lets rows through, and it no longer holds back what others let through.
func (c *campaign) turned(ctx context.Context, base run.Variant, off map[string]bool, leaks []leak) (bool, error) {
	for i := range c.leaks {
		cause := &c.leaks[i].cause
		if len(leaks) == 0 || len(cause.turned) == 0 || c.blocks[cause.Key] == nil {
			continue
		}
		l, err := c.newLab(ctx, c.troubles)
		if err != nil {
			return false, err
		}
		l.fast.Base, l.off = base.And(run.Variant{Before: cause.turned}), off
		left, err := c.beneathWalk(ctx, l)
		l.close()
		if err != nil {
			return false, err
		}
		if len(left) > 0 || c.overdue() {
			continue
		}
		for k := range leaks {
			c.muted[leaks[k].target] = true
			c.blocks[cause.Key].like(c.cellText(&leaks[k].found))
		}
		return true, nil
	}
	return false, nil
}

// beneathWalk is what the muted cells show of the base, each with its cause.
func (c *campaign) beneathWalk(ctx context.Context, l *lab) ([]leak, error) {
	covered := map[judge.Cell]bool{}
	for target := range c.muted {
		if target.Cell.Command == model.Call { // what a path shows is explained by the path
			continue
		}
		covered[target.Cell] = target.Class != judge.Lockout || covered[target.Cell]
	}
	var leaks []leak
	seen := map[judge.Target]bool{}
	for n := range c.Plan.MatrixSets() {
		d := c.Plan.MatrixDataset(n)
		var cells [][]model.Step
		had := map[statement]int{}
		for _, steps := range c.Plan.Matrix(d) {
			by := statement{steps[0].Session, steps[0].Op.Shape}
			if had[by]++; had[by] <= tries && covered[cellOf(&steps[0])] {
				cells = append(cells, steps)
			}
		}
		for _, chunk := range chunks(cells, pieceCells) {
			if c.overdue() {
				break
			}
			err := l.cells(ctx, d, chunk, func(s *model.Scenario, v *judge.Verdict) bool {
				for i := range v.Divergences {
					k := leak{scenario: s, found: v.Divergences[i], target: v.Divergences[i].Target()}
					if covered[k.target.Cell] && !seen[k.target] {
						seen[k.target] = true
						l.ignore(k.target)
						leaks = append(leaks, k)
					}
				}
				return true
			})
			if err != nil {
				return nil, fmt.Errorf("look beneath known leaks: %w", err)
			}
		}
	}
	for i := range leaks {
		var err error
		if leaks[i].cause, err = l.cause(ctx, leaks[i].scenario, &leaks[i].found, nil); err != nil {
			return nil, err
		}
	}
	return leaks, nil
}

// cellOf is the cell of a step of the walk.
func cellOf(step *model.Step) judge.Cell {
	s := step.Op.Shape
	command := s.Command
	if command == model.Upsert || command == model.Merge {
		command = model.Insert
	}
	return judge.Cell{Session: step.Session.ID, Table: s.Table.ID, Command: command}
}
