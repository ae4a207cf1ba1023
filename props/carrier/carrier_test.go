package carrier_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

const files = `CREATE ROLE app LOGIN;
CREATE ROLE "App Two" BYPASSRLS;
GRANT app TO "App Two";
CREATE TABLE notes (id int PRIMARY KEY, org int, body text);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON notes USING (true);
CREATE POLICY read ON other.notes USING (true);
ALTER POLICY read ON public.notes
  USING (org = 1);
GRANT SELECT (id), UPDATE (id, body) ON notes TO app;
ALTER ROLE app SET app.org = '1';
CREATE FUNCTION total() RETURNS int LANGUAGE sql SECURITY DEFINER AS $$ SELECT 1; -- CREATE POLICY read ON notes
$$;
CREATE OR REPLACE VIEW open_notes AS SELECT * FROM notes;
ALTER TABLE ONLY notes NO FORCE ROW LEVEL SECURITY;
CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER logged AFTER INSERT ON notes EXECUTE FUNCTION log();
CREATE OR REPLACE FUNCTION public.log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$;
ALTER ROLE app SUPERUSER;
`

// notes is the table of the files, with a contract for it.
func notes() (*model.Contract, *model.Table) {
	int4 := model.Type{Name: "integer", Base: "int4"}
	t := &model.Table{
		Schema: "public", Name: "notes", Owner: "app", RowSecurity: true,
		Columns:  []model.Column{{Name: "id", Type: int4}, {Name: "org", Type: int4}, {Name: "body", Type: model.Type{Name: "text", Base: "text"}}},
		Policies: []model.Policy{{Name: "read", Command: "SELECT", Permissive: true, Roles: []string{"app", "App Two"}, Using: "(org = 1)"}},
	}
	own := &model.Rule{Text: "own", Kind: model.RuleOwn, SQL: `(("public"."notes".org = $1::integer) IS TRUE)`, Args: []int{0}}
	bin := &model.Rule{Text: "own AND body IS NULL", Kind: model.RuleCondition, SQL: own.SQL + ` AND "public"."notes".body IS NULL`, Args: []int{0}}
	none := &model.Rule{Text: "none", Kind: model.RuleNone, SQL: "FALSE"}
	vars := []model.Var{{Name: "tenant", Source: model.FromTenant, Type: int4}}
	session := func(role string, rule *model.Rule, settings ...model.Setting) *model.Session {
		return &model.Session{
			Name: role, Login: model.Name{Text: role, Column: -1}, Role: model.Name{Column: -1}, Vars: vars, Settings: settings,
			Sees: []model.Sees{{Rule: rule, Exact: true}}, Writes: []model.Writes{{Written: true, From: rule, To: rule}},
		}
	}
	set := model.Setting{Name: "app.org", Value: []model.Part{{Var: 0}}}
	return &model.Contract{
		Schema:   &model.Schema{Tables: []*model.Table{t}, Roles: map[string]model.Role{"app": {}, "App Two": {}, "web": {}}},
		Belongs:  []model.Belonging{{How: model.Owned, Paths: []model.TenantPath{{Column: 1}}}},
		Sessions: []*model.Session{session("app", own, set), session("App Two", bin, set), session("web", none)},
	}, t
}

