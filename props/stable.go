package props

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// rerunEvery is one in how many batches runs its first dataset twice, to see whether the
// same checks have the same result: a little more than one check in a hundred.
const rerunEvery = 8

// rerun runs the sequences of a dataset over tables twice in the fast way, and counts
// those that ended alike. Neither counts as a check.
func (b *batch) rerun(d *gen.Dataset, sequences [][]model.Step) error {
	tables, _ := apart(sequences)
	if len(tables.list) == 0 {
		return nil
	}
	steps, allowed, matrix := b.fast.Stats().Steps, b.fast.Stats().Allowed, b.fast.Matrix
	b.fast.Matrix = run.NewMatrix(b.Contract) // what is at stake twice is at stake once
	defer func() {
		b.fast.Matrix = matrix
		b.fast.Stepped(steps-b.fast.Stats().Steps, allowed-b.fast.Stats().Allowed)
	}()
	var runs [2][]run.Status
	for i := range runs {
		list, err := b.fast.Fast(b.ctx, d.Data, d.State, tables.list)
		if err != nil {
			return err
		}
		runs[i] = slices.Clone(list)
	}
	for i := range runs[0] {
		b.result.reruns++
		if runs[0][i] == runs[1][i] {
			b.result.stable++
		}
	}
	return nil
}
