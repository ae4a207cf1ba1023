package model_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

func v(s string) model.Value { return model.Value{Text: s} }

func integer(name string, notNull bool) model.Column {
	return model.Column{Name: name, NotNull: notNull, Type: model.Type{Name: "bigint", Base: "int8", Kind: sql.Int}}
}

func varchar(name string) model.Column {
	return model.Column{Name: name, Type: model.Type{Name: "text", Base: "text", Kind: sql.Text}}
}

// shop is two tenants with items; a session sees and writes the items of its
// tenant, and may not see archived ones.
type shop struct {
	contract *model.Contract
	items    *model.Table
	session  *model.Session
	state    *model.State
	id       *model.Identity
}

func newShop(t *testing.T) *shop {
	t.Helper()
	accounts := &model.Table{ID: 0, Schema: "public", Name: "accounts", Columns: []model.Column{integer("id", true)}, Key: []int{0}}
	items := &model.Table{
		ID: 1, Schema: "public", Name: "items", Key: []int{0},
		Columns:     []model.Column{integer("id", true), integer("account_id", true), varchar("name"), varchar("state")},
		Unique:      []model.Unique{{Name: "u", Columns: []int{2}}},
		Checks:      []model.Check{{Name: "c", Columns: []int{3}, Values: []string{"new", "old"}}, {Name: "d", Columns: []int{2, 3}, Differ: [][2]int{{2, 3}}}},
		ForeignKeys: []model.ForeignKey{{Name: "f", Columns: []int{1}, Target: accounts, Targets: []int{0}, OnDelete: "a", OnUpdate: "a"}},
	}
	every := func(n int) []bool {
		out := make([]bool, n)
		for i := range out {
			out[i] = true
		}
		return out
	}
	schema := &model.Schema{
		Tables: []*model.Table{accounts, items},
		Privileges: map[string][]model.Privilege{"app": {
			{Select: every(1), Insert: every(1), Update: every(1), Delete: true, Usage: true},
			{Select: every(4), Insert: every(4), Update: every(4), Delete: true, Usage: true},
		}},
	}
	rule := func(text string) *model.Rule {
		e, err := sql.ParseExpr(text)
		if err != nil {
			t.Fatal(err)
		}
		rel := &sql.Relation{ID: 1, Schema: "public", Name: "items"}
		for _, c := range items.Columns {
			rel.Columns = append(rel.Columns, sql.RelColumn{Name: c.Name, Kind: c.Type.Kind, Type: c.Type.Name})
		}
		p, err := sql.Compile(e, &sql.Scope{Base: rel, Vars: map[string]sql.VarType{"tenant": {Slot: 0, Kind: sql.Int, Type: "bigint"}}})
		if err != nil {
			t.Fatal(err)
		}
		return &model.Rule{Text: text, Kind: model.RuleCondition, Program: p}
	}
	mine := rule("account_id = $tenant")
	s := &model.Session{
		Name: "member", Login: model.Name{Text: "app", Column: -1}, Role: model.Name{Column: -1},
		Vars: []model.Var{{Name: "tenant", Source: model.FromTenant}},
		Sees: []model.Sees{
			{Rule: &model.Rule{Text: "none", Kind: model.RuleNone}},
			{Rule: rule("account_id = $tenant AND state IS DISTINCT FROM 'old'"), Exact: true, Written: true},
		},
		Writes: []model.Writes{{}, {Insert: mine, From: mine, To: mine, Delete: mine, Written: true}},
	}
	c := &model.Contract{
		Schema: schema, Tenancy: model.Tenancy{Table: accounts, Key: 0}, Sessions: []*model.Session{s},
		Belongs: []model.Belonging{{How: model.Owned, Paths: []model.TenantPath{{Column: 0}}}, {How: model.Owned, Paths: []model.TenantPath{{Column: 1}}}},
	}
	st := model.NewState(schema, [][]model.Row{
		{{v("1")}, {v("2")}},
		{
			{v("1"), v("1"), v("a"), v("new")},
			{v("2"), v("1"), v("b"), v("old")},
			{v("3"), v("2"), v("c"), v("new")},
		},
	})
	id, ok := c.Bind(s, v("1"), model.Value{Null: true}, st)
	if !ok {
		t.Fatal("no identity")
	}
	return &shop{contract: c, items: items, session: s, state: st, id: id}
}

