package mutate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/mutate"
)

// maskSchema has of each table what masks a weakening, and another where nothing does.
const maskSchema = `
CREATE ROLE mask_app LOGIN;
CREATE ROLE mask_boss LOGIN;
CREATE ROLE mask_job LOGIN;
CREATE ROLE mask_owner NOLOGIN;
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE docs (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts (id), author_id bigint, body text);
CREATE TABLE notes (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts (id), author_id bigint, body text);
CREATE TABLE logs (id bigint PRIMARY KEY, account_id bigint REFERENCES accounts (id), line text);
CREATE TABLE lent (id bigint PRIMARY KEY, account_id bigint REFERENCES accounts (id), line text);
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE logs ENABLE ROW LEVEL SECURITY;
ALTER TABLE lent ENABLE ROW LEVEL SECURITY;
ALTER TABLE lent OWNER TO mask_owner;
ALTER TABLE lent FORCE ROW LEVEL SECURITY;
CREATE POLICY read ON docs FOR SELECT USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY edit ON docs FOR UPDATE TO mask_app
	USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint AND author_id = nullif(current_setting('app.user_id', true), '')::bigint)
	WITH CHECK (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY edit_all ON docs FOR UPDATE TO mask_boss USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY read ON notes FOR SELECT TO mask_app USING (author_id = nullif(current_setting('app.user_id', true), '')::bigint);
CREATE POLICY edit ON notes FOR UPDATE TO mask_app
	USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint AND author_id = nullif(current_setting('app.user_id', true), '')::bigint)
	WITH CHECK (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY edit_all ON notes FOR UPDATE TO mask_boss USING (author_id = 1 AND account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY read ON logs FOR SELECT TO mask_job USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY read ON lent FOR SELECT TO mask_owner USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE TABLE people (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts (id), name text, left_at date, phone text);
ALTER TABLE people ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON people FOR SELECT USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint AND left_at IS NULL);
GRANT SELECT (id, account_id, name) ON people TO mask_app;
GRANT SELECT, UPDATE (body) ON docs TO mask_app, mask_boss;
GRANT SELECT, UPDATE (account_id, body) ON notes TO mask_app, mask_boss;
GRANT SELECT ON logs TO mask_job, mask_boss;
CREATE POLICY shown ON logs FOR SELECT TO mask_boss USING (line = 'shown' AND account_id > 0);
CREATE POLICY unhidden ON logs FOR SELECT TO mask_boss USING (NOT (line = 'hidden'));
GRANT UPDATE (body) ON docs TO mask_job; -- it sets no user, so that it reaches none
CREATE TABLE pages (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts (id), author_id bigint, body text);
ALTER TABLE pages ENABLE ROW LEVEL SECURITY;
CREATE POLICY edit ON pages FOR UPDATE TO mask_app
	USING (author_id = nullif(current_setting('app.user_id', true), '')::bigint) WITH CHECK (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY edit_all ON pages FOR UPDATE TO mask_job USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint) WITH CHECK (body <> '');
GRANT SELECT, UPDATE ON pages TO mask_app, mask_job;
CREATE TABLE themes (account_id bigint PRIMARY KEY REFERENCES accounts (id), name text);
ALTER TABLE themes ENABLE ROW LEVEL SECURITY;
CREATE POLICY edit ON themes FOR UPDATE TO mask_app USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint)
	WITH CHECK (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
GRANT SELECT, UPDATE ON themes TO mask_app;
CREATE FUNCTION mine() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT count(*) FROM docs $$;
CREATE FUNCTION asked() RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT true FROM accounts $$;
REVOKE EXECUTE ON FUNCTION mine, asked FROM PUBLIC;
CREATE POLICY read_asked ON docs FOR SELECT TO mask_boss USING (asked());
CREATE FUNCTION lines() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT line FROM lent $$;
ALTER FUNCTION lines() OWNER TO mask_owner;
CREATE FUNCTION plus(bigint, bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT $1 + $2 $$;
CREATE AGGREGATE added(bigint) (SFUNC = plus, STYPE = bigint);
CREATE FUNCTION more(bigint, bigint) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT $1 + count(*) FROM lent WHERE id = $2 $$;
CREATE AGGREGATE counted(bigint) (SFUNC = more, STYPE = bigint, INITCOND = '0');
REVOKE EXECUTE ON FUNCTION plus, more, added(bigint), counted(bigint) FROM PUBLIC;
CREATE VIEW seen WITH (security_barrier) AS SELECT line FROM lent;
GRANT SELECT ON seen TO mask_app;
DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$;
`

