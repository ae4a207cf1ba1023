package mutate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/mutate"
)

// waySchema has tenants that are texts, a partitioned table, and a login that may more than
// the role that its sessions take.
const waySchema = `
CREATE ROLE way_login LOGIN; CREATE ROLE way_plain LOGIN NOINHERIT; CREATE ROLE way_reader;
GRANT way_reader TO way_login, way_plain;
CREATE TABLE firms (id text PRIMARY KEY);
CREATE TABLE papers (id bigint PRIMARY KEY, firm text NOT NULL REFERENCES firms, state text NOT NULL);
CREATE TABLE visits (id bigint, firm text NOT NULL REFERENCES firms, year int NOT NULL, PRIMARY KEY (id, year)) PARTITION BY LIST (year);
CREATE TABLE visits_old PARTITION OF visits FOR VALUES IN (2001, 2002);
CREATE TABLE visits_new PARTITION OF visits DEFAULT;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY;
ALTER TABLE papers ENABLE ROW LEVEL SECURITY;
ALTER TABLE visits ENABLE ROW LEVEL SECURITY;
ALTER TABLE visits_new ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON firms USING (id = current_setting('app.firm', true));
CREATE POLICY own ON papers FOR SELECT USING (firm = current_setting('app.firm', true));
CREATE POLICY sent ON papers AS RESTRICTIVE FOR SELECT USING (state = 'sent');
CREATE POLICY every ON papers FOR SELECT TO way_login USING (true);
CREATE POLICY own ON visits FOR SELECT USING (firm = current_setting('app.firm', true));
GRANT SELECT ON firms, papers, visits TO way_reader;
`

const wayContract = `schema: [schema.sql]
tenant: {table: firms, key: id}
tables: {papers: {tenant: firm}, visits: {tenant: firm}}
sessions:
  reader: {login: way_login, role: way_reader, settings: {app.firm: $tenant}, sees: {"*": own, papers: own AND state = 'sent'}, writes: {"*": none}}
  plain: {login: way_plain, role: way_reader, settings: {app.firm: $tenant}, sees: {"*": own, papers: own AND state = 'sent'}, writes: {"*": none}}
`

// TestWays plants what has to do with texts, partitions and roles.
func TestWays(t *testing.T) {
	want := map[string]string{
		"policy own on papers: LIKE":        "killed read",
		"partition visits_old: grant":       "killed interference",
		"partition visits_new: grant":       "no policy of visits_new",
		"session reader: role not taken":    "killed read",
		"session plain: role not taken":     "role way_plain has no right that way_reader lacks",
		"policy sent on papers: comparison": "", // and no LIKE: 'sent' is no tenant
	}
	results, err := mutate.Run(t.Context(), open(t, wayContract, waySchema), mutate.Config{Seed: 1, Checks: 100, Keep: func(m *mutate.Mutant) bool {
		_, ok := want[m.Object+": "+string(m.Kind)]
		return ok || m.Kind == mutate.Prefix && m.Object == "policy sent on papers"
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range results {
		key := r.Object + ": " + string(r.Kind)
		switch w := want[key]; {
		case r.Status == mutate.Killed:
			got[key] = "killed " + r.Class
		default:
			got[key] = r.Reason
			if strings.Contains(r.Reason, w) {
				got[key] = w
			}
		}
		if key == "policy sent on papers: comparison" {
			got[key] = ""
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

const searchPathSchema = `
CREATE ROLE seek_app LOGIN;
CREATE TABLE orgs (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE people (id bigint PRIMARY KEY, email text NOT NULL);
CREATE TABLE members (org_id bigint NOT NULL REFERENCES orgs, person_id bigint NOT NULL REFERENCES people, PRIMARY KEY (org_id, person_id));
CREATE TABLE notes (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES orgs, body text);
CREATE FUNCTION is_member(org bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT EXISTS (SELECT FROM members m WHERE m.org_id = org AND m.person_id = nullif(current_setting('app.person', true), '')::bigint) $$;
CREATE FUNCTION qualified(org bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT EXISTS (SELECT FROM public.members m WHERE m.org_id = org AND m.person_id = nullif(current_setting('app.person', true), '')::bigint) $$;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY; ALTER TABLE members ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (is_member(org_id));
CREATE POLICY own ON members FOR SELECT USING (qualified(org_id));
GRANT SELECT ON notes, members TO seek_app;
`

const searchPathContract = `schema: [schema.sql]
tenant: {table: orgs, key: id}
tables:
  people: {tenants: SELECT m.org_id FROM members m WHERE m.person_id = people.id}
  members: {tenant: org_id}
  notes: {tenant: org_id}
sessions:
  app:
    login: seek_app
    user: {table: people}
    settings: {app.person: $user.id}
    tenants: SELECT m.org_id FROM members m WHERE m.person_id = $user.id
    sees: {"*": own, orgs: none, people: none}
    writes: {"*": none}
`

// TestSearchPath leaves it to callers which table a policy's function takes: a check that is
// --strict fails of it, but for a function that says which schema it means.
func TestSearchPath(t *testing.T) {
	results, err := mutate.Run(t.Context(), open(t, searchPathContract, searchPathSchema), mutate.Config{Seed: 1, Checks: 100, Keep: func(m *mutate.Mutant) bool {
		return m.Kind == mutate.SearchPath
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range results {
		got[r.Object] = string(r.Status)
		if r.Strict {
			got[r.Object] += ", --strict"
		}
	}
	if d := cmp.Diff(map[string]string{"function is_member": "killed, --strict", "function qualified": "survived"}, got); d != "" {
		t.Error(d)
	}
}
