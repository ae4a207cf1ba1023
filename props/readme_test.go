package props_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// readmeSchema is a schema that the README's contract fits.
const readmeSchema = `
CREATE ROLE app LOGIN NOINHERIT;
CREATE ROLE app_billing;
GRANT app_billing TO app;
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE plans (id bigint PRIMARY KEY, name text);
CREATE TABLE invoices (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, number text, deleted_at timestamptz);
CREATE TABLE invoice_lines (id bigint PRIMARY KEY, invoice_id bigint NOT NULL REFERENCES invoices, description text);
CREATE FUNCTION tenant() RETURNS bigint STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.tenant_id', true), '')::bigint $$;
ALTER TABLE invoices ENABLE ROW LEVEL SECURITY;
ALTER TABLE invoice_lines ENABLE ROW LEVEL SECURITY;
CREATE POLICY r ON invoices FOR SELECT USING (account_id = tenant() AND deleted_at IS NULL);
CREATE POLICY i ON invoices FOR INSERT WITH CHECK (account_id = tenant());
CREATE POLICY u ON invoices FOR UPDATE USING (account_id = tenant());
CREATE POLICY r ON invoice_lines FOR SELECT USING (EXISTS (SELECT FROM invoices i WHERE i.id = invoice_id AND i.account_id = tenant()));
GRANT SELECT ON plans TO app, app_billing;
GRANT SELECT, INSERT, UPDATE ON invoices TO app_billing;
GRANT SELECT ON invoice_lines TO app_billing;`

// TestReadme checks a schema with the contract that the README shows.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "```yaml\n")
	contract, _, ends := strings.Cut(rest, "\n```")
	if !found || !ends || !strings.HasPrefix(contract, "schema:") {
		t.Fatalf("the README's first block of YAML is no contract: %.80q", rest)
	}
	require.Postgres(t) // or skip: Check would fail
	dir := t.TempDir()
	for name, text := range map[string]string{"rlsfuzz.yaml": contract + "\n", "migrations/1.sql": readmeSchema} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := props.Check(t, props.Config{
		Contract: filepath.Join(dir, "rlsfuzz.yaml"), Postgres: os.Getenv("RLSFUZZ_POSTGRES"), Checks: 500,
	})
	if all, untested := r.Cells(); all == 0 || untested > 0 {
		t.Errorf("%d of %d cells untested", untested, all)
	}
}
