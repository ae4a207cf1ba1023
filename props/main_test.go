package props_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

func TestMain(m *testing.M) { require.Main(m) }

// opened is a target that the test closes.
func opened(t *testing.T, cfg props.Config) *props.Target {
	t.Helper()
	target, err := props.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	require.Closed(t, target)
	return target
}

// ran is what a search reports.
func ran(t *testing.T, cfg props.Config) *props.Report {
	t.Helper()
	r, err := props.Run(t.Context(), opened(t, cfg), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// reports has a search report one block, of which say names what matters, or none where nothing is wanted.
func reports(t *testing.T, cfg props.Config, want string, say func(*props.Block) string) *props.Report {
	t.Helper()
	r := ran(t, cfg)
	var all, got []string
	if want != "" {
		all = []string{want}
	}
	for _, b := range r.Blocks {
		got = append(got, say(b))
	}
	if d := cmp.Diff(all, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	return r
}

// causes is the causes of what was found, sorted.
func causes(r *props.Report) []string {
	var out []string
	for _, b := range r.Blocks {
		out = append(out, b.Cause)
	}
	slices.Sort(out)
	return out
}

// apart walks a schema twice: what a check reports beside the findings, is a finding where it is
// strict. It gives the blocks of the strict one, which there must be as many of in the other.
func apart(t *testing.T, schema, contract string) ([]*props.Block, *props.Target) {
	t.Helper()
	var told []*props.Block
	var target *props.Target
	cfg := written(t, schema, contract)
	cfg.SkipRandom = true
	for _, strict := range []bool{false, true} { // the second one finds what the first one saved
		cfg.Strict = strict
		target = opened(t, cfg)
		r, err := props.Run(t.Context(), target, cfg)
		if err != nil {
			t.Fatal(err)
		}
		found, other := r.Apart, r.Blocks
		if strict {
			found, other = r.Blocks, r.Apart
		}
		if len(other) > 0 || r.Incomplete() {
			t.Errorf("strict %v: incomplete %v, and found %v", strict, r.Incomplete(), other)
		}
		if strict && len(found) != len(told) {
			t.Errorf("%d are reported apart, and %d are findings of a strict check", len(told), len(found))
		}
		told = found
	}
	return told, target
}

// written is a short search of a schema and its contract, in a folder of their own.
func written(t *testing.T, schema, contract string) props.Config {
	t.Helper()
	dir := require.Folder(t, map[string]string{"schema.sql": schema, "rlsfuzz.yaml": contract})
	return props.Config{
		Contract: filepath.Join(dir, "rlsfuzz.yaml"), Out: filepath.Join(dir, "out"), Postgres: os.Getenv("RLSFUZZ_POSTGRES"), Seed: 3, Checks: 100,
		AllowAnyServer: os.Getenv("RLSFUZZ_POSTGRES_ANY") == "1",
	}
}
