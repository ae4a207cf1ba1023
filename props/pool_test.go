package props_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

const poolSchema = `
CREATE ROLE pool_app LOGIN;
CREATE TABLE firms (id integer PRIMARY KEY);
CREATE TABLE notes (id integer PRIMARY KEY, firm_id integer NOT NULL REFERENCES firms (id), body text NOT NULL);
ALTER TABLE firms ENABLE ROW LEVEL SECURITY;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON firms, notes TO pool_app;
CREATE FUNCTION firm() RETURNS integer LANGUAGE sql VOLATILITY AS $$ SELECT nullif(current_setting('app.firm', true), '')::integer $$;
CREATE FUNCTION constant_firm() RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT nullif(current_setting('app.firm', true), '')::integer $$;
CREATE FUNCTION firm_of_report() RETURNS integer LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.report', true), '')::integer $$;
CREATE FUNCTION begin_report() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('app.report', current_setting('app.firm'), false); END $$;
CREATE FUNCTION end_report() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('app.report', '', false); END $$;
CREATE VIEW own_notes AS SELECT id, body FROM notes WHERE firm_id = FILTER;
GRANT SELECT ON own_notes TO pool_app;
CREATE POLICY firms_read ON firms USING (id = firm());
CREATE POLICY notes_read ON notes USING (firm_id = firm() OR firm_id = firm_of_report());
`

const poolContract = `
schema: [schema.sql]
tenant: {table: firms, key: id}
tables: {notes: {tenant: firm_id}}
sessions:
  member:
    login: pool_app
    settings: {app.firm: $tenant}
    bind: BIND
    release: RELEASE
    sees: {"*": own}
    writes: {"*": none}
paths:
  report:
    kind: report
    as: [member]
    run: REPORT
`

// TestPool plants what only connections show that are used again: a plan with the tenant of
// whoever had it made, a binding that a ROLLBACK takes back, a report that failed half-way.
// Each has a twin that is right.
func TestPool(t *testing.T) {
	t.Parallel()
	const (
		one     = "SELECT begin_report(); SELECT count(*) FROM notes; SELECT end_report()"
		several = "[SELECT begin_report(), SELECT count(*) FROM notes, SELECT end_report()]"
	)
	for _, k := range []struct {
		name, volatility, filter, bind, release, report string
		says                                            string // empty: no finding
	}{
		{name: "a plan is kept", volatility: "IMMUTABLE", says: "function firm() is marked IMMUTABLE"},
		{name: "a view's plan is kept", filter: "constant_firm()", says: "function constant_firm() is marked IMMUTABLE"},
		{name: "a plan is dropped", volatility: "IMMUTABLE", release: "DISCARD ALL"},
		{name: "bound in the first transaction", bind: "first", says: "a ROLLBACK takes that back"},
		{name: "bound in the first transaction, and reset", bind: "first", release: "RESET ALL"},
		{name: "bound before the first transaction", bind: "session"},
		{name: "fails half-way", report: several, says: "report leaves on the connection what the next session finds"},
	} {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			or := func(value, other string) string {
				if value == "" {
					return other
				}
				return value
			}
			target, cfg := poolTarget(t, strings.NewReplacer("VOLATILITY", or(k.volatility, "STABLE"), "FILTER", or(k.filter, "firm()"), "BIND", or(k.bind, "local"), "RELEASE", or(k.release, "none"), "REPORT", or(k.report, one)))
			for seed := range uint64(2) { // the walk, then random search
				if seed > 0 && k.says == "" {
					break // the walk does more of it
				}
				cfg.SkipRandom, cfg.SkipMatrix, cfg.First, cfg.Seed, cfg.Checks = seed == 0, seed > 0, seed > 0, seed, 500
				r, err := props.Run(context.Background(), target, cfg)
				if err != nil {
					t.Fatal(err)
				}
				for _, l := range r.Leads {
					t.Errorf("seed %d: unconfirmed: %s: %s", seed, l.Cell, l.Reason)
				}
				if k.says == "" {
					for _, b := range r.Blocks {
						t.Errorf("seed %d: a finding:\n%s", seed, b)
					}
					continue
				}
				if len(r.Blocks) != 1 {
					t.Fatalf("seed %d: %d findings, want one: %v", seed, len(r.Blocks), r.Blocks)
				}
				b := r.Blocks[0]
				if seed > 0 { // the first that is found, whichever of its cells
					continue
				}
				if b.Finding.Class.String() != "residue" || len(b.Finding.Scenario.Steps) != 2 || !strings.Contains(b.Cause, k.says) {
					t.Errorf("want residue in two steps, and %q: %s\n%s", k.says, b.Cause, b)
				}
				if out := ranPSQL(t, filepath.Join(b.Dir, finding.ReproFile)); !strings.Contains(out, "LEAK: residue") {
					t.Errorf("repro.sql does not say LEAK:\n%s", out)
				}
			}
		})
	}
}

// poolTarget opens the schema and contract above, with some words replaced.
func poolTarget(t *testing.T, words *strings.Replacer) (*props.Target, props.Config) {
	t.Helper()
	require.Postgres(t)
	dir := require.Folder(t, map[string]string{"schema.sql": words.Replace(poolSchema), "rlsfuzz.yaml": words.Replace(poolContract)})
	cfg := props.Config{
		Contract: filepath.Join(dir, "rlsfuzz.yaml"), Workers: 1, Out: filepath.Join(dir, "out"),
		Postgres: os.Getenv("RLSFUZZ_POSTGRES"), AllowAnyServer: os.Getenv("RLSFUZZ_POSTGRES_ANY") == "1",
	}
	return opened(t, cfg), cfg
}
