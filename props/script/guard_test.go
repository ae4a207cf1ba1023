package script_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// serverWide is what outlives a database: roles, memberships, settings, comments and tablespaces, less
// what concerns the test's own role mine.
const serverWide = `
SELECT coalesce(array_agg(x ORDER BY x COLLATE "C"), '{}') FROM (
  SELECT a::text AS x FROM pg_authid a WHERE rolname <> 'mine'
  UNION ALL SELECT roleid::regrole || ' has ' || member::regrole FROM pg_auth_members
  UNION ALL SELECT s::text FROM pg_db_role_setting s WHERE setdatabase = 0
  UNION ALL SELECT datname || ' is ' || shobj_description(oid, 'pg_database') FROM pg_database
  UNION ALL SELECT rolname || ' is ' || shobj_description(oid, 'pg_authid') FROM pg_authid
  UNION ALL SELECT 'tablespace ' || spcname FROM pg_tablespace
) everything WHERE x IS NOT NULL`

// TestRunLeavesServer checks that no file changes what was on the server before.
func TestRunLeavesServer(t *testing.T) {
	s := newScratch(t)
	s.must("CREATE ROLE theirs_a; CREATE ROLE theirs_b; CREATE USER theirs_c PASSWORD 'x'")
	for _, src := range []string{
		"ALTER ROLE theirs_a LOGIN",
		"ALTER USER theirs_a WITH PASSWORD 'y'",
		"ALTER ROLE \"theirs_a\" RENAME TO z",
		"ALTER GROUP theirs_a ADD USER theirs_b",
		"ALTER ROLE ALL SET work_mem = '5MB'",
		"ALTER ROLE ALL RESET ALL",
		"ALTER ROLE ALL IN DATABASE postgres SET work_mem = '5MB'",
		"ALTER ROLE theirs_a IN DATABASE postgres SET work_mem = '5MB'",
		"ALTER ROLE CURRENT_USER SET work_mem = '5MB'",
		"ALTER ROLE session_user NOSUPERUSER",
		"DROP ROLE IF EXISTS theirs_a",
		"DROP USER nobody_at_all, theirs_b",
		"DROP OWNED BY theirs_a",
		"REASSIGN OWNED BY theirs_c TO CURRENT_USER",
		"GRANT theirs_a TO theirs_b",
		"GRANT theirs_a TO theirs_b, CURRENT_USER WITH ADMIN OPTION",
		"GRANT theirs_a TO CURRENT_USER",
		"REVOKE ADMIN OPTION FOR theirs_a FROM theirs_b",
		"CREATE ROLE mine; GRANT mine TO theirs_a; GRANT theirs_b TO mine; ALTER ROLE mine SET work_mem = '5MB'; DROP ROLE mine",
		"COMMENT ON ROLE theirs_a IS 'said'",
		"COMMENT ON DATABASE template1 IS 'said'",
		"ALTER DATABASE template1 RENAME TO z",
		"ALTER DATABASE postgres SET work_mem = '5MB'; GRANT CONNECT ON DATABASE postgres TO theirs_a",
		"CREATE TABLESPACE ts LOCATION '/nowhere'",
		"CREATE DATABASE z",
		"DROP DATABASE IF EXISTS postgres",
	} {
		t.Run(src, func(t *testing.T) {
			before := s.everything(t)
			no := func(string) (bool, error) { return false, nil }
			result, err := s.run(src, script.RunOptions{ExistingRole: no})
			if diff := cmp.Diff(before, s.everything(t)); diff != "" {
				t.Errorf("the server changed:\n%s", diff)
			}
			var e *script.Error
			switch {
			case err != nil && !errors.As(err, &e):
				t.Errorf("got %v, want an *Error", err)
			case err == nil && len(result.Notes) == 0 && !strings.Contains(src, "mine"):
				t.Error("neither an error nor a note")
			case err != nil && strings.Contains(src, "mine"):
				t.Errorf("a role of the script's own: %v", err)
			}
		})
	}
}

func (s *scratch) everything(t *testing.T) []string {
	t.Helper()
	var out []string
	if err := s.QueryRow(context.Background(), serverWide).Scan(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRunAfterDiscard asks about a role on the same connection once the file
// has dropped all prepared statements, pgx's own with them.
func TestRunAfterDiscard(t *testing.T) {
	s := newScratch(t)
	s.must("CREATE ROLE discard_a")
	asked := 0
	ask := func(name string) (ok bool, err error) {
		asked++
		err = s.QueryRow(context.Background(), "SELECT $1 <> ''", name).Scan(&ok)
		return ok, err
	}
	const src = "CREATE ROLE discard_a; DISCARD ALL; CREATE ROLE discard_a; DEALLOCATE ALL; CREATE ROLE discard_a"
	if _, err := s.run(src, script.RunOptions{ExistingRole: ask}); err != nil {
		t.Fatal(err)
	}
	if asked != 3 {
		t.Errorf("asked %d times, want 3", asked)
	}
}

// TestRunConnect checks that \connect begins a session with the settings of its database.
func TestRunConnect(t *testing.T) {
	s := newScratch(t)
	s.must("CREATE SCHEMA app;\nALTER DATABASE x SET search_path = app, public;\nSET app.here = 'x';\n\\connect x\n" +
		"CREATE TABLE t AS SELECT coalesce(current_setting('app.here', true), '') AS here;")
	if got := s.asks("SELECT here FROM app.t"); got != "" {
		t.Errorf("the setting %q outlived \\connect", got)
	}
}

func TestErrorHidesPasswords(t *testing.T) {
	s := newScratch(t)
	for _, src := range []string{
		"CREATE ROLE p LOGIN PASSWORD 'topsecret' BOGUS",
		"CREATE ROLE p LOGIN ENCRYPTED PASSWORD E'topsecret' BOGUS",
		"DO $$ BEGIN EXECUTE 'CREATE ROLE p PASSWORD ''topsecret'' BOGUS'; END $$",
		"SELECT dblink_connect('host=h password=topsecret')",
	} {
		_, err := s.run(src, script.RunOptions{})
		if err == nil || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%s: got %v", src, err)
		}
	}
}
