package gen_test

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// The tables of the shop.
const (
	accounts = iota
	people
	invoices
	lines
	plans
)

// shop is a contract with each kind of constraint: accounts, people of accounts,
// invoices with a status and a number unique to the account, their lines, shared plans.
func shop() *model.Contract {
	c := &model.Contract{Schema: schema()}
	tables := c.Schema.Tables
	c.Tenancy = model.Tenancy{Table: tables[accounts], Key: 0, Type: tables[accounts].Columns[0].Type}
	c.Belongs = []model.Belonging{
		accounts: {Paths: []model.TenantPath{{Column: 0}}},
		people:   {Paths: []model.TenantPath{{Column: 1}}},
		invoices: {Paths: []model.TenantPath{{Column: 1}}},
		lines:    {Paths: []model.TenantPath{{Column: -1, Key: &tables[lines].ForeignKeys[0]}}},
		plans:    {How: model.Shared},
	}
	none, all := &model.Rule{Text: "none", Kind: model.RuleNone}, &model.Rule{Text: "all", Kind: model.RuleAll}
	session := func(name string, rule *model.Rule) *model.Session {
		s := &model.Session{
			Name: name, Login: model.Name{Text: "app", Column: -1}, Role: model.Name{Column: -1},
			Vars: []model.Var{{Name: "tenant", Source: model.FromTenant, Type: c.Tenancy.Type}},
		}
		for range tables {
			s.Sees = append(s.Sees, model.Sees{Rule: rule})
			s.Writes = append(s.Writes, model.Writes{Insert: rule, From: rule, To: rule, Delete: rule})
		}
		return s
	}
	person, job, stranger := session("person", all), session("job", all), session("stranger", none)
	person.User = &model.UserSource{Table: tables[people]}
	stranger.Tenantless = true
	c.Sessions = []*model.Session{person, job, stranger}
	for i, s := range c.Sessions {
		s.ID = i
	}
	return c
}

func schema() *model.Schema {
	column := func(name, base string, kind sql.Kind, notNull bool) model.Column {
		return model.Column{Name: name, NotNull: notNull, Type: model.Type{Name: base, Base: base, Plain: base, Kind: kind}}
	}
	number := func(name string) model.Column { return column(name, "int8", sql.Int, true) }
	text := func(name string, notNull bool) model.Column { return column(name, "text", sql.Text, notNull) }
	status := column("status", "status", sql.Enum, true)
	status.Type.Enum = []string{"draft", "paid", "refunded"}
	tables := []*model.Table{
		{Name: "accounts", Columns: []model.Column{number("id"), text("name", true), text("slug", true)}},
		{Name: "people", Columns: []model.Column{
			number("id"), number("account_id"), text("email", true), text("role", true), column("deleted_at", "timestamptz", sql.Other, false), text("note", false),
		}},
		{Name: "invoices", Columns: []model.Column{number("id"), number("account_id"), text("number", true), status, text("memo", false)}},
		{Name: "lines", Columns: []model.Column{column("id", "uuid", sql.UUID, true), number("invoice_id"), text("description", true)}},
		{Name: "plans", Columns: []model.Column{number("id"), text("name", true)}, Seed: []model.Row{{{Text: "1"}, {Text: "Free"}}}},
	}
	refer := func(from, column, to int) {
		tables[from].ForeignKeys = append(tables[from].ForeignKeys, model.ForeignKey{
			Name: "f", Columns: []int{column}, Target: tables[to], Targets: []int{0}, OnDelete: "a", OnUpdate: "a",
		})
	}
	refer(people, 1, accounts)
	refer(invoices, 1, accounts)
	refer(lines, 1, invoices)
	tables[accounts].Unique = []model.Unique{{Name: "slug", Columns: []int{2}}}
	tables[people].Unique = []model.Unique{{Name: "email", Columns: []int{2}}}
	tables[people].Checks = []model.Check{{Name: "role", Columns: []int{3}, Values: []string{"member", "admin"}}}
	tables[invoices].Unique = []model.Unique{{Name: "number", Columns: []int{1, 2}}}
	rights := make([]model.Privilege, len(tables))
	for i, t := range tables {
		t.ID, t.Schema, t.Key = i, "public", []int{0}
		every := slices.Repeat([]bool{true}, len(t.Columns))
		rights[i] = model.Privilege{Select: every, Insert: every, Update: every, Delete: true, Usage: true}
	}
	return &model.Schema{Tables: tables, Privileges: map[string][]model.Privilege{"app": rights}}
}
