package props_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model"
)

const ticketViews = `
CREATE ROLE barrier_app LOGIN; CREATE ROLE barrier_plain LOGIN;
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE tickets (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, subject text NOT NULL);
ALTER TABLE tickets ENABLE ROW LEVEL SECURITY;
CREATE VIEW own AS SELECT id, subject FROM tickets WHERE account_id = current_setting('app.tenant_id')::bigint;
CREATE VIEW safe WITH (security_barrier) AS TABLE own;
ALTER VIEW own SET (security_barrier);
CREATE VIEW counted AS SELECT subject, count(*) AS n FROM tickets WHERE account_id = current_setting('app.tenant_id')::bigint GROUP BY subject;
GRANT SELECT ON own, safe, counted TO barrier_app, barrier_plain;
DO $$ BEGIN
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO barrier_app', current_database());
END $$;
`

const ticketReaders = `
schema: schema.sql
tenant: {table: accounts, key: id}
tables: {tickets: {tenant: account_id}}
sessions:
  app:
    login: barrier_app
    settings: {app.tenant_id: $tenant}
    sees: {"*": own, accounts: none}
    writes: {"*": none}
  plain:
    login: barrier_plain
    settings: {app.tenant_id: $tenant}
    sees: {"*": own, accounts: none}
    writes: {"*": none}
`

// TestBarriers asks views with conditions of the session's own: what a view without
// security_barrier tells is reported apart, and is a finding where the user is strict.
func TestBarriers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, schema string
		cause, fix   string // none: it is silent
	}{
		{name: "barriers", schema: ticketViews},
		{
			"no barrier", ticketViews + "ALTER VIEW own RESET (security_barrier);",
			"view own has no security_barrier: conditions of its readers are asked before its own", "ALTER VIEW own SET (security_barrier = true)",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, target := apart(t, test.schema, ticketReaders)
			for _, p := range target.Contract.Paths {
				if p.Leaky && slices.ContainsFunc(p.Users, func(u model.PathUser) bool { return u.Session.Name == "plain" }) {
					t.Errorf("%s: plain may make no function", p.Name)
				}
			}
			switch {
			case test.cause == "" && len(found) > 0:
				t.Error(found[0])
			case test.cause == "":
			case len(found) != 1 || found[0].Cause != test.cause || found[0].Finding.Fixed() != test.fix:
				t.Errorf("want one block with cause %q and fix %q, got %v", test.cause, test.fix, found)
			default:
				if last := replayed(t, found[0].Finding, target.Material()); !leaks(last) {
					t.Errorf("repro.sql says %q, want LEAK: …", last)
				}
			}
		})
	}
}

const lateTrigger = `
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
$$ BEGIN PERFORM FROM accounts WHERE id = NEW.account_id; RETURN NEW; END $$;
CREATE TRIGGER noted BEFORE UPDATE ON tickets FOR EACH ROW EXECUTE FUNCTION noted();
`

// TestImpostors says which functions a session might deceive with objects of its own where that is
// not tried: a trigger's that fires at no new row.
func TestImpostors(t *testing.T) {
	t.Parallel()
	for session, want := range map[string]string{"app": "noted", "plain": ""} {
		cfg := written(t, ticketViews+lateTrigger, ticketReaders)
		cfg.SkipRandom, cfg.Only = true, []string{session}
		r := ran(t, cfg)
		got := ""
		for _, n := range r.Notes {
			if strings.HasPrefix(n, "not tried: temporary tables ") {
				_, got, _ = strings.Cut(n, "in pg_temp: ")
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q: %q", session, got, want, r.Notes)
		}
	}
}
