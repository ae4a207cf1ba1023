package props_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
)

const straySchema = `
CREATE ROLE stray_desk LOGIN;
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE invoices (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, total integer);
ALTER TABLE invoices ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, DELETE ON invoices TO stray_desk;
`

const strayContract = `
schema: schema.sql
tenant: {table: accounts, key: id}
tables: {invoices: {tenant: account_id}}
sessions:
  desk:
    login: stray_desk
    settings: {app.tenant_id: $tenant}
    sees: {"*": own, accounts: none}
    writes: {"*": none, invoices: {insert: own, delete: own}}
`

// TestStrays leaves the tenant of a session unset, though the contract has no session without one:
// what opens then is found; a policy that is always true shows it with a tenant as well.
func TestStrays(t *testing.T) {
	t.Parallel()
	const tenant = "nullif(current_setting('app.tenant_id', true), '')::bigint"
	for _, test := range []struct{ name, policy, want string }{
		{name: "sound", policy: "account_id = " + tenant},
		{name: "a default", policy: "account_id = coalesce(" + tenant + ", account_id)", want: "open"},
		{name: "unset and missing", policy: "account_id = " + tenant + " OR current_setting('app.tenant_id', true) IS NULL", want: "open"},
		{name: "always", policy: "true", want: "write"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := written(t, straySchema+"CREATE POLICY own ON invoices USING ("+test.policy+");", strayContract)
			cfg.SkipRandom = true
			reports(t, cfg, test.want, func(b *props.Block) string { return b.Finding.Class.String() })
		})
	}
}
