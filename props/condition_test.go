package props_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props"
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
CREATE FUNCTION loose() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT count(*) FROM tickets WHERE account_id = current_setting('app.tenant_id')::bigint $$;
CREATE FUNCTION first() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$ SELECT count(*) FROM tickets WHERE account_id = current_setting('app.tenant_id')::bigint $$;
CREATE FUNCTION bound() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$ SELECT count(*) FROM tickets WHERE account_id = current_setting('app.tenant_id')::bigint $$;
CREATE FUNCTION named() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT count(*) FROM public.tickets WHERE account_id = current_setting('app.tenant_id')::bigint $$;
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

// TestConditions asks views with conditions of the session's own: what a view without
// security_barrier tells is reported apart, and is a finding where the user is strict.
func TestConditions(t *testing.T) {
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
			for _, strict := range []bool{false, true} {
				cfg := written(t, test.schema, ticketReaders)
				cfg.Strict, cfg.SkipRandom = strict, true
				target := opened(t, cfg)
				for _, p := range target.Contract.Paths {
					if p.Leaky && slices.ContainsFunc(p.Users, func(u model.PathUser) bool { return u.Session.Name == "plain" }) {
						t.Errorf("%s: plain may make no function", p.Name)
					}
				}
				r, err := props.Run(context.Background(), target, cfg)
				if err != nil {
					t.Fatal(err)
				}
				found, apart := r.Blocks, r.Apart
				if !strict {
					found, apart = apart, found
				}
				switch {
				case len(apart) > 0:
					t.Errorf("strict %v: %s", strict, apart[0])
				case test.cause == "" && len(found) > 0:
					t.Errorf("strict %v: %s", strict, found[0])
				case test.cause == "":
				case len(found) != 1 || found[0].Cause != test.cause || found[0].Finding.Fixed() != test.fix:
					t.Errorf("strict %v: want one block with cause %q and fix %q, got %v", strict, test.cause, test.fix, found)
				default:
					if last := replayed(t, found[0].Finding, target.Material()); !leaks(last) {
						t.Errorf("repro.sql says %q, want LEAK: …", last)
					}
				}
			}
		})
	}
}

// TestImpostors says which functions a session might deceive with tables of its own and are asked by
// no policy: that is not tried.
func TestImpostors(t *testing.T) {
	t.Parallel()
	for session, want := range map[string]string{"app": "first, loose", "plain": ""} {
		cfg := written(t, ticketViews, ticketReaders)
		cfg.SkipRandom, cfg.Only = true, []string{session}
		r, err := props.Run(context.Background(), opened(t, cfg), cfg)
		if err != nil {
			t.Fatal(err)
		}
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