func TestPredict(t *testing.T) {
	every := model.Where{}
	key := model.Where{Match: model.Equal, Columns: []int{0}}
	all := []int{0, 1, 2, 3}
	tests := []struct {
		name      string
		shape     model.Shape
		args      []string
		outcome   model.Outcome
		count     int
		items     int // rows of the table afterwards
		allowed   int
		forbidden int
	}{
		{name: "read all", shape: model.Shape{Command: model.Select, Columns: all}, count: 1, items: 3, allowed: 1, forbidden: 2},
		{name: "read a hidden row", shape: model.Shape{Command: model.Select, Columns: all, Where: key}, args: []string{"3"}, items: 3, forbidden: 1},
		{name: "insert an own row", shape: model.Shape{Command: model.Insert, Columns: all}, args: []string{"9", "1", "n", "new"}, count: 1, items: 4, allowed: 1},
		{name: "insert a foreign row", shape: model.Shape{Command: model.Insert, Columns: all}, args: []string{"9", "2", "n", "new"}, outcome: model.Denied, items: 3, forbidden: 1},
		{name: "a foreign row that also collides is denied", shape: model.Shape{Command: model.Insert, Columns: all}, args: []string{"1", "2", "n", "new"}, outcome: model.Denied, items: 3, forbidden: 1},
		{name: "insert a taken key", shape: model.Shape{Command: model.Insert, Columns: all}, args: []string{"3", "1", "n", "new"}, outcome: model.Refused, items: 3, allowed: 1},
		{name: "insert a taken name", shape: model.Shape{Command: model.Insert, Columns: all}, args: []string{"9", "1", "c", "new"}, outcome: model.Refused, items: 3, allowed: 1},
		{name: "insert against a check", shape: model.Shape{Command: model.Insert, Columns: all}, args: []string{"9", "1", "n", "odd"}, outcome: model.Refused, items: 3, allowed: 1},
		{name: "insert a row of which two columns may not be the same", shape: model.Shape{Command: model.Insert, Columns: all}, args: []string{"9", "1", "new", "new"}, outcome: model.Refused, items: 3, allowed: 1},
		{name: "insert an invisible row", shape: model.Shape{Command: model.Insert, Columns: all}, args: []string{"9", "1", "n", "old"}, count: 1, items: 4, allowed: 1},
		{name: "and have it returned", shape: model.Shape{Command: model.Insert, Columns: all, Returning: []int{0}}, args: []string{"9", "1", "n", "old"}, outcome: model.Denied, items: 3, allowed: 1},
		{name: "update by key skips what is not seen", shape: model.Shape{Command: model.Update, Columns: []int{2}, Where: key}, args: []string{"x", "2"}, items: 3},
		{name: "update without reading reaches it", shape: model.Shape{Command: model.Update, Columns: []int{3}, Where: every}, args: []string{"new"}, count: 2, items: 3, allowed: 2, forbidden: 1},
		{name: "archiving a row by key fails", shape: model.Shape{Command: model.Update, Columns: []int{3}, Where: key}, args: []string{"old", "1"}, outcome: model.Denied, items: 3, allowed: 1},
		{name: "moving a row", shape: model.Shape{Command: model.Update, Columns: []int{1}, Where: key}, args: []string{"2", "1"}, outcome: model.Denied, items: 3, forbidden: 1},
		{name: "delete all", shape: model.Shape{Command: model.Delete, Where: every}, count: 2, items: 1, allowed: 2, forbidden: 1},
		{name: "delete a foreign row", shape: model.Shape{Command: model.Delete, Where: key}, args: []string{"3"}, items: 3, forbidden: 1},
		{name: "upsert over an own row", shape: model.Shape{Command: model.Upsert, Columns: all}, args: []string{"1", "1", "z", "new"}, count: 1, items: 3, allowed: 2},
		{name: "upsert over a foreign row", shape: model.Shape{Command: model.Upsert, Columns: all}, args: []string{"3", "1", "z", "new"}, outcome: model.Denied, items: 3, allowed: 1, forbidden: 1},
		{name: "merge onto a hidden row collides", shape: model.Shape{Command: model.Merge, Columns: all}, args: []string{"3", "1", "z", "new"}, outcome: model.Refused, items: 3, forbidden: 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newShop(t)
			test.shape.Table = s.items
			op := model.Op{Shape: model.NewShape(test.shape, nil)}
			for _, a := range test.args {
				op.Args = append(op.Args, v(a))
			}
			p := model.Predictor{Contract: s.contract}
			got := p.Predict(s.id, s.state, &op)
			if got.Outcome != test.outcome || got.Count != test.count || got.Next.Len(1) != test.items || got.Allowed != test.allowed || got.Forbidden != test.forbidden {
				t.Errorf("outcome %d, count %d, %d items, %d allowed, %d forbidden; want %d, %d, %d, %d, %d\n%s",
					got.Outcome, got.Count, got.Next.Len(1), got.Allowed, got.Forbidden,
					test.outcome, test.count, test.items, test.allowed, test.forbidden, op.Shape.Text)
			}
		})
	}
}

