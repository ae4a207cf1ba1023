package props_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

const twoTables = `
CREATE ROLE weaken_app LOGIN;
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE items (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts (id), body text);
CREATE TABLE notes (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts (id), body text);
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY items_read ON items FOR SELECT USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY notes_read ON notes FOR SELECT USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
GRANT SELECT ON items, notes TO weaken_app;
`

const twoTablesContract = `schema: [schema.sql]
tenant: {table: accounts, key: id}
sessions:
  member: {login: weaken_app, settings: {app.tenant_id: $tenant}, sees: {"*": own}, writes: {"*": none}}
accept:
  - {table: items, class: read, reason: everybody may see them}
  - {table: items, class: open, reason: everybody may see them}
`

func openTwoTables(t *testing.T) *props.Target {
	t.Helper()
	require.Postgres(t)
	dir := require.Folder(t, map[string]string{"rlsfuzz.yaml": twoTablesContract, "schema.sql": twoTables})
	target, err := props.Open(context.Background(), props.Config{Contract: filepath.Join(dir, "rlsfuzz.yaml"), Postgres: os.Getenv("RLSFUZZ_POSTGRES")})
	if err != nil {
		t.Fatal(err)
	}
	require.Closed(t, target)
	return target
}

// first searches a weakened target for its first finding, and names its table.
func first(t *testing.T, target *props.Target, w props.Weakening, cfg props.Config) (string, *props.Report, error) {
	t.Helper()
	weak, err := target.Weakened(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = weak.Close() }()
	cfg.Workers, cfg.Seed, cfg.First = 1, 1, true
	r, err := props.Run(t.Context(), weak, cfg)
	if err != nil || len(r.Blocks) == 0 {
		return "", r, err
	}
	return r.Blocks[0].Finding.Table, r, nil
}

func off(table string) props.Weakening {
	return props.Weakening{
		Statements: []string{"ALTER TABLE " + table + " DISABLE ROW LEVEL SECURITY"},
		Back:       []string{"ALTER TABLE " + table + " ENABLE ROW LEVEL SECURITY"},
	}
}

// The first finding ends the walk; one that the contract accepts does not.
func TestFirst(t *testing.T) {
	target := openTwoTables(t)
	walk, search := props.Config{SkipRandom: true}, props.Config{SkipMatrix: true, Checks: 300}
	_, whole, err := first(t, target, props.Weakening{}, walk)
	if err != nil {
		t.Fatal(err)
	}
	both := off("items")
	both.Statements = append(both.Statements, off("notes").Statements...)
	both.Back = append(both.Back, off("notes").Back...)
	for _, test := range []struct {
		name string
		w    props.Weakening
		cfg  props.Config
		want string
	}{
		{"walk", off("notes"), walk, "notes"},
		{"random", off("notes"), search, "notes"},
		{"accepted, walk", both, walk, "notes"},
		{"accepted, random", both, search, "notes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, r, err := first(t, target, test.w, test.cfg)
			if err != nil || got != test.want {
				t.Errorf("found of %q, %v", got, err)
			}
			if r.Walk >= whole.Walk {
				t.Errorf("walked %d of %d cells", r.Walk, whole.Walk)
			}
		})
	}
}

// Copies that a weakening put back serve the next one, and show nothing of it.
func TestWeakenedBack(t *testing.T) {
	target := openTwoTables(t)
	databases := func() (n int) {
		conn, err := target.Server.Connect(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(context.Background()) }()
		if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_database WHERE datname LIKE 'rlsfuzz%'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	walk := props.Config{SkipRandom: true}
	if got, _, err := first(t, target, off("notes"), walk); err != nil || got != "notes" {
		t.Fatalf("found of %q, %v", got, err)
	}
	before := databases()
	same := props.Weakening{Statements: []string{"SELECT 1"}, Back: []string{"SELECT 1"}}
	if got, _, err := first(t, target, same, walk); err != nil || got != "" {
		t.Errorf("what was put back shows a leak of %q, %v", got, err)
	}
	refused := props.Weakening{Statements: []string{"ALTER TABLE notes DISABLE ROW LEVEL SECURITY", "ALTER TABLE nothing DISABLE ROW LEVEL SECURITY"}, Back: []string{"SELECT 1"}}
	var e *props.RefusedError
	if _, _, err := first(t, target, refused, walk); !errors.As(err, &e) {
		t.Errorf("%v", err)
	}
	if got, _, err := first(t, target, same, walk); err != nil || got != "" {
		t.Errorf("what was refused shows a leak of %q, %v", got, err)
	}
	if after := databases(); after != before {
		t.Errorf("%d databases, and %d before", after, before)
	}
}
