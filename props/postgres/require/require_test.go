package require_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

func TestMain(m *testing.M) { require.Main(m) }

// witness records what a test would have been told.
type witness struct {
	testing.TB
	skipped, failed string
}

func (w *witness) Helper()      {}
func (w *witness) Name() string { return "TestWitness" }

func (w *witness) Skip(args ...any) {
	w.skipped = fmt.Sprint(args...)
	runtime.Goexit()
}

func (w *witness) Fatal(args ...any) {
	w.failed = fmt.Sprint(args...)
	runtime.Goexit()
}

// need calls Need as a test would and reports whether the test goes on after it.
func need(ok bool) (w *witness, goesOn bool) {
	w = &witness{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		require.Need(w, "a horse", ok, "buy one")
		goesOn = true
	}()
	<-done
	return w, goesOn
}

func TestNeed(t *testing.T) {
	tests := []struct {
		name, ci        string
		ok, goesOn      bool
		skipped, failed string
	}{
		{name: "there", ok: true, goesOn: true},
		{name: "there in CI", ci: "1", ok: true, goesOn: true},
		{name: "missing", skipped: "needs a horse: buy one"},
		{name: "missing in CI", ci: "1", failed: "needs a horse: buy one (RLSFUZZ_CI=1: nothing may be skipped)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("RLSFUZZ_CI", test.ci)
			w, goesOn := need(test.ok)
			if goesOn != test.goesOn || w.skipped != test.skipped || w.failed != test.failed {
				t.Errorf("goes on %v, skipped %q, failed %q", goesOn, w.skipped, w.failed)
			}
		})
	}
}

func TestPostgresIsShared(t *testing.T) {
	first, second := require.Postgres(t), require.Postgres(t)
	if first != second {
		t.Error("two servers were started")
	}
	conn, err := first.Connect(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestLacking is run by TestMissingServer, where no server can be had.
func TestLacking(t *testing.T) {
	if os.Getenv("RLSFUZZ_POSTGRES") != "/no/such/folder" {
		return
	}
	require.Postgres(t)
}

func TestMissingServer(t *testing.T) {
	for _, test := range []struct {
		ci, says string
		passes   bool
	}{
		{"0", "skipped: TestLacking needs a PostgreSQL server: no PostgreSQL server (/no/such/folder)", true},
		{"1", "--- FAIL: TestLacking", false},
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestLacking$")
		cmd.Env = append(os.Environ(), "RLSFUZZ_POSTGRES=/no/such/folder", "RLSFUZZ_CI="+test.ci)
		out, err := cmd.CombinedOutput()
		if !strings.Contains(string(out), test.says) || (err == nil) != test.passes {
			t.Errorf("with RLSFUZZ_CI=%s it says %q, %v", test.ci, out, err)
		}
	}
}
