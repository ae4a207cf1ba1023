package props

import (
	"context"
	"fmt"
)

// WalkOrder is the cells of the walk's first dataset in the order of a run that writes
// to a folder: session, command and table of each.
func WalkOrder(_ context.Context, t *Target, out string) []string {
	c := &campaign{Target: t, cfg: Config{Out: out}, report: &Report{}}
	c.recall()
	var order []string
	for _, cell := range c.freshFirst(t.Plan.Matrix(t.Plan.MatrixDataset(0))) {
		s := &cell[len(cell)-1]
		order = append(order, fmt.Sprintf("%s %s %s", s.Session.Name, s.Op.Shape.Command, s.Op.Shape.Table.Label()))
	}
	return order
}
