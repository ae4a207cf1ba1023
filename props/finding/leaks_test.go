package finding_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// planted is a leak and what it shows.
type planted struct {
	name string
	sql  string // that weakens the schema
	// show says what was found, in a scenario with two accounts, two users and two tickets.
	show func(c *model.Contract, s *model.Scenario) *judge.Divergence
	want string // the last line
}

// ticket is the step of a member of tenant 1 on a ticket.
func ticket(c *model.Contract, s *model.Scenario, shape model.Shape, args ...model.Value) {
	shape.Table = c.Schema.Table("help", "tickets")
	s.Steps = []model.Step{{Session: c.Sessions[1], Tenant: text("1"), User: text("7"), Op: model.Op{Shape: model.NewShape(shape, nil), Args: args}}}
}

func cell(c *model.Contract, session int, table string, command model.Command) judge.Cell {
	t := c.Schema.Table("", table)
	return judge.Cell{Session: session, Table: t.ID, Command: command}
}

// named is the planted leak of a name.
func named(t *testing.T, name string) planted {
	t.Helper()
	for _, p := range leaks() {
		if p.name == name {
			return p
		}
	}
	t.Fatalf("no leak is called %s", name)
	return planted{}
}

var theirs, ours = model.Row{text("20"), text("2"), text("it's\nzq7abcdefgh")}, model.Row{text("10"), text("1"), text("back\\slash")}

