package props_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// TestKeyedOwn says of a key that has the tenant in it whose rows it is held against: here those of the
// session's own tenant that it does not see.
func TestKeyedOwn(t *testing.T) {
	t.Parallel()
	found, _ := apart(t, `
CREATE ROLE own_desk LOGIN;
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE projects (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, slug text NOT NULL, hidden boolean NOT NULL, UNIQUE (account_id, slug));
ALTER TABLE projects ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON projects USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint AND NOT hidden);
GRANT SELECT ON projects TO own_desk;
CREATE FUNCTION begin_project(wanted text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO projects (account_id, slug, hidden) VALUES (nullif(current_setting('app.tenant_id', true), '')::bigint, wanted, false) $$;
`, `
schema: schema.sql
tenant: {table: accounts, key: id}
tables: {projects: {tenant: account_id}}
sessions:
  desk:
    login: own_desk
    settings: {app.tenant_id: $tenant}
    sees: {"*": none, projects: own AND NOT hidden}
    writes: {"*": none}
paths:
  begin: {kind: function, as: [desk], run: "SELECT begin_project($1)", args: [projects.slug], writes: {projects: {insert: own}}}
`)
	const want = "key projects_account_id_slug_key of projects is held against rows that the session does not see"
	for _, b := range found {
		if b.Finding.Class != judge.Existence || b.Cause != want {
			t.Errorf("%s: %q", b.Finding.Class, b.Cause)
		}
	}
	if len(found) == 0 {
		t.Error("nothing is told")
	}
}
