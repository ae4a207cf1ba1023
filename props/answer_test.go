package props_test

import (
	"slices"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
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
			runs := 1
			if test.twice {
				runs = 2
			}
			for n := range runs {
				r, err := props.Run(t.Context(), opened(t, cfg), cfg)
				if err != nil {
					t.Fatal(err)
				}
				var causes []string
				for _, b := range r.Blocks {
					causes = append(causes, b.Cause)
				}
				slices.Sort(causes)
				if !slices.Equal(causes, test.causes) {
					t.Errorf("run %d: causes %q, want %q", n+1, causes, test.causes)
				}
			}
		})
	}
}
