package finding_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

func TestMain(m *testing.M) { require.Main(m) }

func text(s string) model.Value { return model.Value{Text: s} }

var null = model.Value{Null: true}

var (
	bigint = model.Type{Name: "bigint", Base: "int8", Kind: sql.Int, Plain: "bigint"}
	words  = model.Type{Name: "text", Base: "text", Kind: sql.Text, Plain: "text"}
	truth  = model.Type{Name: "boolean", Base: "bool", Kind: sql.Bool, Plain: "boolean"}
)

// desk is a small schema by hand: accounts, users of accounts, tickets.
func desk() *model.Schema {
	accounts := &model.Table{ID: 0, Schema: "public", Name: "accounts", Key: []int{0}, Columns: []model.Column{
		{Name: "id", Type: bigint, NotNull: true},
		{Name: "name", Type: words},
	}}
	users := &model.Table{ID: 1, Schema: "public", Name: "users", Key: []int{0}, Columns: []model.Column{
		{Name: "id", Type: bigint, NotNull: true},
		{Name: "account_id", Type: bigint, NotNull: true},
		{Name: "email", Type: words, NotNull: true},
		{Name: "active", Type: truth, NotNull: true, Default: "true"},
		{Name: "token", Type: words},
		{Name: "shout", Type: words, Generated: true, Formula: "upper(email)"},
	}}
	tickets := &model.Table{ID: 2, Schema: "help", Name: "tickets", Key: []int{0}, Columns: []model.Column{
		{Name: "id", Type: bigint, NotNull: true},
		{Name: "account_id", Type: bigint},
		{Name: "subject", Type: words, Default: "'none'::text"},
	}}
	users.ForeignKeys = []model.ForeignKey{{Name: "users_account", Columns: []int{1}, Target: accounts, Targets: []int{0}}}
	return &model.Schema{Version: 150018, Tables: []*model.Table{accounts, users, tickets}}
}

// contract says what the sessions of a schema with accounts, users and tickets may do.
func contract(s *model.Schema) *model.Contract {
	accounts := s.Table("", "accounts")
	c := &model.Contract{
		Schema:  s,
		Tenancy: model.Tenancy{Table: accounts, Key: 0, Type: bigint},
		Belongs: make([]model.Belonging, len(s.Tables)),
	}
	for i, t := range s.Tables {
		column := t.Column("account_id")
		if t == accounts {
			column = 0
		}
		c.Belongs[i] = model.Belonging{How: model.Owned, Paths: []model.TenantPath{{Column: column}}}
		if column < 0 {
			c.Belongs[i] = model.Belonging{How: model.Shared}
		}
	}
	own := &model.Rule{Text: "own", Kind: model.RuleOwn}
	member := session(c, "member", own)
	member.Vars = []model.Var{{Name: "tenant", Source: model.FromTenant, Type: bigint}}
	member.Settings = []model.Setting{{Name: "app.tenant_id", Value: []model.Part{{Var: 0}}}}
	agent := session(c, "agent", own)
	agent.Role = model.Name{Text: "finding_member", Column: -1}
	agent.User = &model.UserSource{Table: s.Table("", "users")}
	agent.Vars, agent.Settings = member.Vars, member.Settings
	stranger := session(c, "stranger", &model.Rule{Text: "none", Kind: model.RuleNone})
	stranger.Tenantless = true
	return c
}

func session(c *model.Contract, name string, sees *model.Rule) *model.Session {
	none := model.Name{Column: -1}
	s := &model.Session{ID: len(c.Sessions), Name: name, Login: model.Name{Text: "finding_app", Column: -1}, Role: none, Bind: "local", Release: "none"}
	for range c.Schema.Tables {
		s.Sees = append(s.Sees, model.Sees{Rule: sees, Exact: true, Written: true})
		s.Writes = append(s.Writes, model.Writes{Insert: sees, From: sees, To: sees, Delete: sees, Written: true})
	}
	c.Sessions = append(c.Sessions, s)
	return s
}

// shapes are a few statements of each session.
func shapes(c *model.Contract) finding.Shapes {
	var list []*model.Shape
	for _, t := range c.Schema.Tables {
		every := make([]int, 0, len(t.Columns))
		for i := range t.Columns {
			if !t.Columns[i].Generated {
				every = append(every, i)
			}
		}
		key := model.Where{Match: model.Equal, Columns: t.Key}
		for _, s := range []model.Shape{
			{Command: model.Select, Columns: every},
			{Command: model.Select, Columns: every, Where: key},
			{Command: model.Select, Columns: every, Form: model.Cursor},
			{Command: model.Insert, Columns: every},
			{Command: model.Update, Columns: []int{1}, Where: key},
			{Command: model.Update, Columns: []int{1}},
			{Command: model.Delete},
			{Command: model.Delete, Where: key, Returning: t.Key},
		} {
			s.Table = t
			list = append(list, model.NewShape(s, nil))
		}
	}
	return func(*model.Session) []*model.Shape { return list }
}

// leak is a read of ticket 20 of tenant 2 by tenant 1.
func leak() (*model.Contract, *finding.Finding) {
	c := contract(desk())
	s := &model.Scenario{
		Data: [][]model.Row{
			{{text("1"), text("Acme")}, {text("2"), text("Acme")}},
			{{text("7"), text("1"), text("a@example.com"), text("t"), null, null}},
			{{text("20"), text("2"), text("it's `zq7abcdefgh`")}},
		},
		Steps: []model.Step{{Session: c.Sessions[1], Tenant: text("1"), User: text("7"), Op: model.Op{Shape: shapes(c)(nil)[16]}}},
	}
	d := &judge.Divergence{
		Class: judge.Read, Cell: judge.Cell{Session: 1, Table: 2, Command: model.Select}, Cross: true, Rule: "own",
		Rows: []model.Row{s.Data[2][0]}, Column: -1, Did: "SELECT 1",
	}
	return c, finding.New(c, s, d)
}
