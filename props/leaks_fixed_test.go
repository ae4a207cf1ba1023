package props_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// fixedChecks is how many checks the fixed schema passes; RLSFUZZ_CHECKS says otherwise.
const fixedChecks = 50_000

// TestFixed searches the example as it should be: nothing is found, and what was not
// tested is what the golden file lists, each with its reason.
func TestFixed(t *testing.T) {
	d, checks := newDesk(t), require.Number(t, "RLSFUZZ_CHECKS", fixedChecks)
	cfg := d.config()
	cfg.Workers, cfg.Checks = 0, checks
	r, err := props.Run(context.Background(), d.fixed, cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range r.Blocks {
		t.Errorf("found:\n%s", b)
	}
	for _, l := range r.Leads {
		t.Errorf("unconfirmed: %s: %s: %s", l.Class, l.Cell, l.Reason)
	}
	if r.Checks < checks || r.Ended {
		t.Errorf("%d checks, ended early: %v; want at least %d", r.Checks, r.Ended, checks)
	}
	if r.Incomplete() {
		t.Error("incomplete: the exit status would be 4")
	}
	golden, err := os.ReadFile(filepath.Join("testdata", "untested.golden"))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for i := range r.Untested {
		got.WriteString(r.Untested[i].String() + ": " + r.Untested[i].Reason + "\n")
	}
	if diff := cmp.Diff(string(golden), got.String()); diff != "" {
		t.Errorf("untested, and not as in testdata/untested.golden (-want +got):\n%s", diff)
	}
}