func TestPlace(t *testing.T) {
	parsed, err := script.Parse("schema.sql", files, script.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, table := notes()
	policy := []*model.Policy{&table.Policies[0]}
	tests := []struct {
		object carrier.Object
		name   string
		line   int
	}{
		{carrier.Object{Kind: carrier.Policy, Table: table, Policies: policy}, "policy read on notes", 8},
		{carrier.Object{Kind: carrier.Force, Table: table}, "table notes", 15},
		{carrier.Object{Kind: carrier.RowSecurity, Table: table}, "table notes", 4},
		{carrier.Object{Kind: carrier.BypassRLS, Role: "App Two"}, "role App Two", 2},
		{carrier.Object{Kind: carrier.BypassRLS, Role: "app"}, "role app", 0},
		{carrier.Object{Kind: carrier.Membership, Role: "App Two", Of: "app"}, "membership of role App Two in app", 3},
		{carrier.Object{Kind: carrier.ColumnGrant, Table: table, Column: 2, Privilege: "UPDATE", Roles: []string{"app", ""}}, "grant UPDATE (body) on notes", 10},
		{carrier.Object{Kind: carrier.ColumnGrant, Table: table, Column: 2, Privilege: "SELECT", Roles: []string{"app", ""}}, "grant SELECT (body) on notes", 0},
		{carrier.Object{Kind: carrier.Setting, Role: "app", Setting: model.RoleSetting{Name: "app.org"}}, "setting app.org of role app", 11},
		{carrier.Object{Kind: carrier.Routine, Routine: &model.Routine{Schema: "public", Name: "total"}}, "function total()", 12},
		{carrier.Object{Kind: carrier.View, View: &model.View{Schema: "public", Name: "open_notes"}}, "view open_notes", 14},
		{carrier.Object{Kind: carrier.Trigger, Table: table, Trigger: &model.Trigger{Name: "logged", Function: "log"}}, "trigger logged on notes", 18},
		{carrier.Object{Kind: carrier.Trigger, Table: table, Trigger: &model.Trigger{Name: "logged", Function: "logs"}}, "trigger logged on notes", 17},
		{carrier.Object{Kind: carrier.Superuser, Role: "app"}, "role app", 19},
	}
	read := carrier.Read(parsed.Statements)
	for _, test := range tests {
		if got := test.object.Name(); got != test.name {
			t.Errorf("named %q, want %q", got, test.name)
		}
		line := 0
		if s := read.Place(&test.object); s != nil {
			line = s.Line
		}
		if line != test.line {
			t.Errorf("%s: line %d, want %d", test.name, line, test.line)
		}
	}
}

// TestPlaces has names that are like others, and words that only look like statements.
func TestPlaces(t *testing.T) {
	const files = `CREATE TABLE tickets (id int);
ALTER TABLE ONLY public.tickets ENABLE ROW LEVEL SECURITY;
CREATE POLICY own
  ON tickets USING (true);
CREATE POLICY own ON "Tickets" USING (true);
ALTER POLICY "own" ON public.tickets USING (false);
CREATE OR REPLACE VIEW app.board AS SELECT 1;
CREATE MATERIALIZED VIEW IF NOT EXISTS totals AS SELECT 1;
CREATE /* it */ FUNCTION public.find(text) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE finds(text) (SFUNC = find, STYPE = int);
DO $$ BEGIN EXECUTE 'CREATE POLICY built ON tickets'; END $$;
COMMENT ON TABLE tickets IS 'CREATE TABLE tickets';
INSERT INTO tickets VALUES (1);
CREATE ROLE "Desk" BYPASSRLS;
CREATE ROLE agent LOGIN BYPASSRLS;
ALTER USER agent BYPASSRLS;
ALTER ROLE agent NOBYPASSRLS;`
	parsed, err := script.Parse("schema.sql", files, script.Options{})
	if err != nil {
		t.Fatal(err)
	}
	table := func(name string) carrier.Object {
		return carrier.Object{Kind: carrier.Table, Table: &model.Table{Schema: "public", Name: name}}
	}
	policy := func(name, on string) carrier.Object {
		return carrier.Object{Kind: carrier.Policy, Table: table(on).Table, Policies: []*model.Policy{{Name: name}}}
	}
	view := func(schema, name string) carrier.Object {
		return carrier.Object{Kind: carrier.View, View: &model.View{Schema: schema, Name: name}}
	}
	routine := func(name string) carrier.Object {
		return carrier.Object{Kind: carrier.Routine, Routine: &model.Routine{Schema: "public", Name: name}}
	}
	read := carrier.Read(parsed.Statements)
	role := func(name string) carrier.Object { return carrier.Object{Kind: carrier.BypassRLS, Role: name} }
	for _, test := range []struct {
		object carrier.Object
		line   int // 0: none
	}{
		{table("tickets"), 2},
		{carrier.Object{Kind: carrier.Table, Table: &model.Table{Schema: "app", Name: "tickets"}}, 1}, // may be anywhere
		{table("Tickets"), 0},
		{policy("own", "tickets"), 6},
		{policy("own", "Tickets"), 5},
		{policy("built", "tickets"), 0},
		{policy("Own", "tickets"), 0},
		{view("app", "board"), 7},
		{view("public", "board"), 0},
		{view("public", "totals"), 8},
		{routine("find"), 9},
		{routine("finds"), 10},
		{routine("found"), 0},
		{role("Desk"), 14},
		{role("agent"), 16},
		{role("desk"), 0},
	} {
		line := 0
		if s := read.Place(&test.object); s != nil {
			line = s.Line
		}
		if line != test.line {
			t.Errorf("%s: line %d, want %d", test.object.Name(), line, test.line)
		}
	}
}

// TestPlaceOfTrigger has files that say again, word for word, what a trigger and its function are.
func TestPlaceOfTrigger(t *testing.T) {
	const (
		function = "CREATE OR REPLACE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;\n"
		trigger  = "CREATE OR REPLACE TRIGGER logged AFTER INSERT ON notes EXECUTE FUNCTION log();\n"
	)
	_, table := notes()
	object := carrier.Object{Kind: carrier.Trigger, Table: table, Trigger: &model.Trigger{Name: "logged", Function: "log"}}
	for _, test := range []struct {
		name  string
		files []string
		want  int // place among all statements
	}{
		{"one file", []string{function + trigger}, 0},
		{"the trigger in a later file", []string{function, trigger}, 1},
		{"the function in a later file", []string{trigger, function}, 1},
		{"the function again in a later file", []string{function, trigger, function}, 2},
		{"the trigger again in a later file", []string{function, trigger, trigger}, 2},
		{"no function", []string{trigger}, 0},
		{"neither", []string{"SELECT 1;"}, -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			var all []script.Statement
			for i, text := range test.files {
				parsed, err := script.Parse(fmt.Sprintf("%d.sql", i), text, script.Options{})
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, parsed.Statements...)
			}
			got := -1
			if s := carrier.Read(all).Place(&object); s != nil {
				got = slices.IndexFunc(all, func(o script.Statement) bool { return o.File == s.File && o.Line == s.Line })
			}
			if got != test.want {
				t.Errorf("statement %d, want %d", got, test.want)
			}
		})
	}
}