func leaks() []planted {
	byKey := model.Where{Match: model.Equal, Columns: []int{0}}
	none := []model.Row{nil}
	return []planted{
		{
			"read", "CREATE POLICY leak ON help.tickets FOR SELECT USING (true);",
			func(c *model.Contract, s *model.Scenario) *judge.Divergence {
				ticket(c, s, model.Shape{Columns: []int{0, 1, 2}, Form: model.Cursor})
				return &judge.Divergence{Class: judge.Read, Cell: cell(c, 1, "tickets", model.Select), Rows: []model.Row{theirs}, Column: -1, Did: "SELECT 2"}
			},
			"LEAK: read, cross-tenant: agent of tenant 1 (user 7) received ticket 20 of tenant 2",
		},
		{
			"canary", "CREATE POLICY leak ON help.tickets FOR SELECT USING (true);",
			func(c *model.Contract, s *model.Scenario) *judge.Divergence {
				ticket(c, s, model.Shape{Columns: []int{0, 1, 2}, Where: byKey}, text("20"))
				return &judge.Divergence{Class: judge.Canary, Cell: cell(c, 1, "tickets", model.Select), Rows: []model.Row{theirs}, Column: -1, Did: "SELECT 1"}
			},
			"LEAK: canary, cross-tenant: agent of tenant 1 (user 7) received the token of ticket 20 of tenant 2",
		},
		{
			"delete returning", "CREATE POLICY leak ON help.tickets USING (true);",
			func(c *model.Contract, s *model.Scenario) *judge.Divergence {
				ticket(c, s, model.Shape{Command: model.Delete, Where: byKey, Returning: []int{0}}, text("20"))
				return &judge.Divergence{Class: judge.Read, Cell: cell(c, 1, "tickets", model.Select), Rows: []model.Row{theirs}, Column: -1, Did: "DELETE 1"}
			},
			"LEAK: read, cross-tenant: agent of tenant 1 (user 7) received ticket 20 of tenant 2",
		},
		{
			"column", "GRANT SELECT (token) ON public.users TO finding_member;",
			func(c *model.Contract, s *model.Scenario) *judge.Divergence {
				ticket(c, s, model.Shape{Columns: []int{0}})
				users := c.Schema.Table("", "users")
				s.Steps[0].Op = model.Op{Shape: model.NewShape(model.Shape{Table: users, Columns: []int{4}}, nil)}
				return &judge.Divergence{Class: judge.Read, Cell: cell(c, 1, "users", model.Select), Rows: []model.Row{s.Data[users.ID][0]}, Column: 4, Rule: "columns", Did: "SELECT 1"}
			},
			"LEAK: read, cross-tenant: agent of tenant 1 (user 7) received column token of user 7 of tenant 1",
		},
		{
			"update", "CREATE POLICY leak ON help.tickets FOR UPDATE USING (true);",
			func(c *model.Contract, s *model.Scenario) *judge.Divergence {
				ticket(c, s, model.Shape{Command: model.Update, Columns: []int{2}}, text("same\\"))
				return &judge.Divergence{Class: judge.Write, Cell: cell(c, 1, "tickets", model.Update), Rows: []model.Row{theirs}, Became: []model.Row{{text("20"), text("2"), text("same\\")}}, Column: -1, Did: "UPDATE 2"}
			},
			"LEAK: write, cross-tenant: agent of tenant 1 (user 7) changed ticket 20 of tenant 2",
		},
		{
			"move", "CREATE POLICY leak ON help.tickets FOR UPDATE USING (account_id = public.tenant()) WITH CHECK (true); CREATE POLICY see ON help.tickets FOR SELECT USING (true);",
			func(c *model.Contract, s *model.Scenario) *judge.Divergence {
				ticket(c, s, model.Shape{Command: model.Update, Columns: []int{1}, Where: byKey}, text("2"), text("10"))
				return &judge.Divergence{Class: judge.Move, Cell: cell(c, 1, "tickets", model.Update), Rows: []model.Row{ours}, Became: []model.Row{{text("10"), text("2"), ours[2]}}, Column: -1, Did: "UPDATE 1"}
			},
			"LEAK: move, cross-tenant: agent of tenant 1 (user 7) moved ticket 10 of tenant 1 to tenant 2",
		},
		{
			"insert", "CREATE POLICY leak ON help.tickets FOR INSERT WITH CHECK (true);",
			func(c *model.Contract, s *model.Scenario) *judge.Divergence {
				ticket(c, s, model.Shape{Command: model.Insert, Columns: []int{0, 1, 2}}, text("30"), text("2"), null)
				return &judge.Divergence{Class: judge.Write, Cell: cell(c, 1, "tickets", model.Insert), Rows: none, Became: []model.Row{{text("30"), text("2"), null}}, Column: -1, Did: "INSERT 1"}
			},
			"LEAK: write, cross-tenant: agent of tenant 1 (user 7) added ticket 30 of tenant 2",
		},
		{
			"delete", "CREATE POLICY leak ON help.tickets FOR DELETE USING (true);",
			func(c *model.Contract, s *model.Scenario) *judge.Divergence {
				ticket(c, s, model.Shape{Command: model.Delete})
				return &judge.Divergence{Class: judge.Write, Cell: cell(c, 1, "tickets", model.Delete), Rows: []model.Row{theirs}, Became: none, Column: -1, Did: "DELETE 2"}
			},
			"LEAK: write, cross-tenant: agent of tenant 1 (user 7) removed ticket 20 of tenant 2",
		},
		{
			"lockout of rows", "CREATE POLICY lock ON help.tickets AS RESTRICTIVE USING (id > 10);",
			func(c *model.Contract, s *model.Scenario) *judge.Divergence {
				ticket(c, s, model.Shape{Columns: []int{0}})
				return &judge.Divergence{Class: judge.Lockout, Cell: cell(c, 1, "tickets", model.Select), Rows: []model.Row{ours}, Column: -1, Did: "SELECT 0"}
			},
			"LEAK: lockout, cross-tenant: agent of tenant 1 (user 7) did not get ticket 10 of tenant 1",
		},
		{
			"lockout of a write", "CREATE POLICY lock ON help.tickets AS RESTRICTIVE FOR INSERT WITH CHECK (id > 99);",
			func(c *model.Contract, s *model.Scenario) *judge.Divergence {
				ticket(c, s, model.Shape{Command: model.Insert, Columns: []int{0, 1}}, text("31"), text("1"))
				return &judge.Divergence{Class: judge.Lockout, Cell: cell(c, 1, "tickets", model.Insert), Rows: []model.Row{}, Column: -1, Did: "ERROR 42501: new row violates"}
			},
			"LEAK: lockout, cross-tenant: agent of tenant 1 (user 7) was refused insert of help.tickets",
		},
		{
			"role setting", "ALTER ROLE finding_app SET app.tenant_id = '2';",
			func(c *model.Contract, s *model.Scenario) *judge.Divergence {
				ticket(c, s, model.Shape{Columns: []int{0}})
				s.Steps[0].Session, s.Steps[0].Tenant, s.Steps[0].User = c.Sessions[2], null, null
				return &judge.Divergence{Class: judge.Open, Cell: cell(c, 2, "tickets", model.Select), Rows: []model.Row{theirs}, Column: -1, Rule: "none", Did: "SELECT 1"}
			},
			"LEAK: open, cross-tenant: stranger received ticket 20 of tenant 2",
		},
		{
			"default role", "GRANT finding_owner TO finding_app; GRANT USAGE ON SCHEMA help TO finding_owner; ALTER ROLE finding_app SET role = 'finding_owner'; ALTER TABLE help.tickets NO FORCE ROW LEVEL SECURITY;",
			func(c *model.Contract, s *model.Scenario) *judge.Divergence {
				ticket(c, s, model.Shape{Columns: []int{0}})
				s.Steps[0].Session, s.Steps[0].User = c.Sessions[0], null
				return &judge.Divergence{Class: judge.Read, Cell: cell(c, 0, "tickets", model.Select), Rows: []model.Row{theirs}, Column: -1, Did: "SELECT 2"}
			},
			"LEAK: read, cross-tenant: member of tenant 1 received ticket 20 of tenant 2",
		},
		{
			"fresh connection", "CREATE POLICY leak ON help.tickets USING (current_setting('app.tenant_id', true) IS NULL);",
			func(c *model.Contract, s *model.Scenario) *judge.Divergence {
				ticket(c, s, model.Shape{Columns: []int{0}})
				s.Steps = append(s.Steps, s.Steps[0])
				s.Steps[1].Session, s.Steps[1].Tenant, s.Steps[1].User, s.Steps[1].Fresh = c.Sessions[2], null, null, true
				return &judge.Divergence{Class: judge.Open, Cell: cell(c, 2, "tickets", model.Select), Step: 1, Rows: []model.Row{theirs}, Column: -1, Rule: "none", Did: "SELECT 2"}
			},
			"LEAK: open, cross-tenant: stranger received ticket 20 of tenant 2",
		},
		{
			"a connection that another session used", "CREATE POLICY leak ON help.tickets USING (current_setting('app.tenant_id', true) = '');",
			func(c *model.Contract, s *model.Scenario) *judge.Divergence {
				ticket(c, s, model.Shape{Columns: []int{0}})
				s.Steps[0].Session, s.Steps[0].Tenant, s.Steps[0].User = c.Sessions[2], null, null
				return &judge.Divergence{Class: judge.Open, Cell: cell(c, 2, "tickets", model.Select), Rows: []model.Row{theirs}, Column: -1, Rule: "none", Did: "SELECT 2"}
			},
			"LEAK: open, cross-tenant: stranger received ticket 20 of tenant 2",
		},
	}
}

// data is the rows of every planted leak.
func data(s *model.Schema) [][]model.Row {
	rows := make([][]model.Row, len(s.Tables))
	rows[s.Table("", "accounts").ID] = []model.Row{{text("1"), text("Acme")}, {text("2"), null}}
	rows[s.Table("", "users").ID] = []model.Row{
		{text("7"), text("1"), text("a@example.com"), text("t"), text("hush"), null},
		{text("8"), text("2"), text("a@example.com"), text("f"), null, null},
	}
	rows[s.Table("help", "tickets").ID] = []model.Row{ours, theirs}
	return rows
}
