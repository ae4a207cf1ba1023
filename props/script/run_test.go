package script_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// A scratch is a database of the test's own. Roles that its scripts create are
// dropped at the end.
type scratch struct {
	*pgx.Conn
	t    *testing.T
	name string
}

func newScratch(t *testing.T) *scratch {
	t.Helper()
	ctx := context.Background()
	server := require.Postgres(t)
	name, err := server.CreateDatabase(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := server.Connect(ctx, name, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(conn.Close(ctx), server.DropDatabase(ctx, name)); err != nil {
			t.Error(err)
		}
	})
	return &scratch{conn, t, name}
}

// run parses and runs a text, and drops the roles it made when the test ends.
func (s *scratch) run(src string, o script.RunOptions) (*script.Result, error) {
	s.t.Helper()
	parsed, err := script.Parse("f.sql", src, script.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.runScript(parsed, o)
}

func (s *scratch) runScript(parsed *script.Script, o script.RunOptions) (*script.Result, error) {
	s.t.Helper()
	o.Database = s.name
	result, err := script.Run(context.Background(), s.Conn, parsed, o)
	server := require.Postgres(s.t)
	s.t.Cleanup(func() { // before the database is dropped: the last comes first
		for _, role := range result.Roles {
			quoted := pgx.Identifier{role}.Sanitize()
			if _, err := s.Exec(context.Background(), "DROP OWNED BY "+quoted+" CASCADE"); err != nil {
				s.t.Error(err)
			}
			if _, err := s.Exec(context.Background(), "DROP ROLE "+quoted); err != nil {
				s.t.Errorf("%s: %v", server.Describe(), err)
			}
		}
	})
	return result, err
}

// must is run that must succeed.
func (s *scratch) must(src string) *script.Result {
	s.t.Helper()
	result, err := s.run(src, script.RunOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return result
}

// asks returns a query's only value as text.
func (s *scratch) asks(query string) string {
	s.t.Helper()
	var got any
	if err := s.QueryRow(context.Background(), query).Scan(&got); err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
	return fmt.Sprint(got)
}

func TestRun(t *testing.T) {
	s := newScratch(t)
	result := s.must(`
SELECT pg_catalog.set_config('search_path', '', false);
CREATE DATABASE app;
\connect app
SET client_min_messages = warning;
BEGIN;
CREATE TABLE public.t (a int, b text);
COPY public.t (a, b) FROM stdin;
1	one; 'two'
2	\N
\.
COMMIT;
CREATE FUNCTION public.n() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM public.t; END;
CREATE RULE r AS ON DELETE TO public.t DO ALSO (INSERT INTO public.t VALUES (3); INSERT INTO public.t VALUES (4););
CREATE TEMP TABLE gone (a int);
SET app.behind = 'over';
ALTER DATABASE "app" SET app.of_database = 'yes; it''s';
COMMENT ON DATABASE app IS 'said';
GRANT CONNECT ON DATABASE app, other TO PUBLIC;
ALTER DATABASE app RENAME TO other;
ALTER SYSTEM SET work_mem = '8MB';
`)
	for query, want := range map[string]string{
		"SELECT public.n()":                                    "2",
		"SELECT string_agg(b, ',') FROM t":                     "one; 'two'",
		"SELECT to_regclass('pg_temp.gone') IS NULL":           "true",
		"SELECT current_setting('app.behind', true) <> 'over'": "true",
		"SELECT setconfig[1] FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase WHERE setrole = 0 AND datname = current_database()": "app.of_database=yes; it's",
	} {
		if got := s.asks(query); got != want {
			t.Errorf("%s = %s, want %s", query, got, want)
		}
	}
	wantNotes := []string{
		"f.sql:3: CREATE DATABASE is skipped", `f.sql:17: database "app" is taken`, "f.sql:18: COMMENT ON DATABASE is skipped",
		"f.sql:19: database app, other is taken", "f.sql:20: ALTER DATABASE … RENAME is skipped", "f.sql:21: ALTER SYSTEM is skipped",
	}
	if len(result.Notes) != len(wantNotes) {
		t.Fatalf("notes %q, want %q", result.Notes, wantNotes)
	}
	for i, want := range wantNotes {
		if !strings.HasPrefix(result.Notes[i], want) {
			t.Errorf("note %d is %q, want %q…", i, result.Notes[i], want)
		}
	}
	s.must("CREATE TABLE seen AS SELECT current_setting('app.of_database') AS a")
	if got := s.asks("SELECT a FROM seen"); got != "yes; it's" {
		t.Errorf("the second script saw %q of the database's settings", got)
	}
}

func TestRunFailures(t *testing.T) {
	s := newScratch(t)
	for _, tt := range []struct {
		name, src string
		line, col int
		message   string // a part of what is printed
	}{
		{"position", "SELECT 'ü€';\nSELECT 'ü',\n  nope FROM pg_class;", 3, 3, `column "nope" does not exist (SQLSTATE 42703)`},
		{"position after a variable", "\\set long 'aaaaaaaaaaaaaaaaaaaa'\nSELECT :'long', nope;", 2, 17, "nope"},
		{"position in a variable", "\\set v 'nope'\nSELECT 1,\n :v;", 3, 2, "nope"},
		{"no position", "SELECT 1;\n  CREATE SCHEMA public;", 2, 3, `schema "public" already exists`},
		{"detail and hint", "CREATE TABLE k (a int PRIMARY KEY);\nINSERT INTO k VALUES (7);\nINSERT INTO k VALUES (7);", 3, 1, "detail: Key (a)=(7) already exists."},
		{"inside a function", "DO $$\nBEGIN\n  PERFORM nope();\nEND $$;", 1, 1, "where: PL/pgSQL function"},
		{"copy", "CREATE TABLE c (a int);\nCOPY c FROM stdin;\n1\nx\n\\.\n", 4, 1, "invalid input syntax for type integer"},
		{"variable without a value", "SELECT :v;", 1, 8, "a psql variable that has no value?"},
		{"no such role", "SELECT 1;\nGRANT USAGE ON SCHEMA public TO nobody_here;", 2, 1, "list a file with CREATE ROLE"},
		{"never committed", "SELECT 1;\nBEGIN;\nCREATE TABLE lost (a int);", 2, 1, "never ends"},
		{"extension", "CREATE EXTENSION IF NOT EXISTS \"no-such_one\" WITH SCHEMA public;\nSELECT 1;", 1, 1, `the server lacks the extension "no-such_one"`},
		{"extension's hint", "CREATE EXTENSION no_such_one;\nSELECT 1;", 1, 1, "--postgres with"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.run(tt.src, script.RunOptions{})
			var e *script.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if e.Line != tt.line || e.Col != tt.col || !strings.Contains(e.Error(), tt.message) {
				t.Errorf("got %v\nwant %d:%d: …%s…", e, tt.line, tt.col, tt.message)
			}
			if got := s.asks("SELECT to_regclass('lost') IS NULL"); got != "true" {
				t.Error("an unfinished transaction was kept")
			}
		})
	}
}

func TestErrorPrints(t *testing.T) {
	s := newScratch(t)
	_, err := s.run("SELECT 1;\n\tSELECT 'é' || nope;\n", script.RunOptions{})
	want := "f.sql:2:16: column \"nope\" does not exist (SQLSTATE 42703)\n    \tSELECT 'é' || nope;\n    \t              ^"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	var refusal *pgconn.PgError
	if !errors.As(err, &refusal) {
		t.Errorf("%v wraps no PgError", err)
	}
}

func TestRunRoles(t *testing.T) {
	s := newScratch(t)
	self := pgx.Identifier{s.asks("SELECT current_user")}.Sanitize()
	result := s.must("CREATE ROLE script_a; DO $$ BEGIN CREATE ROLE \"script B\"; END $$;\n" +
		"CREATE ROLE " + self + "; ALTER ROLE " + self + " NOSUPERUSER;\nALTER ROLE script_a IN DATABASE elsewhere SET app.x = '1'")
	if diff := cmp.Diff([]string{"script B", "script_a"}, result.Roles); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
	if len(result.Notes) != 3 {
		t.Errorf("notes %q, want 3", result.Notes)
	}
	asked := []string{}
	yes := func(name string) (bool, error) { asked = append(asked, name); return true, nil }
	no := func(string) (bool, error) { return false, nil }
	for _, tt := range []struct {
		name, src string
		hook      func(string) (bool, error)
		message   string // "" if it passes
	}{
		{"default", "CREATE ROLE script_a", nil, `1:13: role "script_a" exists already`},
		{"refused", "CREATE USER \"script B\"", no, `1:13: role "script B" exists already`},
		{"allowed", "CREATE ROLE script_a LOGIN; ALTER ROLE script_a NOLOGIN", yes, ""},
		{"altered", "ALTER ROLE script_a LOGIN", no, "never alters or drops"},
		{"dropped", "DROP ROLE IF EXISTS nobody_at_all, script_a", no, "never alters or drops"},
		{"broken hook", "CREATE ROLE script_a", func(string) (bool, error) { return false, errors.New("no answer") }, "no answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.run(tt.src, script.RunOptions{ExistingRole: tt.hook})
			if tt.message == "" && err != nil || tt.message != "" && (err == nil || !strings.Contains(err.Error(), tt.message)) {
				t.Errorf("got %v, want %q", err, tt.message)
			}
		})
	}
	if diff := cmp.Diff([]string{"script_a", "script_a"}, asked); diff != "" {
		t.Errorf("asked about (-want +got):\n%s", diff)
	}
}
