package props_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/inventory"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// note is a small contract of accounts and their notes, and a second table of them.
func note(t *testing.T) (contract string) {
	t.Helper()
	dir := require.Folder(t, map[string]string{
		"rlsfuzz.yaml": `schema: [schema.sql]
tenant: {table: accounts, key: id}
sessions:
  member: {login: history_app, settings: {app.tenant: $tenant}, sees: {"*": own}, writes: {"*": none}}
  stranger: {login: history_app, sees: {"*": none}, writes: {"*": none}}
`,
		"schema.sql": `CREATE ROLE history_app LOGIN;
CREATE TABLE accounts (id int PRIMARY KEY);
CREATE TABLE notes (id int PRIMARY KEY, account_id int NOT NULL REFERENCES accounts);
CREATE TABLE tasks (id int PRIMARY KEY, account_id int NOT NULL REFERENCES accounts);
CREATE FUNCTION tenant() RETURNS int LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.tenant', true), '')::int $$;
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY; ALTER TABLE notes ENABLE ROW LEVEL SECURITY; ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON accounts USING (id = tenant());
CREATE POLICY p ON notes USING (account_id = tenant());
CREATE POLICY p ON tasks USING (account_id = tenant());
GRANT SELECT ON accounts, notes, tasks TO history_app;`,
		"leak.sql": `ALTER POLICY p ON tasks USING (true);
CREATE FUNCTION total() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM tasks';`,
	})
	return filepath.Join(dir, "rlsfuzz.yaml")
}

// TestFreshFirst checks a schema, changes one policy of it and adds a function, and checks again: the
// statements about the policy's table come first, then the function's calls.
func TestFreshFirst(t *testing.T) {
	require.Postgres(t)
	contract, out := note(t), t.TempDir()
	cfg := props.Config{Contract: contract, Postgres: os.Getenv("RLSFUZZ_POSTGRES"), Out: out, SkipRandom: true}
	sound := opened(t, cfg)
	before := props.WalkOrder(t.Context(), sound, out)
	r, err := props.Run(t.Context(), sound, cfg)
	if err != nil || len(r.Blocks) > 0 {
		t.Fatalf("%d findings, %v", len(r.Blocks), err)
	}
	if diff := cmp.Diff(before, props.WalkOrder(t.Context(), sound, out)); diff != "" {
		t.Errorf("nothing is new, and the walk differs:\n%s", diff)
	}
	v, err := sound.Inventory(out, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range v.Ways {
		if w := &v.Ways[i]; w.Kind == "table" && (w.Tested == 0 || w.Mark != inventory.Same) {
			t.Errorf("after a check: %s: %d of %d cells, %s", w.ID, w.Tested, w.Cells, w.Mark)
		}
	}

	statements := func(order []string) (n int) {
		for _, s := range order {
			if !strings.HasSuffix(s, " plays") {
				n++
			}
		}
		return n
	}
	leaky := cfg
	leaky.Apply = []string{filepath.Join(filepath.Dir(contract), "leak.sql")}
	target := opened(t, leaky)
	for name, dir := range map[string]string{"the last check": out, "the schema without the leak": t.TempDir()} {
		order := props.WalkOrder(t.Context(), target, dir)
		n := slices.IndexFunc(order, func(s string) bool { return !strings.HasSuffix(s, " tasks") })
		if tasks := strings.Count(strings.Join(before, "\n"), " tasks"); n != tasks || tasks == 0 || statements(order) != statements(before) {
			t.Errorf("compared with %s: %d cells of tasks come first, of %d; %d statements in all, want %d", name, n, tasks, statements(order), statements(before))
		}
		if next := order[n]; !strings.HasSuffix(next, " calls, 0 plays") || strings.HasPrefix(next, "0 ") {
			t.Errorf("compared with %s: after them come %s", name, next)
		}
	}
	keys := map[string]bool{}
	for _, dir := range []string{out, t.TempDir()} { // walked first, and in its turn
		run := leaky
		run.Out = dir
		again := opened(t, run)
		r, err := props.Run(t.Context(), again, run)
		if err != nil || len(r.Blocks) != 1 {
			t.Fatalf("%d findings, %v", len(r.Blocks), err)
		}
		keys[r.Blocks[0].Finding.Key] = true
	}
	if len(keys) != 1 {
		t.Errorf("the order of the walk made other findings: %v", keys)
	}
}

// TestOnlyKeepsTheRest checks all, then one table: what was tested of the others stays.
func TestOnlyKeepsTheRest(t *testing.T) {
	require.Postgres(t)
	contract, out := note(t), t.TempDir()
	cfg := props.Config{Contract: contract, Postgres: os.Getenv("RLSFUZZ_POSTGRES"), Out: out, SkipRandom: true}
	target := opened(t, cfg)
	state := func() *inventory.Coverage {
		c, err := inventory.LoadCoverage(out, contract)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if _, err := props.Run(t.Context(), target, cfg); err != nil {
		t.Fatal(err)
	}
	whole := state()
	cfg.Only = []string{"notes"}
	if _, err := props.Run(t.Context(), target, cfg); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole.Objects, state().Objects); diff != "" || len(whole.Cells) != len(state().Cells) {
		t.Errorf("%d cells, then %d; objects:\n%s", len(whole.Cells), len(state().Cells), diff)
	}
	if err := os.WriteFile(filepath.Join(out, inventory.CoverageFile), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := props.Run(t.Context(), target, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, "what the last check covered is not known") }) {
		t.Errorf("a torn state is not told: %q", r.Notes)
	}
	if c := state(); len(c.Cells) == 0 {
		t.Error("a torn state is not written anew")
	}
}
