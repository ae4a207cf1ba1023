package mutate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/mutate"
)

// Two at once: both are told of, or a rule says what one adds to the other.
func TestPairs(t *testing.T) {
	keep := map[string]bool{
		"policy accounts_read on accounts: USING true: USING (true)": true,
		"policy notes_read on notes: USING true: USING (true)":       true,
		"table notes: row security off: DISABLE ROW LEVEL SECURITY":  true,
	}
	results, err := mutate.Run(t.Context(), open(t, contract, schema), mutate.Config{
		Seed: 1, Checks: 100, Pairs: 10, Keep: func(m *mutate.Mutant) bool { return keep[m.Key()] },
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]mutate.Status{}
	for _, r := range results {
		if r.Kind == mutate.Pair {
			got[r.Object] = r.Status
			if r.Status == mutate.Survived || len(r.Pair) != 2 {
				t.Errorf("%s: %v: %s", r.Key, r.Pair, r.Reason)
			}
		}
	}
	want := map[string]mutate.Status{
		"policy accounts_read on accounts + policy notes_read on notes": mutate.Killed,
		"policy accounts_read on accounts + table notes":                mutate.Killed,
		"policy notes_read on notes + table notes":                      mutate.Equivalent,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
