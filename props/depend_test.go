package props_test

import (
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// chained is a schema in which each table's policy asks the one of the table above it, the
// last one through a function. The tables are in the catalog in the opposite order.
const chained = `CREATE ROLE chain_app LOGIN;
CREATE TABLE orgs (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE p_projects (id int PRIMARY KEY, org_id int NOT NULL REFERENCES orgs, name text NOT NULL, archived boolean NOT NULL DEFAULT false);
CREATE TABLE k_tasks (id int PRIMARY KEY, project_id int NOT NULL REFERENCES p_projects, title text NOT NULL);
CREATE TABLE c_comments (id int PRIMARY KEY, task_id int NOT NULL REFERENCES k_tasks, body text NOT NULL);
CREATE FUNCTION task_seen(task int) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT EXISTS (SELECT FROM k_tasks t WHERE t.id = task) $$;
ALTER TABLE orgs ENABLE ROW LEVEL SECURITY; ALTER TABLE p_projects ENABLE ROW LEVEL SECURITY;
ALTER TABLE k_tasks ENABLE ROW LEVEL SECURITY; ALTER TABLE c_comments ENABLE ROW LEVEL SECURITY;
CREATE POLICY o ON orgs USING (id = nullif(current_setting('app.org', true), '')::int);
CREATE POLICY p ON p_projects USING (org_id = nullif(current_setting('app.org', true), '')::int);
CREATE POLICY k ON k_tasks USING (EXISTS (SELECT FROM p_projects p WHERE p.id = project_id));
CREATE POLICY c ON c_comments USING (task_seen(task_id));
CREATE VIEW titles WITH (security_invoker = true) AS SELECT t.title, p.name FROM k_tasks t JOIN p_projects p ON p.id = t.project_id;
GRANT SELECT ON orgs, titles TO chain_app; GRANT SELECT, INSERT, UPDATE, DELETE ON p_projects, k_tasks, c_comments TO chain_app;
`

const chainedContract = `schema: [schema.sql]
tenant: {table: orgs, key: id}
tables: {p_projects: {tenant: org_id}, k_tasks: {tenant: project_id -> p_projects}, c_comments: {tenant: task_id -> k_tasks}}
sessions:
  member:
    login: chain_app
    settings: {app.org: $tenant}
    sees: {"*": own}
    writes: {"*": {insert: own, update: own, delete: own}, orgs: none}
  stranger:
    login: chain_app
    sees: {"*": none}
    writes: {"*": none}
`

// TestChainedPolicies weakens one policy that others ask: all that shows has its cause, and
// the case is that of the table itself. A view that a session without a tenant reads is a
// finding that psql replays.
func TestChainedPolicies(t *testing.T) {
	for _, test := range []struct {
		name, leak, class, cause string
		path                     string // of the case
	}{
		{name: "sound"},
		{
			name: "the first of the chain", leak: `ALTER POLICY p ON p_projects USING (org_id = nullif(current_setting('app.org', true), '')::int OR archived)`,
			class: "open", cause: "policy p on p_projects lets it through",
		},
		{
			name: "the last", leak: `ALTER POLICY c ON c_comments USING (true)`,
			class: "open", cause: "policy c on c_comments lets it through",
		},
		{
			name: "a view of its owner", leak: `ALTER VIEW titles SET (security_invoker = false)`, path: "view titles",
			class: "open", cause: "view titles reads with the rights of its owner (no security_invoker)",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Postgres(t)
			cfg := written(t, chained+test.leak, chainedContract)
			target := opened(t, cfg)
			r, err := props.Run(t.Context(), target, cfg)
			if err != nil {
				t.Fatal(err)
			}
			if test.leak == "" {
				if len(r.Blocks)+len(r.Leads) > 0 {
					t.Errorf("found in a sound schema: %v, leads %v", r.Blocks, r.Leads)
				}
				return
			}
			if len(r.Blocks) != 1 || r.Blocks[0].Cause != test.cause {
				t.Fatalf("%d blocks, want one with the cause %q:\n%v", len(r.Blocks), test.cause, r.Blocks)
			}
			f := r.Blocks[0].Finding
			if f.Class.String() != test.class || f.Path != test.path || f.Dir == "" {
				t.Errorf("class %s, path %q, saved in %q", f.Class, f.Path, f.Dir)
			}
			if last := replayed(t, f, target.Material()); !strings.HasPrefix(last, "LEAK: ") {
				t.Errorf("repro.sql says %q:\n%s", last, finding.Block(f))
			}
		})
	}
}
