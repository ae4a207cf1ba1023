package props_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props"
)

// TestHurried ends the walk before its first cell: what was not tried says so.
func TestHurried(t *testing.T) {
	d := drafted(t, "plain", map[string]string{"schema.sql": twinOf(t, "claims whose keys are the tenants").schema})
	cfg := props.Config{Contract: d.Contract, Duration: time.Nanosecond, Workers: 1, Out: t.TempDir(), Postgres: os.Getenv("RLSFUZZ_POSTGRES")}
	r := ran(t, cfg)
	n := 0
	for i := range r.Untested {
		if u := &r.Untested[i]; u.Session != "" {
			n++
			if !strings.Contains(u.Reason, "the time was up") {
				t.Errorf("%s: %s", u, u.Reason)
			}
		}
	}
	if n == 0 {
		t.Error("everything was tested: the test shows nothing")
	}
}

// TestOverdue gives a run too little time to look for what would mend its finding, which is
// confirmed all the same. The next run has the time, and its folder says what that one found.
func TestOverdue(t *testing.T) {
	k := twinOf(t, "a function of a role that bypasses row security")
	d := drafted(t, "plain", map[string]string{"schema.sql": k.schema})
	leak := filepath.Join(filepath.Dir(d.Contract), "leak.txt")
	if err := os.WriteFile(leak, []byte(k.leak), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := props.Config{Contract: d.Contract, Only: k.only(), Apply: []string{leak}, SkipRandom: true, Duration: time.Nanosecond, Workers: 1, Out: t.TempDir(), Postgres: os.Getenv("RLSFUZZ_POSTGRES")}
	r := ran(t, cfg)
	if len(r.Blocks) == 0 {
		t.Fatal("nothing was found: the test shows nothing")
	}
	for _, b := range r.Blocks {
		e := &b.Finding.Explanation
		if saved := savedFix(t, b); !strings.Contains(e.Fixed(), "the time was up") || saved != e.Fixed() || e.Reproduced == 0 {
			t.Errorf("fix %q, saved as %q, reproduced %d of %d", e.Fixed(), saved, e.Reproduced, e.Times)
		}
	}
	cfg.Duration = 0
	r = ran(t, cfg)
	if len(r.Blocks) == 0 {
		t.Fatal("the next run finds nothing")
	}
	for _, b := range r.Blocks {
		fix, saved := b.Finding.Fixed(), savedFix(t, b)
		if fix == "" || strings.Contains(fix, "not looked for") || saved != "" {
			t.Errorf("the next run: fix %q, saved as %q", fix, saved)
		}
	}
}

// savedFix is why the saved case of a block has no fix; empty where one was looked for.
func savedFix(t *testing.T, b *props.Block) string {
	t.Helper()
	k, err := props.ReadCase(b.Dir)
	if err != nil {
		t.Fatal(err)
	}
	return k.Found.Fix
}

// TestOverdueBeneath has a leak under which others may lie, and no time to look: that is said.
func TestOverdueBeneath(t *testing.T) {
	t.Parallel()
	for _, duration := range []time.Duration{time.Nanosecond, 10 * time.Minute} {
		cfg := written(t, overreachSchema+`CREATE POLICY seen ON notes FOR SELECT USING (true);`, overreachContract)
		cfg.SkipRandom, cfg.Duration = true, duration
		r := ran(t, cfg)
		if len(r.Blocks) != 1 || r.Blocks[0].Finding.Carrier.Object != "policy seen on notes" {
			t.Fatalf("%d findings, want 1", len(r.Blocks))
		}
		hurried := duration == time.Nanosecond
		if slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, "beneath") }) != hurried {
			t.Errorf("within %s: notes %q", duration, r.Notes)
		}
		if free := r.Blocks[0].Finding.Free; len(free) > 0 == hurried {
			t.Errorf("within %s: may be anything: %v", duration, free)
		}
	}
}
