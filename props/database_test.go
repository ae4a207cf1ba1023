package props_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/dump"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

const copied = `
CREATE ROLE copied_group NOLOGIN; CREATE ROLE copied_app LOGIN NOINHERIT PASSWORD 'other'; GRANT copied_group TO copied_app;
ALTER ROLE copied_app SET search_path = "$user", public; ALTER ROLE copied_app SET app.api_key = 'very private';
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE jobs (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, title text);
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = nullif(current_setting('app.firm', true), '')::int);
CREATE POLICY p ON jobs USING (firm = nullif(current_setting('app.firm', true), '')::int);
GRANT SELECT, INSERT, UPDATE, DELETE ON firms, jobs TO copied_group`

// running makes a database with a schema that can only be read, and gives its
// connection string with a password.
func running(t *testing.T) string {
	t.Helper()
	server := require.Postgres(t)
	require.Need(t, "a private server", server.Owned(), "the roles of the database would stand in the way of their own copies: let RLSFUZZ_POSTGRES name binaries")
	name, err := server.CreateDatabase(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := server.Connect(t.Context(), name, "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	for _, text := range []string{copied, "ALTER DATABASE " + model.Quote(name) + " SET default_transaction_read_only = on"} {
		if _, err := conn.Exec(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	u, err := url.Parse(server.URL(name, ""))
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(server.Superuser(), "sesame&1")
	return u.String()
}

// TestDatabase drafts a contract from a running database, and checks it there.
func TestDatabase(t *testing.T) {
	dsn := running(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "rlsfuzz.yaml")
	d, err := props.Init(t.Context(), props.InitConfig{Sources: []string{dsn}, Contract: path, Postgres: os.Getenv("RLSFUZZ_POSTGRES")})
	var missing *dump.MissingError
	if errors.As(err, &missing) {
		if !strings.Contains(err.Error(), "pg_dump --schema-only") {
			t.Errorf("no remedy: %v", err)
		}
		require.Need(t, "pg_dump", false, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"tenant: {table: firms, key: id}", "login: copied_app", "role: copied_group", "app.firm: $tenant", "database: "} {
		if !strings.Contains(d.YAML, want) {
			t.Errorf("the contract lacks %s:\n%s", want, d.YAML)
		}
	}
	target, err := props.Open(t.Context(), props.Config{Contract: path, Postgres: os.Getenv("RLSFUZZ_POSTGRES")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = target.Close() }()
	said := d.YAML + strings.Join(target.Notes, "\n")
	for i := range target.Statements {
		said += target.Statements[i].Text + "\n"
	}
	for _, secret := range []string{"sesame", "'other'", "very private"} {
		if strings.Contains(said, secret) {
			t.Errorf("%q was copied", secret)
		}
	}
	if !strings.Contains(said, "app.api_key") {
		t.Error("nothing says that a setting was left out")
	}
	r, err := props.Run(t.Context(), target, props.Config{Checks: 200, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Blocks) > 0 || r.Checks < 200 {
		t.Errorf("%d findings in %d checks of a sound schema", len(r.Blocks), r.Checks)
	}
}

// TestDatabaseAway is a database that cannot be reached: no password in the error.
func TestDatabaseAway(t *testing.T) {
	_, err := props.Init(t.Context(), props.InitConfig{
		Sources:  []string{"postgres://somebody:sesame@127.0.0.1:1/nowhere?password=sesame&sslmode=disable"},
		Contract: filepath.Join(t.TempDir(), "rlsfuzz.yaml"),
	})
	if err == nil || strings.Contains(err.Error(), "sesame") || !strings.Contains(err.Error(), "127.0.0.1:1 as somebody") {
		t.Errorf("unexpected error: %v", err)
	}
}