func TestRemedies(t *testing.T) {
	c, table := notes()
	read := carrier.Object{Kind: carrier.Policy, Table: table, Policies: []*model.Policy{&table.Policies[0]}, Command: model.Select}
	const own = "notes.org = nullif(current_setting('app.org', true), '')::integer"
	tests := []struct {
		name   string
		object carrier.Object
		cells  []carrier.Cell
		change func(*model.Contract, *model.Table)
		want   [][]string
	}{
		{
			name: "a policy", object: read, cells: []carrier.Cell{{Session: c.Sessions[1], Table: table}},
			want: [][]string{
				{"ALTER POLICY read ON notes USING (" + own + ")"},
				{`CREATE POLICY notes_select_tenant ON notes AS RESTRICTIVE FOR SELECT TO "App Two" USING (` + own + " AND notes.body IS NULL)"},
				{"DROP POLICY read ON notes"},
			},
		},
		{
			name: "of a role that needs it not", object: read, cells: []carrier.Cell{{Session: c.Sessions[2], Table: table}},
			change: func(_ *model.Contract, t *model.Table) { t.Policies[0].Roles = []string{"public"} },
			want: [][]string{
				{`ALTER POLICY read ON notes TO app, "App Two"`},
				{"ALTER POLICY read ON notes USING (" + own + ")"},
				{"CREATE POLICY notes_select_tenant ON notes AS RESTRICTIVE FOR SELECT TO web USING (false)"},
				{"DROP POLICY read ON notes"},
			},
		},
		{
			name: "a second one", object: read, cells: []carrier.Cell{{Session: c.Sessions[0], Table: table}},
			change: func(_ *model.Contract, t *model.Table) {
				t.Policies = append(t.Policies, model.Policy{Name: "notes_select_tenant", Command: "SELECT", Permissive: true, Roles: []string{"app"}})
			},
			want: [][]string{
				{"DROP POLICY read ON notes"},
				{"ALTER POLICY read ON notes USING (" + own + ")"},
				{"CREATE POLICY notes_select_tenant_2 ON notes AS RESTRICTIVE FOR SELECT TO app USING (" + own + ")"},
			},
		},
		{
			name: "claims", object: read, cells: []carrier.Cell{{Session: c.Sessions[0], Table: table, Lockout: true}},
			change: func(c *model.Contract, t *model.Table) {
				t.Policies[0].Roles = []string{"app"}
				c.Sessions[0].Settings = []model.Setting{{Name: "request.jwt.claims", Value: []model.Part{{Text: `{"app":{"org":`, Var: -1}, {Var: 0, JSON: true}, {Text: `},"role":"x"}`, Var: -1}}}}
			},
			want: [][]string{
				{"ALTER POLICY read ON notes USING (notes.org = (nullif(current_setting('request.jwt.claims', true), '')::jsonb #>> '{app,org}')::integer)"},
			},
		},
		{
			name: "row security off", object: carrier.Object{Kind: carrier.RowSecurity, Table: table}, cells: []carrier.Cell{{Session: c.Sessions[0], Table: table}},
			change: func(_ *model.Contract, t *model.Table) { t.Policies = nil },
			want: [][]string{
				{"ALTER TABLE notes ENABLE ROW LEVEL SECURITY"},
				{"ALTER TABLE notes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"},
				{
					"ALTER TABLE notes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
					"CREATE POLICY notes_select_tenant ON notes FOR SELECT TO app USING (" + own + ")",
					`CREATE POLICY notes_select_tenant_2 ON notes FOR SELECT TO "App Two" USING (` + own + " AND notes.body IS NULL)",
					"CREATE POLICY notes_update_tenant ON notes FOR UPDATE TO app USING (" + own + ") WITH CHECK (" + own + ")",
					`CREATE POLICY notes_update_tenant_2 ON notes FOR UPDATE TO "App Two" USING (` + own + " AND notes.body IS NULL) WITH CHECK (" + own + " AND notes.body IS NULL)",
				},
			},
		},
		{
			name: "a partition", object: carrier.Object{Kind: carrier.RowSecurity, Table: table}, cells: []carrier.Cell{{Session: c.Sessions[1], Table: table}},
			change: func(c *model.Contract, t *model.Table) {
				t.Parent = "all_notes"
				c.Schema.Tables = append(c.Schema.Tables, &model.Table{ID: len(c.Schema.Tables), Schema: "public", Name: "all_notes", Partitioned: true})
			},
			want: [][]string{
				{`REVOKE ALL ON notes FROM "App Two"`},
				{`REVOKE ALL ON notes FROM "App Two", PUBLIC`},
				{"ALTER TABLE notes ENABLE ROW LEVEL SECURITY"},
			},
		},
		{name: "a path", object: carrier.Object{Kind: carrier.PathText, Path: &model.Path{Name: "export"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			contract, mine := notes()
			if test.change != nil {
				test.change(contract, mine)
			}
			object := test.object
			if object.Table != nil {
				object.Table = mine
			}
			if object.Policies != nil {
				object.Policies = []*model.Policy{&mine.Policies[0]}
			}
			for i := range test.cells {
				test.cells[i].Table = mine
			}
			var got [][]string
			for _, r := range object.Remedies(contract, test.cells) {
				got = append(got, r.SQL)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("remedies (-want +got):\n%s", diff)
			}
		})
	}
}
