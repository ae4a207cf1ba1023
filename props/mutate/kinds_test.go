package mutate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/mutate"
)

// kindsSchema has one of everything that can be weakened besides policies.
const kindsSchema = `
CREATE ROLE kinds_app LOGIN;
CREATE ROLE kinds_owner NOLOGIN;
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE projects (account_id bigint NOT NULL REFERENCES accounts (id), id bigint PRIMARY KEY, title text NOT NULL, UNIQUE (account_id, id));
CREATE TABLE tasks (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts (id), project_id bigint NOT NULL, body text,
	CONSTRAINT tasks_project FOREIGN KEY (account_id, project_id) REFERENCES projects (account_id, id));
ALTER TABLE accounts OWNER TO kinds_owner;
ALTER TABLE projects OWNER TO kinds_owner;
ALTER TABLE tasks OWNER TO kinds_owner;
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE projects ENABLE ROW LEVEL SECURITY;
ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
CREATE POLICY accounts_all ON accounts USING (id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY projects_all ON projects USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY tasks_all ON tasks USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
GRANT SELECT ON accounts, projects, tasks TO kinds_app;
GRANT INSERT ON tasks TO kinds_app;
CREATE VIEW open_tasks WITH (security_invoker = true, security_barrier = true) AS SELECT id, body FROM tasks WHERE account_id > 0 WITH LOCAL CHECK OPTION;
CREATE VIEW own_projects AS SELECT id, title FROM projects WHERE account_id = nullif(current_setting('app.tenant_id', true), '')::bigint;
CREATE MATERIALIZED VIEW totals AS SELECT account_id, count(*) AS n FROM tasks GROUP BY account_id;
ALTER VIEW open_tasks OWNER TO kinds_owner;
GRANT SELECT ON open_tasks, own_projects TO kinds_app;
CREATE TABLE notices (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts (id), body text);
ALTER TABLE notices ENABLE ROW LEVEL SECURITY;
CREATE VIEW board WITH (security_barrier = true) AS SELECT id, account_id, body FROM notices
	WHERE account_id = nullif(current_setting('app.tenant_id', true), '')::bigint WITH CASCADED CHECK OPTION;
GRANT SELECT, UPDATE ON board TO kinds_app;
CREATE FUNCTION joined() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER AS $$
	SELECT t.body FROM tasks t JOIN projects p ON p.account_id = t.account_id WHERE p.account_id = nullif(current_setting('app.tenant_id', true), '')::bigint $$;
CREATE FUNCTION guarded() RETURNS SETOF text LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
	IF nullif(current_setting('app.tenant_id', true), '') IS NULL THEN RAISE EXCEPTION 'no account'; END IF;
	RETURN QUERY SELECT n.body FROM notices n WHERE n.account_id = nullif(current_setting('app.tenant_id', true), '')::bigint;
END $$;
CREATE FUNCTION careful() RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF nullif(current_setting('app.tenant_id', true), '') IS NULL THEN RETURN NULL; END IF;
	RETURN (SELECT count(*) FROM tasks);
END $$;
CREATE FUNCTION task_count() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT count(*) FROM tasks $$;
CREATE FUNCTION titles() RETURNS SETOF text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT p.title FROM projects p WHERE p.account_id = nullif(current_setting('app.tenant_id', true), '')::bigint AND p.title <> '';
END $$;
CREATE FUNCTION every_title() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT title FROM projects $$;
REVOKE EXECUTE ON FUNCTION every_title FROM PUBLIC;
CREATE TABLE stamps (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts (id), body text);
ALTER TABLE stamps ENABLE ROW LEVEL SECURITY;
CREATE POLICY stamps_read ON stamps FOR SELECT USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY stamps_insert ON stamps FOR INSERT WITH CHECK (true);
GRANT SELECT, INSERT ON stamps TO kinds_app;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.account_id := current_setting('app.tenant_id'); RETURN NEW; END $$;
CREATE TRIGGER stamps_tenant BEFORE INSERT ON stamps FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE TABLE themes (account_id bigint PRIMARY KEY REFERENCES accounts (id), name text NOT NULL);
ALTER TABLE themes ENABLE ROW LEVEL SECURITY;
CREATE POLICY themes_all ON themes USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint)
	WITH CHECK (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
GRANT SELECT, INSERT ON themes TO kinds_app;
CREATE FUNCTION my_account() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.tenant_id', true), '')::bigint $$;
CREATE FUNCTION is_mine(account bigint) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT account = my_account() $$;
CREATE TABLE drafts (id bigint PRIMARY KEY, account_id bigint NOT NULL DEFAULT my_account() REFERENCES accounts (id), body text);
ALTER TABLE drafts ENABLE ROW LEVEL SECURITY;
CREATE POLICY drafts_read ON drafts FOR SELECT USING (account_id = my_account() AND is_mine(account_id));
CREATE POLICY drafts_insert ON drafts FOR INSERT WITH CHECK (true);
GRANT SELECT, INSERT (id, body) ON drafts TO kinds_app;
`

