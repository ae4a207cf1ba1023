package props_test

import (
	"os"
	"path/filepath"
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

// reports has a search report one block, of which say names what matters, or none where nothing is wanted.
func reports(t *testing.T, cfg props.Config, want string, say func(*props.Block) string) {
	t.Helper()
	r, err := props.Run(t.Context(), opened(t, cfg), cfg)
	if err != nil {
		t.Fatal(err)
	}
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
