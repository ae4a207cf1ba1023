package props_test

import (
	"context"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

const deskTickets = `
CREATE ROLE notify_agent LOGIN;
CREATE ROLE notify_guest LOGIN;
CREATE ROLE notify_relay LOGIN BYPASSRLS;
CREATE TABLE orgs (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE tickets (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES orgs, subject text, body text, priority int);
ALTER TABLE tickets ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON tickets USING (org_id = nullif(current_setting('app.org', true), '')::bigint);
GRANT SELECT, INSERT, UPDATE, DELETE ON tickets TO notify_agent;
GRANT SELECT ON tickets TO notify_relay;
`

const deskReaders = `
schema: schema.sql
tenant: {table: orgs, key: id}
tables:
  tickets: {tenant: org_id}
sessions:
  agent:
    login: notify_agent
    settings: {app.org: $tenant}
    sees: {"*": own, orgs: none}
    writes: {"*": none, tickets: {insert: own, update: {from: own, to: own}, delete: own}}
  guest:
    login: notify_guest
    settings: {app.org: $tenant}
    sees: {"*": none}
  relay:
    login: notify_relay
    sees: {"*": none, tickets: all}
`

// telling is a trigger that notifies.
func telling(when, does string) string {
	return `CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ` + does + ` RETURN NULL; END $$;
CREATE TRIGGER tell AFTER ` + when + ` ON tickets FOR EACH ROW EXECUTE FUNCTION tell();`
}

// TestNotifications has sessions listen to the channels that triggers, rules and functions notify on:
// apart from the findings, and some of them where the user is strict. The relay, which may see all,
// hears nothing that it may not.
func TestNotifications(t *testing.T) {
	t.Parallel()
	const whole = "PERFORM pg_notify('tickets', row_to_json(NEW)::text);"
	for _, k := range []struct {
		name, schema string
		contract     string // besides
		cause        string // empty: nothing is told
		class        judge.Class
		apart        bool // the user is not strict
		note         string
	}{
		{name: "apart", schema: telling("INSERT OR UPDATE", whole), cause: "trigger tell on tickets sends rows to the channel tickets", class: judge.Canary, apart: true},
		{name: "the whole row", schema: telling("INSERT OR UPDATE", whole), cause: "trigger tell on tickets sends rows to the channel tickets", class: judge.Canary},
		{name: "a changed row", schema: telling("UPDATE", "EXECUTE format('NOTIFY tickets, %L', NEW);"), cause: "trigger tell on tickets", class: judge.Canary},
		{name: "a removed row", schema: telling("DELETE", "PERFORM pg_notify(TG_TABLE_NAME, OLD.body);"), cause: "trigger tell on tickets sends rows to the channel tickets", class: judge.Canary},
		{
			name: "a function", cause: "function announce sends rows to the channel news", class: judge.Canary,
			schema: `CREATE FUNCTION announce(ticket bigint) RETURNS void LANGUAGE sql AS $$ SELECT pg_notify('news', body) FROM tickets WHERE id = ticket $$;`,
		},
		{
			name: "a path", cause: "announcement sends rows to the channel news", class: judge.Canary,
			contract: "paths:\n  announcement: {kind: query, as: [agent], run: \"SELECT pg_notify('news', body) FROM tickets WHERE id = $1\", args: [tickets.id]}\n",
		},
		{name: "a number of it", schema: telling("INSERT OR UPDATE", "PERFORM pg_notify('tickets', json_build_object('id', NEW.id, 'priority', NEW.priority)::text);"), cause: "trigger tell on tickets", class: judge.Interference},
		{
			name: "what a view has instead", cause: "trigger put on v sends rows to the channel tickets", class: judge.Canary,
			schema: `REVOKE INSERT, UPDATE, DELETE ON tickets FROM notify_agent;
CREATE VIEW v WITH (security_invoker) AS SELECT id, org_id, body FROM tickets; GRANT SELECT, INSERT ON v TO notify_agent;
CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
  IF NEW.org_id IS DISTINCT FROM nullif(current_setting('app.org', true), '')::bigint THEN RAISE EXCEPTION 'not yours'; END IF;
  INSERT INTO tickets (id, org_id, body) VALUES (NEW.id, NEW.org_id, NEW.body); PERFORM pg_notify('tickets', NEW.body); RETURN NEW; END $$;
CREATE TRIGGER put INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION put();`,
		},
		{name: "the key alone", schema: telling("INSERT OR UPDATE", "PERFORM pg_notify('tickets', NEW.id::text);")},
		{name: "whose it is", schema: telling("INSERT OR UPDATE OR DELETE", "PERFORM pg_notify('tickets', coalesce(NEW.org_id, OLD.org_id)::text);")},
		{name: "when it changed", schema: telling("INSERT OR UPDATE", "PERFORM pg_notify('tickets', json_build_object('id', NEW.id, 'at', clock_timestamp())::text);")},
		{name: "a rule, which can tell nothing", schema: "CREATE RULE tell AS ON UPDATE TO tickets DO ALSO NOTIFY tickets;"},
		{name: "nothing", schema: telling("INSERT OR UPDATE", "PERFORM row_to_json(NEW);")},
		{
			name: "a channel for each tenant", schema: telling("INSERT OR UPDATE", "PERFORM pg_notify('org_' || NEW.org_id, row_to_json(NEW)::text);"),
			note: "not listened to: the channels that these put together, or are given: trigger tell on tickets",
		},
	} {
		t.Run(k.name, func(t *testing.T) {
			cfg := written(t, deskTickets+k.schema, deskReaders+k.contract)
			cfg.Strict, cfg.SkipRandom = !k.apart, true
			target := opened(t, cfg)
			r, err := props.Run(context.Background(), target, cfg)
			if err != nil {
				t.Fatal(err)
			}
			found, other := r.Blocks, r.Apart
			if k.apart {
				found, other = r.Apart, r.Blocks
			}
			if len(other) > 0 {
				t.Error(other[0])
			}
			if k.note != "" && !strings.Contains(strings.Join(r.Notes, "\n"), k.note) {
				t.Errorf("notes %q, want %q", r.Notes, k.note)
			}
			if k.cause == "" {
				if len(found) > 0 {
					t.Error(found[0])
				}
				return
			}
			if len(found) != 1 || !strings.HasPrefix(found[0].Cause, k.cause) {
				t.Fatalf("want one block whose cause is %q, got %v", k.cause, found)
			}
			if got := found[0].Finding.Class; got != k.class {
				t.Errorf("class %s, want %s", got, k.class)
			}
			if got, want := len(found[0].Finding.Scenario.Steps), 3; got != want {
				t.Errorf("%d steps, want %d", got, want)
			}
			if last := replayed(t, found[0].Finding, target.Material()); !leaks(last) {
				t.Errorf("repro.sql says %q, want LEAK: …", last)
			}
		})
	}
}