func TestPredictWithoutPrivilege(t *testing.T) {
	s := newShop(t)
	s.id.Rights[1].Delete = false
	op := model.Op{Shape: model.NewShape(model.Shape{Command: model.Delete, Table: s.items}, nil)}
	p := model.Predictor{Contract: s.contract}
	if got := p.Predict(s.id, s.state, &op); got.Outcome != model.Denied || got.Next != s.state {
		t.Errorf("outcome %d", got.Outcome)
	}
}

func TestPredictCascade(t *testing.T) {
	s := newShop(t)
	lines := &model.Table{
		ID: 2, Schema: "public", Name: "lines", Key: []int{0}, Columns: []model.Column{integer("id", true), integer("item_id", true)},
		ForeignKeys: []model.ForeignKey{{Columns: []int{1}, Target: s.items, Targets: []int{0}, OnDelete: "c"}},
	}
	schema := s.contract.Schema
	schema.Tables = append(schema.Tables, lines)
	s.contract.Belongs = append(s.contract.Belongs, model.Belonging{How: model.Owned, Paths: []model.TenantPath{{Column: -1, Key: &lines.ForeignKeys[0]}}})
	st := model.NewState(schema, [][]model.Row{s.state.Rows(0), s.state.Rows(1), {{v("1"), v("1")}, {v("2"), v("3")}}})
	op := model.Op{Shape: model.NewShape(model.Shape{Command: model.Delete, Table: s.items, Where: model.Where{Match: model.Equal, Columns: []int{0}}}, nil), Args: []model.Value{v("1")}}
	p := model.Predictor{Contract: s.contract}
	got := p.Predict(s.id, st, &op)
	if got.Outcome != model.Done || got.Next.Len(1) != 2 || got.Next.Len(2) != 1 {
		t.Errorf("outcome %d, %d items, %d lines", got.Outcome, got.Next.Len(1), got.Next.Len(2))
	}
	// What becomes of another tenant's row is not expected: it is looked at.
	s.contract.Belongs[2].Paths = []model.TenantPath{{Column: 0}}
	if got := p.Predict(s.id, model.NewState(schema, [][]model.Row{s.state.Rows(0), s.state.Rows(1), {{v("2"), v("1")}}}), &op); got.Outcome != model.Unknown {
		t.Errorf("another tenant's line: outcome %d", got.Outcome)
	}
	lines.ForeignKeys[0].OnDelete = "a"
	if got := p.Predict(s.id, st, &op); got.Outcome != model.Refused || got.Next != st {
		t.Errorf("without a cascade: outcome %d", got.Outcome)
	}
}
