package props_test

import (
	"fmt"
	"strings"
	"testing"
)

const lentTickets = `
CREATE ROLE lent_app LOGIN;
CREATE ROLE lent_owner;
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE tickets (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, subject text NOT NULL, open boolean NOT NULL DEFAULT true);
ALTER TABLE tickets ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON tickets USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
GRANT SELECT, UPDATE ON tickets TO lent_app, lent_owner;
%s
`

const closes = `CREATE FUNCTION close_ticket(ticket bigint) RETURNS void LANGUAGE plpgsql SECURITY %s AS $$
BEGIN
	UPDATE %stickets SET open = false WHERE id = ticket AND account_id = nullif(current_setting('app.tenant_id', true), '')::bigint;
	IF NOT FOUND THEN RAISE EXCEPTION 'no such ticket'; END IF;
END $$;`

const counts = `CREATE FUNCTION count_tickets() RETURNS bigint LANGUAGE sql STABLE SECURITY %s AS $$
	SELECT count(*) FROM %stickets WHERE account_id = nullif(current_setting('app.tenant_id', true), '')::bigint $$;`

const lentContract = `
schema: schema.sql
tenant: {table: accounts, key: id}
tables: {tickets: {tenant: account_id}}
sessions:
  app:
    login: lent_app
    settings: {app.tenant_id: $tenant}
    sees: {"*": own, accounts: none}
    writes: {"*": none, tickets: {insert: own, update: own}}
`

// TestOwnCode has a session put views of its own in the place of what a function with more rights
// takes from the search path: it runs what they do. Not where temporary objects come last, where the
// table has its schema, nor where the rights are the caller's, or no more than these.
func TestOwnCode(t *testing.T) {
	t.Parallel()
	for _, k := range []struct {
		name, function, path, table string
		runs                        bool
	}{
		{"a write", closes, "DEFINER", "", true},
		{"a read", counts, "DEFINER", "", true},
		{"temporary objects come first", counts, "DEFINER SET search_path = public", "", true},
		{"they come last", counts, "DEFINER SET search_path = public, pg_temp", "", false},
		{"the table has its schema", closes, "DEFINER", "public.", false},
		{"its caller's rights", closes, "INVOKER", "", false},
	} {
		t.Run(k.name, func(t *testing.T) {
			found, target := apart(t, fmt.Sprintf(lentTickets, fmt.Sprintf(k.function, k.path, k.table)), lentContract)
			if !k.runs {
				if len(found) > 0 {
					t.Error(found[0])
				}
				return
			}
			if len(found) != 1 || !strings.Contains(found[0].Cause, " takes tickets from its caller's search path, and runs what") {
				t.Fatalf("want one block, with the function as its cause, got %v", found)
			}
			if fix := found[0].Finding.Fixed(); !strings.Contains(fix, "SET search_path = public, pg_temp") {
				t.Errorf("fix %q", fix)
			}
			if last := replayed(t, found[0].Finding, target.Material()); !leaks(last) {
				t.Errorf("repro.sql says %q, want LEAK: …", last)
			}
		})
	}
	for _, k := range []struct{ name, made, runs string }{
		{"a trigger", `CREATE TABLE log (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account_id bigint REFERENCES accounts, what text);
			CREATE FUNCTION logs() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
			'BEGIN INSERT INTO log (account_id, what) VALUES (NEW.account_id, NEW.subject); RETURN NEW; END';
			CREATE TRIGGER logs AFTER INSERT ON tickets FOR EACH ROW EXECUTE FUNCTION logs(); GRANT INSERT ON tickets TO lent_app;`, "function logs takes log from"},
		{"an upsert", `CREATE FUNCTION keep() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
			INSERT INTO tickets (id, account_id, subject) SELECT 1, 1, 'x' WHERE false ON CONFLICT (id) DO UPDATE SET subject = 'x' $$;`, "function keep takes tickets from"},
		{"a view", `CREATE VIEW board AS SELECT account_id, count(*) AS n FROM tickets GROUP BY account_id;
			CREATE FUNCTION sums() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
			DECLARE b board; BEGIN SELECT * INTO b FROM board WHERE account_id = nullif(current_setting('app.tenant_id', true), '')::bigint; RETURN b.n; END $$;`, "function sums takes board from"},
	} {
		t.Run(k.name, func(t *testing.T) {
			if found, _ := apart(t, fmt.Sprintf(lentTickets, k.made), lentContract); len(found) != 1 || !strings.Contains(found[0].Cause, k.runs) {
				t.Errorf("want one block, %s …, got %v", k.runs, found)
			}
		})
	}
	t.Run("an owner without more rights", func(t *testing.T) {
		function := fmt.Sprintf(counts, "DEFINER", "") + "ALTER FUNCTION count_tickets OWNER TO lent_owner;"
		if found, _ := apart(t, fmt.Sprintf(lentTickets, function), lentContract); len(found) > 0 {
			t.Error(found[0])
		}
	})
}
