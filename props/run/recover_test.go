package run_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// noInsert makes inserts of tickets fail that the contract allows.
const noInsert = "DROP POLICY tickets_insert ON tickets;"

// inserts lists the steps that insert tickets: those that the contract allows fail
// unexpectedly under noInsert.
func inserts(steps []model.Step) (at []int) {
	for i := range steps {
		s := steps[i].Op.Shape
		if s.Command == model.Insert && s.Table.Name == "tickets" {
			at = append(at, i)
		}
	}
	return at
}

// TestWorkerUnexpectedError lets statements fail that should have worked, where the
// server then skips what follows: in the middle of a flush, where a later Sync ends
// the skipping, and in its last segment, where the ROLLBACK is skipped as well. The
// worker goes on as if nothing had been, without a new connection.
func TestWorkerUnexpectedError(t *testing.T) {
	target := desk(t, noInsert)
	w := workerOn(t, target)
	ctx := context.Background()
	fast := func(d *gen.Dataset, sequences ...[]model.Step) []run.Status {
		t.Helper()
		list, err := w.Fast(ctx, d.Data, d.State, sequences)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	middle, last, followed := 0, 0, 0
	draw(t, target, 5, 400, 3, func(d *gen.Dataset, sequences [][]model.Step) bool {
		var calm, stormy [][]model.Step
		for _, s := range sequences {
			if len(inserts(s)) == 0 {
				calm = append(calm, s)
			} else {
				stormy = append(stormy, s)
			}
		}
		if len(calm) == 0 || len(stormy) == 0 {
			return true
		}
		before := fast(d, calm[0])[0] // other reasons to surprise are none of our business
		if before != run.Passed {
			return true
		}
		alone := fast(d, stormy[0])
		if alone[0] != run.Surprise {
			return true // the insert was one that the contract forbids
		}
		if w.TxStatus() == 'I' {
			middle++
		} else {
			last++
		}
		if again := fast(d, calm[0]); again[0] != run.Passed || w.TxStatus() != 'I' {
			t.Errorf("after an unexpected error a sequence that passes ended as %v, in transaction status %c", again[0], w.TxStatus())
		}
		group := fast(d, calm[0], stormy[0], calm[0])
		if group[0] != run.Passed || group[1] != run.Surprise || group[2] == run.Surprise {
			t.Errorf("a group with an unexpected error ended as %v", group)
		}
		if group[2] == run.Unrun {
			followed++
		}
		if again := fast(d, calm[0], calm[0]); again[0] != run.Passed || again[1] != run.Passed {
			t.Errorf("after a group with an unexpected error, sequences that pass ended as %v", again)
		}
		return middle < 20 || last < 20
	})
	t.Logf("unexpected errors in the middle %d times, in the last segment %d times; %d kept a sequence from running", middle, last, followed)
	if middle < 5 || last < 5 || followed < 5 {
		t.Error("too few cases to tell")
	}
	if n := w.Stats().Restarts; n != 0 {
		t.Errorf("%d new connections", n)
	}
}

// TestWorkerUnexpectedErrorAtLoad gives rows that do not fit: the answers of the first
// part of a flush, which went out ahead, end in an error.
func TestWorkerUnexpectedErrorAtLoad(t *testing.T) {
	target := desk(t)
	w := workerOn(t, target)
	draw(t, target, 6, 5, 2, func(d *gen.Dataset, sequences [][]model.Step) bool {
		bad := make([][]model.Row, len(d.Data))
		copy(bad, d.Data)
		for i := range bad {
			if len(bad[i]) > 0 {
				bad[i] = append(bad[i][:len(bad[i]):len(bad[i])], bad[i][0]) // a primary key twice
			}
		}
		for range 2 {
			list, err := w.Fast(context.Background(), bad, d.State, sequences)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range list {
				if s == run.Passed {
					t.Error("passed without its rows")
				}
			}
			list, err = w.Fast(context.Background(), d.Data, d.State, sequences)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range list {
				if s != run.Passed {
					t.Errorf("after rows that do not fit, a sequence that passes ended as %v", s)
				}
			}
		}
		return true
	})
	if n := w.Stats().Restarts; n != 0 {
		t.Errorf("%d new connections", n)
	}
}

// TestInterrupted cancels committed runs at more and more of their length: they end as
// interrupted, never as scenarios that cannot begin, since that would refute a finding.
func TestInterrupted(t *testing.T) {
	target := desk(t)
	m := committerOn(t, target)
	d := target.Plan.MatrixDataset(0)
	s := &model.Scenario{Data: d.Data, Steps: target.Plan.Matrix(d)[0], Committed: true}
	began := time.Now()
	if _, err := m.Run(context.Background(), s, true); err != nil {
		t.Fatal(err)
	}
	whole := time.Since(began)
	const times = 60
	interrupted := 0
	for i := range times {
		ctx, cancel := context.WithTimeout(context.Background(), whole*time.Duration(i)/times)
		_, err := m.Run(ctx, s, true)
		cancel()
		if errors.Is(err, run.ErrInvalid) {
			t.Fatalf("an interrupted run ended as %v", err)
		}
		if err != nil {
			interrupted++
		}
	}
	if interrupted == 0 {
		t.Error("no run was interrupted")
	}
}
