package props_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
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
	for _, k := range []struct {
		key   string
		tells bool
	}{
		{"UNIQUE (slug)", true},
		{"UNIQUE (account_id, slug)", false},
	} {
		for _, strict := range []bool{false, true} {
			cfg := written(t, fmt.Sprintf(keyedSchema, k.key), keyedContract)
			cfg.Strict, cfg.SkipRandom = strict, true
			target := opened(t, cfg)
			r, err := props.Run(context.Background(), target, cfg)
			if err != nil {
				t.Fatal(err)
			}
			found, other := r.Apart, r.Blocks
			if strict {
				found, other = r.Blocks, r.Apart
			}
			if len(other) > 0 || r.Incomplete() {
				t.Errorf("%s, strict %v: incomplete %v, also found %v", k.key, strict, r.Incomplete(), other)
			}
			if !k.tells {
				if len(found) > 0 {
					t.Errorf("%s, strict %v: %s", k.key, strict, found[0])
				}
				continue
			}
			if len(found) != 1 || found[0].Finding.Class != judge.Existence || found[0].Cause != "key projects_slug_key of projects is one for all tenants" {
				t.Fatalf("strict %v: want one block, with the key as its cause, got %v", strict, found)
			}
			if last := replayed(t, found[0].Finding, target.Material()); !leaks(last) {
				t.Errorf("repro.sql says %q, want LEAK: …", last)
			}
		}
	}
}
