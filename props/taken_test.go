package props_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
)

const takenSchema = `
CREATE ROLE taken_desk LOGIN;
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE invoices (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, total integer, UNIQUE (account_id, id));
CREATE TABLE jobs (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, invoice_id bigint, state text NOT NULL);
ALTER TABLE invoices ENABLE ROW LEVEL SECURITY;
ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON invoices USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY own ON jobs USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
GRANT SELECT, INSERT, DELETE ON invoices, jobs TO taken_desk;
`

const takenContract = `
schema: schema.sql
tenant: {table: accounts, key: id}
tables: {invoices: {tenant: account_id}, jobs: {tenant: account_id}}
sessions:
  desk:
    login: taken_desk
    settings: {app.tenant_id: $tenant}
    sees: {"*": own, accounts: none}
    writes: {"*": {insert: own, delete: own}, accounts: none}
`

// TestTaken makes rows that name another tenant's: a key that takes them along when that row
// is gone changes them. Its twin takes the tenant's own.
func TestTaken(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, key, want string }{
		{name: "removed", key: "FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE", want: "write: foreign key jobs_invoice_id_fkey on jobs takes its rows along (ON DELETE CASCADE)"},
		{name: "emptied", key: "FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE SET NULL", want: "write: foreign key jobs_invoice_id_fkey on jobs takes its rows along (ON DELETE SET NULL)"},
		{name: "refused", key: "FOREIGN KEY (invoice_id) REFERENCES invoices"},
		{name: "its own", key: "FOREIGN KEY (account_id, invoice_id) REFERENCES invoices (account_id, id) ON DELETE CASCADE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, random := range []bool{false, true} {
				cfg := written(t, takenSchema+"ALTER TABLE jobs ADD "+test.key+";", takenContract)
				cfg.SkipRandom, cfg.SkipMatrix, cfg.Checks = !random, random, 300
				reports(t, cfg, test.want, func(b *props.Block) string { return b.Finding.Class.String() + ": " + b.Cause })
			}
		})
	}
}
