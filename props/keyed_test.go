package props_test

import (
	"fmt"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

const keyedSchema = `
CREATE ROLE keyed_desk LOGIN;
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE projects (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, slug text NOT NULL, %s);
ALTER TABLE projects ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON projects USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
GRANT SELECT, INSERT, UPDATE, DELETE ON projects TO keyed_desk;
`

const keyedContract = `
schema: schema.sql
tenant: {table: accounts, key: id}
tables: {projects: {tenant: account_id}}
sessions:
  desk:
    login: keyed_desk
    settings: {app.tenant_id: $tenant}
    sees: {"*": own, accounts: none}
    writes: {"*": none, projects: {insert: own, update: own, delete: own}}
`

// TestKeyed inserts rows that meet hidden ones in a key: apart from the findings, and one of them
// where the user is strict. A key of each tenant's tells nothing.
func TestKeyed(t *testing.T) {
	t.Parallel()
	if found, _ := apart(t, fmt.Sprintf(keyedSchema, "UNIQUE (account_id, slug)"), keyedContract); len(found) > 0 {
		t.Errorf("with the tenant in the key: %s", found[0])
	}
	found, target := apart(t, fmt.Sprintf(keyedSchema, "UNIQUE (slug)"), keyedContract)
	if len(found) != 1 || found[0].Finding.Class != judge.Existence || found[0].Cause != "key projects_slug_key of projects is one for all tenants" {
		t.Fatalf("want one block, with the key as its cause, got %v", found)
	}
	if last := replayed(t, found[0].Finding, target.Material()); !leaks(last) {
		t.Errorf("repro.sql says %q, want LEAK: …", last)
	}
}