const kindsContract = `schema: [schema.sql]
tenant: {table: accounts, key: id}
tables:
  projects: {tenant: account_id}
  tasks: {tenant: [account_id, project_id -> projects]}
  stamps: {tenant: account_id}
  themes: {tenant: account_id}
  drafts: {tenant: account_id}
  notices: {tenant: account_id}
sessions:
  member:
    login: kinds_app
    settings: {app.tenant_id: $tenant}
    sees: {"*": own}
    writes: {"*": none, tasks: {insert: own}, stamps: {insert: own}, themes: {insert: own}, drafts: {insert: own}, notices: {update: own}}
paths:
  notice export:
    kind: export
    as: [member]
    run: SELECT * FROM guarded()
  task list:
    kind: report
    as: [member]
    run: SELECT body FROM tasks WHERE account_id = $tenant
`

// TestKinds is the small kill table: of each kind of object one mutant is killed by its
// class, and another is equivalent by its rule.
func TestKinds(t *testing.T) {
	type fate struct {
		Status mutate.Status
		Of     string // the class of a killed one, a part of the rule of an equivalent one
	}
	want := map[string]fate{
		"view open_tasks: no security_invoker":                       {mutate.Killed, "interference"},
		"view open_tasks: drop conjunct":                             {mutate.Equivalent, "masked by row security"},
		"view open_tasks: no security_barrier":                       {mutate.Equivalent, "masked by row security"},
		"view open_tasks: no CHECK OPTION":                           {mutate.Equivalent, "no session may put rows into it"},
		"view board: no security_barrier":                            {mutate.Killed, "interference"},
		"view board: no CHECK OPTION":                                {mutate.Killed, "move"},
		"view board: grant":                                          {mutate.Killed, "write"},
		"function joined: drop conjunct":                             {mutate.Killed, "interference"},
		"function guarded: guard left out":                           {mutate.Killed, "open"},
		"function careful: guard left out":                           {mutate.Equivalent, "masked by row security"},
		"view own_projects: drop conjunct":                           {mutate.Killed, "interference"},
		"materialized view totals: grant":                            {mutate.Killed, "interference"},
		"function task_count: SECURITY DEFINER":                      {mutate.Killed, "interference"},
		"function titles: drop conjunct":                             {mutate.Killed, "interference"},
		"function titles: no search_path":                            {mutate.Killed, "interference"},
		"function every_title: EXECUTE to PUBLIC":                    {mutate.Killed, "interference"},
		"key tasks_project of tasks: foreign key without the tenant": {mutate.Killed, "write"},
		"trigger stamps_tenant on stamps: trigger disabled":          {mutate.Killed, "write"},
		"table projects: grant":                                      {mutate.Killed, "write"},
		"policy themes_all on themes: WITH CHECK true":               {mutate.Killed, "write"},
		"policy themes_all on themes: comparison":                    {mutate.Killed, "write"},
		"session member: setting not set":                            {mutate.Killed, "lockout"},
		"session member: set for the session":                        {mutate.Equivalent, "every session of login kinds_app"},
		"function my_account: IMMUTABLE":                             {mutate.Killed, "residue"},
		"function is_mine: IMMUTABLE":                                {mutate.Equivalent, "a row or a caller gives"},
		"table drafts: default of a column":                          {mutate.Killed, "write"},
		"table tasks: owned by a session's role":                     {mutate.Killed, "read"},
		"path task list: drop conjunct":                              {mutate.Equivalent, "masked by row security"},
	}
	name := func(object string, kind mutate.Kind) string { return object + ": " + string(kind) }
	kept := map[string]bool{}
	keep := func(m *mutate.Mutant) bool { // the first of each
		key := name(m.Object, m.Kind)
		if m.Kind == mutate.Comparison && !strings.HasPrefix(m.Change, "WITH CHECK") {
			return false
		}
		_, ok := want[key]
		again := kept[key]
		kept[key] = true
		return ok && !again
	}
	results, err := mutate.Run(t.Context(), open(t, kindsContract, kindsSchema), mutate.Config{
		Seed: 1, Checks: 300, Keep: keep,
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]fate{}
	for _, r := range results {
		key, of := name(r.Object, r.Kind), r.Class
		if w := want[key].Of; r.Status != mutate.Killed && strings.Contains(r.Reason, w) {
			of = w
		} else if r.Status != mutate.Killed {
			of = r.Reason
		}
		got[key] = fate{r.Status, of}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
