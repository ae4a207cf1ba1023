package props_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// helped is a schema in which policies of several tables ask the same functions.
const helped = `CREATE ROLE helped_app LOGIN;
CREATE TABLE orgs (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE members (org_id int NOT NULL REFERENCES orgs, person_id int NOT NULL REFERENCES people, owner boolean NOT NULL, PRIMARY KEY (org_id, person_id));
CREATE TABLE projects (id int PRIMARY KEY, org_id int NOT NULL REFERENCES orgs, open boolean NOT NULL);
CREATE TABLE files (id int PRIMARY KEY, org_id int NOT NULL REFERENCES orgs, name text NOT NULL);
CREATE FUNCTION me() RETURNS int LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.person', true), '')::int $$;
CREATE FUNCTION is_member(org int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT EXISTS (SELECT FROM members m WHERE m.org_id = org AND m.person_id = me()) $$;
CREATE FUNCTION my_orgs() RETURNS SETOF int LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$ BEGIN RETURN QUERY SELECT org_id FROM members m WHERE m.person_id = me(); END $$;
ALTER TABLE orgs ENABLE ROW LEVEL SECURITY; ALTER TABLE people ENABLE ROW LEVEL SECURITY; ALTER TABLE members ENABLE ROW LEVEL SECURITY;
ALTER TABLE projects ENABLE ROW LEVEL SECURITY; ALTER TABLE files ENABLE ROW LEVEL SECURITY;
CREATE POLICY o ON orgs USING (id IN (SELECT my_orgs()));
CREATE POLICY pe ON people USING (id = me());
CREATE POLICY m ON members USING (org_id IN (SELECT my_orgs()));
CREATE POLICY p ON projects USING (is_member(org_id));
CREATE POLICY f ON files USING (is_member(org_id));
GRANT SELECT ON orgs, people, members TO helped_app; GRANT SELECT, INSERT ON projects, files TO helped_app;
`

const helpedContract = `schema: [schema.sql]
tenant: {table: orgs, key: id}
tables:
  members: {tenant: org_id}
  projects: {tenant: org_id}
  files: {tenant: org_id}
  people: {tenants: SELECT m.org_id FROM members m WHERE m.person_id = people.id}
sessions:
  member:
    login: helped_app
    user: {table: people, where: id IN (SELECT m.person_id FROM members m WHERE m.org_id = $tenant)}
    settings: {app.person: $user.id}
    sees:
      "*": &mine org_id IN (SELECT m.org_id FROM members m WHERE m.person_id = $user.id)
      orgs: id IN (SELECT m.org_id FROM members m WHERE m.person_id = $user.id)
      people: id = $user.id
    writes: {"*": none, projects: {insert: *mine}, files: {insert: *mine}}
  stranger:
    login: helped_app
    sees: {"*": none}
    writes: {"*": none}
`

// TestHelpers weakens a function that policies of several tables ask: all that shows is one
// block, whose cause is the function. Policies that are wrong by themselves are not taken
// for it.
func TestHelpers(t *testing.T) {
	for _, test := range []struct {
		name, leak string
		causes     []string
		twice      bool // the second time it begins with what the first one saved
	}{
		{
			name:   "true for every caller",
			leak:   `CREATE OR REPLACE FUNCTION is_member(org int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT EXISTS (SELECT FROM members m WHERE m.org_id = org) $$`,
			causes: []string{"function is_member answers wrongly; policies of 2 tables ask it"}, twice: true,
		},
		{
			name:   "tenants of others",
			leak:   `CREATE OR REPLACE FUNCTION my_orgs() RETURNS SETOF int LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT org_id FROM members m WHERE m.person_id = me() OR NOT owner $$`,
			causes: []string{"function my_orgs answers wrongly; policies of 2 tables ask it"},
		},
		{
			name:   "too few",
			leak:   `CREATE OR REPLACE FUNCTION is_member(org int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT EXISTS (SELECT FROM members m WHERE m.org_id = org AND m.person_id = me() AND owner) $$`,
			causes: []string{"function is_member answers wrongly; policies of 2 tables ask it"},
		},
		{
			name:   "two policies",
			leak:   `ALTER POLICY p ON projects USING (is_member(org_id) OR open); ALTER POLICY f ON files USING (is_member(org_id) OR name < 'k')`,
			causes: []string{"policy f on files lets it through", "policy p on projects lets it through"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Postgres(t)
			cfg := written(t, helped+test.leak, helpedContract)
			cfg.SkipRandom = true
			runs := 1
			if test.twice {
				runs = 2
			}
			for n := range runs {
				if got := causes(ran(t, cfg)); !slices.Equal(got, test.causes) {
					t.Errorf("run %d: causes %q, want %q", n+1, got, test.causes)
				}
			}
		})
	}
}

