package run_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// drafts is a schema whose policies show less than its contract allows, and in which every row has
// a part that Postgres makes.
const drafts = `
CREATE ROLE bounds_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE drafts (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, title text, words int, open boolean,
	length int GENERATED ALWAYS AS (length(title) + words) STORED);
ALTER TABLE firms ENABLE ROW LEVEL SECURITY;
ALTER TABLE drafts ENABLE ROW LEVEL SECURITY;
CREATE POLICY firms_read ON firms USING (id = nullif(current_setting('app.firm', true), '')::int);
CREATE POLICY drafts_read ON drafts FOR SELECT USING (firm = nullif(current_setting('app.firm', true), '')::int AND open);
GRANT SELECT ON firms, drafts TO bounds_app;`

const draftsContract = `schema: [schema.sql]
tenant: {table: firms, key: id}
tables: {drafts: {tenant: firm}}
sessions:
  member:
    login: bounds_app
    settings: {app.firm: $tenant}
    sees: {"*": {may: own}}
    writes: {"*": none}
`

// TestBounds runs sequences on a schema that shows less than it may both ways: fewer rows than an
// upper bound, and values that Postgres makes, are seldom a surprise (a count of fewer is); a row
// beyond the bound is one.
func TestBounds(t *testing.T) {
	for _, c := range []struct {
		name, leak string
	}{
		{name: "fewer"},
		{"beyond", `ALTER POLICY drafts_read ON drafts USING (open)`},
		{"instead", `ALTER POLICY drafts_read ON drafts USING (firm <> nullif(current_setting('app.firm', true), '')::int)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Postgres(t)
			dir := require.Folder(t, map[string]string{"schema.sql": drafts + "\n" + c.leak, "rlsfuzz.yaml": draftsContract})
			target, err := props.Open(t.Context(), props.Config{Contract: filepath.Join(dir, "rlsfuzz.yaml"), Postgres: os.Getenv("RLSFUZZ_POSTGRES")})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = target.Close() })
			if n := both(t, target, 20, 3*few); (n.diverged > 0) != (c.leak != "") {
				t.Errorf("%d of %d sequences diverge", n.diverged, n.checks)
			}
		})
	}
}
