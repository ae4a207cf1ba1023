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
// file, RLSFUZZ_SEEDS how many seeds, RLSFUZZ_MUTANTS a part of the names of those wanted.
func TestKillTable(t *testing.T) {
	file := os.Getenv("RLSFUZZ_KILL_TABLE")
	if file == "" {
		t.Skip("RLSFUZZ_KILL_TABLE names no file")
	}
	require.Postgres(t)
	seeds, err := strconv.Atoi(os.Getenv("RLSFUZZ_SEEDS"))
	if err != nil {
		t.Fatalf("RLSFUZZ_SEEDS: %v", err)
	}
	target, err := props.Open(context.Background(), props.Config{Contract: filepath.Join("..", "helpdesk", "rlsfuzz.yaml"), Postgres: os.Getenv("RLSFUZZ_POSTGRES")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = target.Close() }()
	part := os.Getenv("RLSFUZZ_MUTANTS")
	cfg := mutate.Config{Seed: 1, Keep: func(m *mutate.Mutant) bool { return strings.Contains(m.Key(), part) }}
	var out bytes.Buffer
	out.WriteString("# The kill table\n\nEach mutant of the example that no rule shows to be equivalent, searched at random alone from " +
		strconv.Itoa(seeds) + " seeds.\nMade by `.ci/kills`.\n\n" + mutate.Columns)
	rows := 0
	err = mutate.Kills(t.Context(), target, cfg, seeds, func(k mutate.Kill) {
		rows++
		if err := k.Row(&out); err != nil {
			t.Error(err)
		}
		t.Logf("%s: %.0f %%, alone %v", k.Mutant.Key(), k.Rate(), k.Classes)
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