const maskContract = `schema: [schema.sql]
tenant: {table: accounts, key: id}
tables: {docs: {tenant: account_id}, notes: {tenant: account_id}, logs: {tenant: account_id}, lent: {tenant: account_id}, themes: {tenant: account_id}, pages: {tenant: account_id}}
sessions:
  member: {login: mask_app, settings: {app.tenant_id: $tenant, app.user_id: "'7'"}, sees: {"*": {may: own}, people: {rows: own AND left_at IS NULL, columns: [id, account_id, name]}}, writes: {"*": {update: own}, notes: {update: {from: own, to: own, columns: [body]}}}}
  boss: {login: mask_boss, settings: {app.tenant_id: $tenant, app.user_id: "'8'"}, sees: {"*": {may: own}}, writes: {"*": {update: own}}}
  job: {login: mask_job, settings: {app.tenant_id: $tenant}, sees: {"*": {may: own}}, writes: {"*": none}}
  stranger: {login: mask_app, sees: {"*": none}, writes: {"*": none}}
`

// Each rule has a twin to which it does not apply.
func TestMasks(t *testing.T) {
	want := map[string]string{
		"policy edit on docs: WITH CHECK true":             "masked by USING",
		"policy edit on notes: WITH CHECK true":            "searched", // its tenant may be changed
		"policy edit on docs: drop WITH CHECK":             "masked by USING",
		"policy edit on notes: drop WITH CHECK":            "searched",
		"policy edit on docs: to PUBLIC":                   "has a policy that lets through as much",
		"policy edit on notes: to PUBLIC":                  "searched", // the other policy asks for more
		"policy edit on pages: to PUBLIC":                  "searched", // what the other policy reaches may become more
		"policy edit on docs: author_id IS NOT DISTINCT":   "who leaves that unset lacks",
		"policy read on notes: author_id IS NOT DISTINCT":  "searched", // a session that sets nothing sees rows of nobody
		"policy read on logs: account_id IS NOT DISTINCT":  "no session of its roles leaves app.tenant_id unset",
		"view seen: no security_barrier":                   "may make functions of its own",
		"policy shown on logs: line IS NOT DISTINCT":       "one side is a constant",
		"policy unhidden on logs: line IS NOT DISTINCT":    "searched", // it shows lines that are NULL
		"policy read on lent: USING true":                  "searched", // a function lends its owner's rights
		"policy read on lent: account_id IS NOT DISTINCT":  "searched", // to a session that sets nothing
		"table people: GRANT SELECT (left_at) TO mask_app": "only rows without a value in left_at",
		"table people: GRANT SELECT (phone) TO mask_app":   "searched",
		"table notes: GRANT UPDATE (id) TO mask_app":       "searched",
		"function mine: EXECUTE to PUBLIC":                 "runs with its caller's rights",
		"function asked: EXECUTE to PUBLIC":                "searched", // by a policy
		"aggregate added: EXECUTE to PUBLIC":               "runs with its caller's rights",
		"aggregate counted: EXECUTE to PUBLIC":             "searched", // one of its functions has its owner's
		"policy edit on themes: WITH CHECK true":           "searched", // updates set a key that says whose a row is
		"policy edit on themes: USING true":                "searched",
		"table lent: no FORCE":                             "searched",
	}
	target := open(t, maskContract, maskSchema)
	got := map[string]string{}
	for _, m := range mutate.Mutants(target.Contract, func(string) bool { return true }) {
		m := &m
		key := m.Object + ": " + string(m.Kind)
		if i := strings.Index(m.Change, " IS NOT DISTINCT"); i >= 0 {
			key = m.Object + ": " + m.Change[strings.LastIndexByte(m.Change[:i], '(')+1:i] + " IS NOT DISTINCT"
		}
		if m.Kind == mutate.ColumnGrant {
			key = m.Object + ": " + m.Change
		}
		w, ok := want[key]
		if !ok {
			continue
		}
		reason := m.Equivalent + mutate.Unsearched(target.Plan, m)
		switch {
		case reason == "":
			got[key] = "searched"
		case strings.Contains(reason, w):
			got[key] = w
		default:
			got[key] = reason
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
