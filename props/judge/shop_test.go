package judge_test

import (
	"slices"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// The tables of the shop, and the columns of items.
const (
	accounts = iota
	items
	lines
)

const (
	id = iota
	account
	name
	state
	secret
)

// The canaries of the items 1, 2 and 3.
const (
	mineToken    = "zq7aaaaaaaa"
	oldToken     = "zq7bbbbbbbb"
	foreignToken = "zq7cccccccc"
)

// shop is two tenants with items and their lines. A member sees the items of its
// tenant that are not old, without their secret, and writes all of its tenant's, but
// for the secret. A stranger has no tenant, and no rights.
type shop struct {
	contract *model.Contract
	rows     [][]model.Row
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{contract: &model.Contract{Schema: schema()}, rows: [][]model.Row{
		{row("1"), row("2")},
		{
			row("1", "1", mineToken, "new", "s1"),
			row("2", "1", oldToken, "old", "s2"),
			row("3", "2", foreignToken, "new", "s3"),
		},
		{row("1", "1", "1"), row("2", "2", "3")},
	}}
	c := s.contract
	c.Tenancy = model.Tenancy{Table: c.Schema.Tables[accounts], Key: id}
	for _, column := range []int{id, account, account} {
		c.Belongs = append(c.Belongs, model.Belonging{Paths: []model.TenantPath{{Column: column}}})
	}
	own := func(table int) *model.Rule { return condition(t, c.Schema.Tables[table], "account_id = $tenant") }
	none := &model.Rule{Text: "none", Kind: model.RuleNone}
	bound := model.Session{
		Login: model.Name{Text: "app", Column: -1}, Role: model.Name{Column: -1},
		Vars: []model.Var{{Name: "tenant", Source: model.FromTenant}},
	}
	member, stranger := bound, bound
	member.Name = "member"
	member.Sees = []model.Sees{
		{Rule: none},
		{
			Rule:    condition(t, c.Schema.Tables[items], "account_id = $tenant AND state IS DISTINCT FROM 'old'"),
			Columns: []bool{true, true, true, true, false}, Exact: true, Written: true,
		},
		{Rule: own(lines), Written: true},
	}
	member.Writes = []model.Writes{{}, {
		Insert: own(items), From: own(items), To: own(items), Delete: own(items), Written: true,
		UpdateColumns: []bool{true, true, true, true, false},
	}, {Insert: own(lines), Written: true}}
	stranger.ID, stranger.Name, stranger.Tenantless = 1, "stranger", true
	stranger.Sees = []model.Sees{{Rule: none, Exact: true}, {Rule: none, Exact: true}, {Rule: none, Exact: true}}
	stranger.Writes = make([]model.Writes, 3)
	c.Sessions = []*model.Session{&member, &stranger}
	return s
}

func schema() *model.Schema {
	number := func(n string) model.Column {
		return model.Column{Name: n, NotNull: true, Type: model.Type{Name: "bigint", Base: "int8", Kind: sql.Int}}
	}
	text := func(n string) model.Column {
		return model.Column{Name: n, Type: model.Type{Name: "text", Base: "text", Kind: sql.Text}}
	}
	tables := []*model.Table{
		{Name: "accounts", Columns: []model.Column{number("id")}},
		{Name: "items", Columns: []model.Column{number("id"), number("account_id"), text("name"), text("state"), text("secret")}},
		{Name: "lines", Columns: []model.Column{number("id"), number("account_id"), number("item_id")}},
	}
	rights := make([]model.Privilege, len(tables))
	for i, t := range tables {
		t.ID, t.Schema, t.Key = i, "public", []int{id}
		every := slices.Repeat([]bool{true}, len(t.Columns))
		rights[i] = model.Privilege{Select: every, Insert: every, Update: every, Delete: true, Usage: true}
	}
	key := model.ForeignKey{Name: "f", Columns: []int{2}, Target: tables[items], Targets: []int{id}, OnDelete: "c", OnUpdate: "a"}
	tables[lines].ForeignKeys = []model.ForeignKey{key}
	return &model.Schema{Tables: tables, Privileges: map[string][]model.Privilege{"app": rights}}
}

// condition compiles a rule over a table.
func condition(t *testing.T, table *model.Table, text string) *model.Rule {
	t.Helper()
	e, err := sql.ParseExpr(text)
	if err != nil {
		t.Fatal(err)
	}
	tenant := map[string]sql.VarType{"tenant": {Slot: 0, Kind: sql.Int, Type: "bigint"}}
	p, err := sql.Compile(e, &sql.Scope{Base: relation(table), Vars: tenant, Relations: func(_, name string) *sql.Relation {
		return relation(schema().Table("", name))
	}})
	if err != nil {
		t.Fatal(err)
	}
	return &model.Rule{Text: text, Kind: model.RuleCondition, Program: p}
}

func relation(t *model.Table) *sql.Relation {
	rel := &sql.Relation{ID: t.ID, Schema: t.Schema, Name: t.Name}
	for _, c := range t.Columns {
		rel.Columns = append(rel.Columns, sql.RelColumn{Name: c.Name, Kind: c.Type.Kind, Type: c.Type.Name})
	}
	return rel
}

func row(values ...string) model.Row {
	out := make(model.Row, len(values))
	for i, v := range values {
		out[i] = model.Value{Text: v}
	}
	return out
}

// answer is what Postgres did in a step, as a test writes it down.
type answer struct {
	err      *model.Failure
	count    int
	rows     []model.Row // returned
	expected []model.Row // over the copies
	notices  []string
	items    []model.Row // afterwards; nil: as before
	lines    []model.Row
	sees     string // the ids of the items that the session sees afterwards
}

// step makes the scenario and the trace of one step.
func (s *shop) step(session string, op model.Op, a answer) (*model.Scenario, *model.Trace) {
	step := model.Step{Session: s.contract.Sessions[0], Tenant: model.Value{Text: "1"}, User: model.Value{Null: true}, Op: op}
	if session == "stranger" {
		step.Session, step.Tenant = s.contract.Sessions[1], model.Value{Null: true}
	}
	after := slices.Clone(s.rows)
	if a.items != nil {
		after[items] = a.items
	}
	if a.lines != nil {
		after[lines] = a.lines
	}
	seen := model.Seen{Table: items, Columns: step.Session.Sees[items].Columns}
	for _, r := range after[items] {
		if slices.Contains([]byte(a.sees), r[id].Text[0]) {
			seen.Rows = append(seen.Rows, string(model.AppendRecord(nil, r, seen.Columns)))
		}
	}
	trace := &model.Trace{Initial: s.rows, Steps: []model.StepTrace{{
		Err: a.err, Count: a.count, Rows: a.rows, Expected: a.expected, Asked: a.expected != nil, Notices: a.notices,
		After: after, Seen: []model.Seen{seen},
	}}}
	return &model.Scenario{Data: s.rows, Steps: []model.Step{step}}, trace
}
