package props_test

import (
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
)

const bywaySchema = `
CREATE ROLE byway_desk LOGIN; CREATE ROLE byway_chief LOGIN;
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE tickets (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, state text NOT NULL);
ALTER TABLE tickets ENABLE ROW LEVEL SECURITY;
CREATE VIEW board WITH (security_barrier) AS SELECT * FROM tickets WHERE account_id = current_setting('app.tenant_id')::bigint WITH CHECK OPTION;
CREATE FUNCTION close(ticket bigint) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public AS
	$$ UPDATE tickets SET state = 'closed' WHERE id = ticket AND account_id = current_setting('app.tenant_id')::bigint $$;
REVOKE EXECUTE ON FUNCTION close FROM PUBLIC;
GRANT SELECT ON board TO byway_desk, byway_chief;
GRANT EXECUTE ON FUNCTION close TO byway_chief;
`

const bywayContract = `
schema: schema.sql
tenant: {table: accounts, key: id}
tables: {tickets: {tenant: account_id}}
sessions:
  desk:
    login: byway_desk
    settings: {app.tenant_id: $tenant}
    sees: {"*": own, accounts: none}
    writes: {"*": none}
  chief:
    login: byway_chief
    settings: {app.tenant_id: $tenant}
    sees: {"*": own, accounts: none}
    writes: {"*": none}
paths:
  close: {kind: function, as: [chief], run: SELECT close($1), args: [tickets.id], writes: {tickets: {update: own}}}
`

// TestByways writes by other ways than the table, within the session's own tenant: through a
// view, and by a function of which the contract says what others write. Twins may write so.
func TestByways(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, grant, writes, want string }{
		{name: "sound"},
		{name: "view, rows put in", grant: "GRANT INSERT ON board TO byway_desk", want: "write by insert into view board"},
		{name: "view, rows removed", grant: "GRANT DELETE ON board TO byway_desk", want: "write by delete from view board"},
		{name: "view, as it may", grant: "GRANT INSERT ON board TO byway_desk", writes: "{tickets: {insert: own}}"},
		{name: "function", grant: "GRANT EXECUTE ON FUNCTION close TO byway_desk", want: "write by function close"},
		{name: "function, as it may", grant: "GRANT EXECUTE ON FUNCTION close TO byway_desk", writes: "{tickets: {update: own}}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			contract := bywayContract
			if test.writes != "" {
				contract = strings.Replace(contract, `writes: {"*": none}`, "writes: "+test.writes, 1)
			}
			cfg := written(t, bywaySchema+test.grant+";", contract)
			cfg.SkipRandom = true
			reports(t, cfg, test.want, func(b *props.Block) string { return b.Finding.Class.String() + " by " + b.Finding.Path })
		})
	}
}
