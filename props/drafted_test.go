package props_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
)

// TestDraftedTwins checks schemas against the contract that init drafts, as it stands: the
// sound one has no finding and no gap, and its leaky twin has its leak.
func TestDraftedTwins(t *testing.T) {
	for _, k := range allTwins {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			d := drafted(t, "plain", map[string]string{"schema.sql": k.schema})
			r := walked(t, d.Contract, nil)
			for _, b := range r.Blocks {
				t.Errorf("a false alarm:\n%s", b)
			}
			for _, table := range r.Tables {
				if table.Parent != "" {
					t.Errorf("partition %s is counted as a table", table.Label())
				}
			}
			if r.Incomplete() {
				t.Errorf("untested: %v\n%s", r.Untested, d.YAML)
			}
			leak := filepath.Join(filepath.Dir(d.Contract), "leak.txt")
			if err := os.WriteFile(leak, []byte(k.leak), 0o600); err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, b := range walked(t, d.Contract, k.only(), leak).Blocks {
				f := b.Finding
				found = append(append(found, fmt.Sprintf("%s: %s %s (%s)", f.Session, f.Command, cmp.Or(f.Path, f.Table), f.Class)), b.Like...)
			}
			for _, want := range k.found {
				if !slices.Contains(found, want) {
					t.Errorf("not found: %s; found: %q", want, found)
				}
			}
		})
	}
}

// TestEndedMemberships says in a drafted contract which memberships count: who was in a
// tenant, or may come to be, is at stake then. The walk has too few people to try each way
// in which a membership may not count.
func TestEndedMemberships(t *testing.T) {
	const schema = `
CREATE ROLE ended_app LOGIN;
CREATE TYPE seat_state AS ENUM ('asked', 'in', 'out');
CREATE TABLE teams (id int PRIMARY KEY, name text);
CREATE TABLE people (id int PRIMARY KEY, name text);
CREATE TABLE seats (team int NOT NULL REFERENCES teams, person int NOT NULL REFERENCES people, left_at timestamptz, state seat_state NOT NULL, good_until timestamptz, PRIMARY KEY (team, person));
CREATE TABLE boards (id int PRIMARY KEY, team int NOT NULL REFERENCES teams, title text);
CREATE FUNCTION mine() RETURNS SETOF int STABLE SECURITY DEFINER SET search_path = public LANGUAGE sql AS
  $$ SELECT team FROM seats m WHERE person = nullif(current_setting('app.person', true), '')::int AND %s $$;
ALTER TABLE boards ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON boards USING (team IN (SELECT mine()));
GRANT SELECT ON boards TO ended_app;`
	tests := []struct{ name, counts, forgets string }{
		{name: "left", counts: "m.left_at IS NULL", forgets: "true"},
		{name: "state and expiry, the state forgotten", counts: "m.state = 'in' AND (m.good_until IS NULL OR m.good_until > now())", forgets: "(good_until IS NULL OR good_until > now())"},
		{name: "state and expiry, the expiry forgotten", counts: "m.state = 'in' AND (m.good_until IS NULL OR now() < m.good_until)", forgets: "state = 'in'"},
	}
	for i := range tests {
		k := &tests[i]
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			d := drafted(t, "plain", map[string]string{"schema.sql": fmt.Sprintf(schema, k.counts)})
			text := regexp.MustCompile(`(m\.person = (people\.id|\$user\.id))`).ReplaceAllString(string(d.YAML), "$1 AND "+strings.ReplaceAll(k.counts, "$", "$$"))
			if err := os.WriteFile(d.Contract, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, b := range walked(t, d.Contract, nil).Blocks {
				t.Errorf("a false alarm:\n%s", b)
			}
			leak := filepath.Join(filepath.Dir(d.Contract), "leak.txt")
			body := fmt.Sprintf(schema[strings.Index(schema, "CREATE FUNCTION"):strings.Index(schema, "ALTER TABLE")], k.forgets)
			if err := os.WriteFile(leak, []byte(strings.Replace(body, "CREATE", "CREATE OR REPLACE", 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			cfg := props.Config{Contract: d.Contract, Only: []string{"boards"}, Apply: []string{leak}, SkipMatrix: true, Checks: 300, First: true, Seed: 1, Workers: 1, Postgres: os.Getenv("RLSFUZZ_POSTGRES")}
			r := ran(t, cfg)
			if len(r.Blocks) != 1 || r.Blocks[0].Finding.Table != "boards" {
				t.Errorf("found %v", r.Blocks)
			}
		})
	}
}

// walked walks the matrix of a contract's schema, of some tables and paths only, with SQL
// after it.
func walked(t *testing.T, contract string, only []string, apply ...string) *props.Report {
	t.Helper()
	cfg := props.Config{Contract: contract, Only: only, Apply: apply, SkipRandom: true, Workers: 1, Postgres: os.Getenv("RLSFUZZ_POSTGRES")}
	r := ran(t, cfg)
	return r
}