// TestHelperRole has two sessions by what a user is in a tenant, which policies ask of a function: it
// forgets the tenant, and answers with what the user is elsewhere. Beside it is one that is right,
// and policies that forget to ask it.
func TestHelperRole(t *testing.T) {
	t.Parallel()
	const (
		schema = `CREATE ROLE role_app LOGIN;
CREATE TYPE rank AS ENUM ('boss', 'hand');
CREATE TABLE orgs (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE members (id int PRIMARY KEY, org int NOT NULL REFERENCES orgs, person int NOT NULL REFERENCES people, rank rank NOT NULL, UNIQUE (org, person));
CREATE TABLE plans (id int PRIMARY KEY, org int NOT NULL REFERENCES orgs, body text);
CREATE TABLE wages (id int PRIMARY KEY, org int NOT NULL REFERENCES orgs, sum int);
CREATE FUNCTION org() RETURNS int LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.org', true), '')::int $$;
CREATE FUNCTION me() RETURNS int LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.person', true), '')::int $$;
CREATE FUNCTION my_rank() RETURNS rank LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
	$$ SELECT m.rank FROM members m WHERE m.person = me() AND m.org = org() $$;
ALTER TABLE plans ENABLE ROW LEVEL SECURITY; ALTER TABLE wages ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON plans USING (org = org() AND my_rank() = 'boss');
CREATE POLICY p ON wages USING (org = org() AND my_rank() = 'boss');
GRANT SELECT ON plans, wages TO role_app;
`
		contract = `schema: [schema.sql]
tenant: {table: orgs, key: id}
tables:
  people: {tenants: SELECT m.org FROM members m WHERE m.person = people.id}
  members: {tenant: org}
  plans: {tenant: org}
  wages: {tenant: org}
sessions:
  boss:
    login: role_app
    user: {table: people, where: "EXISTS (SELECT FROM members m WHERE m.person = people.id AND m.org = $tenant AND m.rank = 'boss')"}
    settings: {app.org: $tenant, app.person: $user.id}
    sees: {"*": none, plans: own, wages: own}
    writes: {"*": none}
  hand:
    login: role_app
    user: {table: people, where: "EXISTS (SELECT FROM members m WHERE m.person = people.id AND m.org = $tenant AND m.rank = 'hand')"}
    settings: {app.org: $tenant, app.person: $user.id}
    sees: {"*": none}
    writes: {"*": none}
`
	)
	for _, test := range []struct {
		name, leak string
		causes     []string
	}{
		{
			name:   "of any tenant",
			leak:   `CREATE OR REPLACE FUNCTION my_rank() RETURNS rank LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$ SELECT min(m.rank) FROM members m WHERE m.person = me() $$`,
			causes: []string{"function my_rank answers wrongly; policies of 2 tables ask it"},
		},
		{
			name:   "not asked",
			leak:   `ALTER POLICY p ON plans USING (org = org()); ALTER POLICY p ON wages USING (org = org() AND my_rank() IS NOT NULL)`,
			causes: []string{"policy p on plans lets it through", "policy p on wages lets it through"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := written(t, schema+test.leak, contract)
			cfg.SkipRandom = true
			if d := cmp.Diff(test.causes, causes(ran(t, cfg))); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// asked is a schema whose policies ask functions of another schema about projects: who may
// see one, and who may change what is in it.
const asked = `CREATE ROLE asked_app LOGIN;
CREATE TABLE orgs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE people (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org_id uuid NOT NULL REFERENCES orgs, name text NOT NULL);
CREATE TABLE projects (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org_id uuid NOT NULL REFERENCES orgs, name text NOT NULL);
CREATE TABLE members (project_id uuid NOT NULL REFERENCES projects, person_id uuid NOT NULL REFERENCES people, role text NOT NULL CHECK (role IN ('viewer', 'editor')), left_at timestamptz, PRIMARY KEY (project_id, person_id));
CREATE TABLE tasks (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), project_id uuid NOT NULL REFERENCES projects, title text NOT NULL);
CREATE TABLE files (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), project_id uuid NOT NULL REFERENCES projects, title text NOT NULL);
CREATE FUNCTION me() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.person', true), '')::uuid $$;
CREATE SCHEMA hidden;
CREATE FUNCTION hidden.sees(who uuid, project uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT EXISTS (SELECT FROM public.members m WHERE m.project_id = project AND m.person_id = who AND m.left_at IS NULL) $$;
CREATE FUNCTION hidden.edits(project uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT EXISTS (SELECT FROM members m WHERE m.project_id = project AND m.person_id = me() AND m.left_at IS NULL AND m.role = 'editor') $$;
ALTER TABLE orgs ENABLE ROW LEVEL SECURITY; ALTER TABLE people ENABLE ROW LEVEL SECURITY; ALTER TABLE members ENABLE ROW LEVEL SECURITY;
ALTER TABLE projects ENABLE ROW LEVEL SECURITY; ALTER TABLE tasks ENABLE ROW LEVEL SECURITY; ALTER TABLE files ENABLE ROW LEVEL SECURITY;
CREATE POLICY o ON orgs USING (id IN (SELECT org_id FROM people WHERE id = me()));
CREATE POLICY pe ON people USING (id = me());
CREATE POLICY m ON members USING (person_id = me());
CREATE POLICY p ON projects USING (org_id IN (SELECT org_id FROM people WHERE id = me()));
CREATE POLICY t ON tasks FOR SELECT USING (hidden.sees(me(), project_id));
CREATE POLICY f ON files FOR SELECT USING (hidden.sees(me(), project_id));
CREATE POLICY te ON tasks USING (hidden.edits(project_id));
CREATE POLICY fe ON files FOR UPDATE USING (hidden.edits(project_id));
GRANT SELECT ON orgs, people, members, projects TO asked_app; GRANT SELECT, UPDATE, DELETE ON tasks, files TO asked_app;
`

const askedContract = `schema: [schema.sql]
schemas: [public]
tenant: {table: orgs, key: id}
tables:
  people: {tenant: org_id}
  projects: {tenant: org_id}
  members: {tenant: project_id -> projects}
  tasks: {tenant: project_id -> projects}
  files: {tenant: project_id -> projects}
sessions:
  member:
    login: asked_app
    user: {table: people}
    settings: {app.person: $user.id}
    sees:
      "*": project_id IN (SELECT m.project_id FROM members m WHERE m.person_id = $user.id AND m.left_at IS NULL)
      orgs: own
      projects: own
      people: id = $user.id
      members: person_id = $user.id
    writes:
      "*": none
      tasks: &edits {update: {from: &edit "project_id IN (SELECT m.project_id FROM members m WHERE m.person_id = $user.id AND m.left_at IS NULL AND m.role = 'editor')", to: *edit}, delete: *edit}
      files: {update: {from: *edit, to: *edit}}
`

// TestAsked weakens functions with arguments that policies of several tables ask, and finds
// statements that mend them; where a policy that asks a right one is wrong, it is named.
func TestAsked(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, leak  string
		cause, mend string
		random      bool // the walk has no row that shows it
	}{
		{
			name: "memberships that ended",
			leak: `CREATE OR REPLACE FUNCTION hidden.sees(who uuid, project uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT EXISTS (SELECT FROM public.members m WHERE m.project_id = project AND m.person_id = who) $$`,
			cause: "function hidden.sees answers wrongly; policies of 2 tables ask it",
			mend: `CREATE OR REPLACE FUNCTION hidden.sees(who uuid, project uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $$ SELECT $2 IN (SELECT m.project_id FROM public.members AS m WHERE m.person_id = nullif(current_setting('app.person', true), '')::uuid AND m.left_at IS NULL) $$`,
		},
		{
			name: "who reads may write",
			leak: `CREATE OR REPLACE FUNCTION hidden.edits(project uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT EXISTS (SELECT FROM members m WHERE m.project_id = project AND m.person_id = me() AND m.left_at IS NULL) $$`,
			random: true,
			cause:  "function hidden.edits answers wrongly; policies of 2 tables ask it",
			mend: `CREATE OR REPLACE FUNCTION hidden.edits(project uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public'
AS $$ SELECT $1 IN (SELECT m.project_id FROM members AS m WHERE m.person_id = nullif(current_setting('app.person', true), '')::uuid AND m.left_at IS NULL AND m.role = 'editor') $$`,
		},
		{
			name: "one policy",
			leak: `ALTER TABLE tasks ADD moved_from uuid REFERENCES projects;
ALTER POLICY t ON tasks USING (hidden.sees(me(), project_id) OR hidden.sees(me(), moved_from))`,
			cause: "policy t on tasks lets it through",
			mend:  "ALTER POLICY t ON tasks USING (tasks.project_id IN (SELECT m.project_id FROM members AS m WHERE m.person_id = nullif(current_setting('app.person', true), '')::uuid AND m.left_at IS NULL))",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			require.Postgres(t)
			cfg := written(t, asked+test.leak, askedContract)
			cfg.SkipRandom = !test.random
			r := ran(t, cfg)
			if len(r.Blocks) != 1 {
				t.Fatalf("want one block: %v", r.Blocks)
			}
			b := r.Blocks[0]
			if b.Cause != test.cause {
				t.Errorf("cause %q, want %q", b.Cause, test.cause)
			}
			if diff := cmp.Diff([]string{test.mend}, b.Finding.Fix.SQL); diff != "" {
				t.Errorf("%s; what mends it (-want +got):\n%s", b.Finding.Fix.Note, diff)
			}
		})
	}
}
