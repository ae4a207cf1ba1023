package props_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
	"github.com/rlsfuzz/rlsfuzz/props/run"
	"github.com/rlsfuzz/rlsfuzz/props/session"
)

// TestGuideRepeats runs a guided search with one worker and with two: they are the same.
func TestGuideRepeats(t *testing.T) {
	cfg := shopConfig(t, "")
	cfg.Guide, cfg.Out, cfg.Checks = 3, "", 1500
	target := shopTarget(t, cfg)
	var runs []session.Counters
	var matrices []*run.Matrix
	for _, workers := range []int{1, 2} {
		cfg.Workers = workers
		r, err := props.Run(context.Background(), target, cfg)
		if err != nil {
			t.Fatal(err)
		}
		r.Effort.ElapsedS = 0
		runs, matrices = append(runs, r.Effort), append(matrices, r.Matrix)
	}
	if runs[0].Guided == 0 || runs[0].Corpus == 0 {
		t.Errorf("nothing was guided: %+v", runs[0])
	}
	if diff := cmp.Diff(runs[0], runs[1]); diff != "" {
		t.Errorf("two workers do something else than one (-one +two):\n%s", diff)
	}
	if diff := cmp.Diff(matrices[0], matrices[1], cmp.AllowUnexported(run.Matrix{})); diff != "" {
		t.Errorf("two workers put something else at stake than one (-one +two):\n%s", diff)
	}
}

// TestGuide measures in how many checks leaks are found that need three steps or more,
// with and without guidance.
func TestGuide(t *testing.T) {
	require.Long(t)
	seeds := require.Number(t, "RLSFUZZ_SEEDS", 3)
	leaks, err := filepath.Glob(filepath.Join("testdata", "deep", "*.sql"))
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t)
	const most = 1500
	for _, leak := range leaks {
		cfg := d.config()
		cfg.Apply = []string{leak}
		cfg.Only = []string{"tickets", "support_notes", "invoices"} // where the steps are: calls of paths are no part of them
		target, err := props.Open(context.Background(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		for _, guide := range []int{3, 0} {
			var at []int
			for seed := range seeds {
				c := cfg
				c.Seed, c.Checks, c.SkipMatrix, c.First, c.Guide = uint64(seed+1), most, true, true, guide
				r, err := props.Run(context.Background(), target, c)
				if err != nil {
					t.Fatal(err)
				}
				if len(r.Blocks) == 0 {
					at = append(at, most)
					continue
				}
				at = append(at, r.Blocks[0].AtCheck)
				t.Logf("seed %d: check %d", seed+1, r.Blocks[0].AtCheck)
			}
			slices.Sort(at)
			t.Logf("%s, guide %d: median %d of %v", filepath.Base(leak), guide, at[len(at)/2], at)
		}
		_ = target.Close()
	}
}
