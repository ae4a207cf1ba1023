package props_test

import (
	"fmt"
	"strings"
	"testing"
)

const memberNotes = `
CREATE ROLE shadow_app LOGIN;
CREATE TABLE orgs (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);
CREATE TABLE members (org_id bigint NOT NULL REFERENCES orgs, user_id bigint NOT NULL REFERENCES users, PRIMARY KEY (org_id, user_id));
CREATE TABLE notes (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES orgs, body text);
CREATE FUNCTION is_member(org bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER %s AS $$
  SELECT EXISTS (SELECT FROM %s m WHERE m.org_id = org AND m.user_id = nullif(current_setting('app.user_id', true), '')::bigint) $$;
CREATE FUNCTION may_read(org bigint) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT public.is_member(org) $$;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY; ALTER TABLE members ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (may_read(org_id));
CREATE POLICY own ON members FOR SELECT USING (is_member(org_id));
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO shadow_app; GRANT SELECT ON members TO shadow_app;
`

const memberReaders = `
schema: schema.sql
tenant: {table: orgs, key: id}
tables:
  users: {tenants: SELECT m.org_id FROM members m WHERE m.user_id = users.id}
  members: {tenant: org_id}
  notes: {tenant: org_id}
sessions:
  app:
    login: shadow_app
    user: {table: users}
    settings: {app.user_id: $user.id}
    tenants: SELECT m.org_id FROM members m WHERE m.user_id = $user.id
    sees: {"*": own, orgs: none, users: none}
    writes: {"*": none, notes: {insert: own, update: {from: own, to: own}, delete: own}}
accept:
  - {untested: "app: call function is_member", reason: whoever asks knows the organisation}
`

// TestShadows puts a session's own table in the place of one that a policy's function takes from the
// search path: apart from the findings, and one of them where the user is strict.
func TestShadows(t *testing.T) {
	t.Parallel()
	for _, k := range []struct {
		name, path, table string
		deceived          bool
	}{
		{"no search path", "", "members", true},
		{"temporary tables come first in it", "SET search_path = public", "members", true},
		{"they come last", "SET search_path = public, pg_temp", "members", false},
		{"the table has its schema", "", "public.members", false},
	} {
		t.Run(k.name, func(t *testing.T) {
			found, target := apart(t, fmt.Sprintf(memberNotes, k.path, k.table), memberReaders)
			if !k.deceived {
				if len(found) > 0 {
					t.Error(found[0])
				}
				return
			}
			if len(found) != 1 || !strings.Contains(found[0].Cause, "function is_member takes members from its caller's search path") {
				t.Fatalf("want one block, with the function as its cause, got %v", found)
			}
			if got, want := found[0].Finding.Fixed(), "ALTER FUNCTION is_member(bigint) SET search_path = public, pg_temp"; got != want {
				t.Errorf("fix %q, want %q", got, want)
			}
			if last := replayed(t, found[0].Finding, target.Material()); !leaks(last) {
				t.Errorf("repro.sql says %q, want LEAK: …", last)
			}
		})
	}
}
