package mutate_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/mutate"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// TestKillTable writes the kill table of the example: .ci/kills runs it. RLSFUZZ_KILL_TABLE is the
// file, RLSFUZZ_SEEDS how many seeds, RLSFUZZ_EACH how many mutants of a kind (0: all),
// RLSFUZZ_CHECKS the checks of a search, RLSFUZZ_MUTANTS a part of the names of those wanted.
func TestKillTable(t *testing.T) {
	file := os.Getenv("RLSFUZZ_KILL_TABLE")
	if file == "" {
		t.Skip("it writes a table to the file that RLSFUZZ_KILL_TABLE names, as .ci/kills does")
	}
	require.Postgres(t)
	number := func(name string) int {
		n, err := strconv.Atoi(os.Getenv(name))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return n
	}
	sample := mutate.Sample{Seeds: number("RLSFUZZ_SEEDS"), Each: number("RLSFUZZ_EACH")}
	target, err := props.Open(context.Background(), props.Config{Contract: filepath.Join("..", "helpdesk", "rlsfuzz.yaml"), Postgres: os.Getenv("RLSFUZZ_POSTGRES")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = target.Close() }()
	part := os.Getenv("RLSFUZZ_MUTANTS")
	cfg := mutate.Config{Seed: 1, Checks: number("RLSFUZZ_CHECKS"), Keep: func(m *mutate.Mutant) bool { return strings.Contains(m.Key(), part) }}
	rows := 0
	err = mutate.Kills(t.Context(), target, cfg, sample, func(done []*mutate.Kill) {
		rows = len(done)
		var out bytes.Buffer
		if err := mutate.Table(&out, done, sample, cfg.Checks); err != nil {
			t.Error(err)
		}
		if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil { // whole so far
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if rows == 0 {
		t.Errorf("no mutant's name has %q", part)
	}
}
