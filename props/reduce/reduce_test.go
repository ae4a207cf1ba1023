package reduce_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/reduce"
)

// The tables of the shop.
const (
	accounts = iota
	items
	lines
)

// shop is accounts, their items, the items' lines, and one session of each account.
func shop() *model.Contract {
	column := func(name string, kind sql.Kind, base string, notNull bool) model.Column {
		return model.Column{Name: name, NotNull: notNull, Type: model.Type{Name: base, Base: base, Plain: base, Kind: kind}}
	}
	number := func(name string) model.Column { return column(name, sql.Int, "int8", true) }
	tables := []*model.Table{
		{Name: "accounts", Columns: []model.Column{number("id"), column("name", sql.Text, "text", false)}},
		{Name: "items", Columns: []model.Column{number("id"), number("account_id"), column("state", sql.Text, "text", false), column("note", sql.Text, "text", false)}},
		{Name: "lines", Columns: []model.Column{number("id"), number("item_id"), column("text", sql.Text, "text", false)}},
	}
	refer := func(from, to int) {
		tables[from].ForeignKeys = []model.ForeignKey{{Name: "f", Columns: []int{1}, Target: tables[to], Targets: []int{0}, OnDelete: "a", OnUpdate: "a"}}
	}
	refer(items, accounts)
	refer(lines, items)
	rights := make([]model.Privilege, len(tables))
	for i, t := range tables {
		t.ID, t.Schema, t.Key = i, "public", []int{0}
		every := slices.Repeat([]bool{true}, len(t.Columns))
		rights[i] = model.Privilege{Select: every, Insert: every, Update: every, Delete: true, Usage: true}
	}
	c := &model.Contract{Schema: &model.Schema{Tables: tables, Privileges: map[string][]model.Privilege{"app": rights}}}
	c.Tenancy = model.Tenancy{Table: tables[accounts], Key: 0, Type: tables[accounts].Columns[0].Type}
	c.Belongs = []model.Belonging{
		{Paths: []model.TenantPath{{Column: 0}}},
		{Paths: []model.TenantPath{{Column: 1}}},
		{Paths: []model.TenantPath{{Column: -1, Key: &tables[lines].ForeignKeys[0]}}},
	}
	all := &model.Rule{Text: "all", Kind: model.RuleAll}
	s := &model.Session{
		Name: "job", Login: model.Name{Text: "app", Column: -1}, Role: model.Name{Column: -1},
		Vars: []model.Var{{Name: "tenant", Source: model.FromTenant, Type: c.Tenancy.Type}},
	}
	for range tables {
		s.Sees = append(s.Sees, model.Sees{Rule: all})
		s.Writes = append(s.Writes, model.Writes{Insert: all, From: all, To: all, Delete: all})
	}
	c.Sessions = []*model.Session{s}
	return c
}

// stream is a stream of bits that repeats with its seed.
type stream struct{ state uint64 }

func (s *stream) Next() uint64 {
	s.state = s.state*6364136223846793005 + 1442695040888963407
	return s.state >> 24
}

// world plays scenarios without a server. leaks says which rows of a table a statement
// must not reach, and does.
type world struct {
	*model.Contract
	aim   judge.Target
	leaks func(w *world, st *model.State, step *model.Step, row model.Row) bool
	runs  int
}

// test is the reducer's: the first step that shows the aim.
func (w *world) test(s *model.Scenario) (*judge.Divergence, error) {
	w.runs++
	rows := make([][]model.Row, len(w.Schema.Tables))
	for i := range s.Data {
		rows[i] = slices.Clone(s.Data[i])
	}
	if !w.valid(rows) {
		return nil, nil
	}
	for i := range s.Steps {
		step := &s.Steps[i]
		op := &step.Op
		st := model.NewState(w.Schema, rows)
		if _, ok := w.Bind(step.Session, step.Tenant, step.User, st); !ok {
			return nil, nil
		}
		t := op.Shape.Table
		if op.Shape.Command == model.Insert {
			rows[t.ID] = append(slices.Clone(rows[t.ID]), op.Proposed())
			if !w.valid(rows) {
				rows[t.ID] = rows[t.ID][:len(rows[t.ID])-1]
			}
			continue
		}
		if (judge.Cell{Session: step.Session.ID, Table: t.ID, Command: op.Shape.Command}) != w.aim.Cell {
			continue
		}
		for _, row := range rows[t.ID] {
			if op.Matches(row) && w.leaks(w, st, step, row) {
				return &judge.Divergence{Class: w.aim.Class, Cell: w.aim.Cell, Step: i, Rows: []model.Row{row}, Column: -1}, nil
			}
		}
	}
	return nil, nil
}

// valid reports whether rows fit the schema: keys are unique, references lead somewhere.
func (w *world) valid(rows [][]model.Row) bool {
	for _, t := range w.Schema.Tables {
		seen := map[string]bool{}
		for _, row := range rows[t.ID] {
			if seen[row[0].Text] {
				return false
			}
			seen[row[0].Text] = true
			for i := range t.ForeignKeys {
				target := t.ForeignKeys[i].Target
				if !slices.ContainsFunc(rows[target.ID], func(o model.Row) bool { return o[0] == row[1] }) {
					return false
				}
			}
		}
	}
	return true
}

// foreign reports whether a row is of another account than the session's.
func (w *world) foreign(st *model.State, step *model.Step, row model.Row) bool {
	other := false
	w.Tenants(st, step.Op.Shape.Table, row, func(v model.Value) bool {
		other = v != step.Tenant
		return !other
	})
	return other
}

// told is a scenario in one line.
func told(c *model.Contract, s *model.Scenario) string {
	var b strings.Builder
	for i, rows := range s.Data {
		for _, row := range rows {
			fmt.Fprintf(&b, "%s%s ", c.Schema.Tables[i].Name, values(row))
		}
	}
	for i := range s.Steps {
		st := &s.Steps[i]
		fmt.Fprintf(&b, "| %s of %s: %s %s", st.Session.Name, st.Tenant.Text, st.Op.Shape.Text, values(st.Op.Args))
	}
	return b.String()
}

func values(row model.Row) string {
	texts := make([]string, len(row))
	for i, v := range row {
		texts[i] = v.Text
		if v.Null {
			texts[i] = "-"
		}
	}
	return "(" + strings.Join(texts, ",") + ")"
}

// TestLeast reduces leaks from many starts: each ends in the same, least case.
func TestLeast(t *testing.T) {
	cell := func(table int, command model.Command) judge.Cell { return judge.Cell{Table: table, Command: command} }
	tests := []struct {
		name  string
		aim   judge.Target
		leaks func(w *world, st *model.State, step *model.Step, row model.Row) bool
		want  string
	}{
		{
			"read of another account's item",
			judge.Target{Class: judge.Read, Cell: cell(items, model.Select), Column: -1},
			(*world).foreign,
			`accounts(2,-) items(1,2,-,-) | job of 1: SELECT "id", "account_id", "state", "note" FROM "public"."items" ()`,
		},
		{
			"delete of another account's line, which needs its item",
			judge.Target{Class: judge.Write, Cell: cell(lines, model.Delete), Column: -1},
			(*world).foreign,
			`accounts(2,-) items(1,2,-,-) lines(1,1,-) | job of 1: DELETE FROM "public"."lines" ()`,
		},
		{
			"read of an item whose state is not NULL",
			judge.Target{Class: judge.Read, Cell: cell(items, model.Select), Column: -1},
			func(w *world, st *model.State, step *model.Step, row model.Row) bool {
				return w.foreign(st, step, row) && !row[2].Null
			},
			`accounts(2,-) items(1,2,STATE,-) | job of 1: SELECT "id", "account_id", "state", "note" FROM "public"."items" ()`,
		},
		{
			"read that needs an own item too",
			judge.Target{Class: judge.Read, Cell: cell(items, model.Select), Column: -1},
			func(w *world, st *model.State, step *model.Step, row model.Row) bool {
				return w.foreign(st, step, row) && slices.ContainsFunc(st.Rows(items), func(o model.Row) bool { return o[1] == step.Tenant })
			},
			`accounts(1,-) accounts(2,-) items(1,1,-,-) items(2,2,-,-) | job of 1: SELECT "id", "account_id", "state", "note" FROM "public"."items" ()`,
		},
		{
			"read that needs two lines, of one item or of two",
			judge.Target{Class: judge.Read, Cell: cell(lines, model.Select), Column: -1},
			func(w *world, st *model.State, step *model.Step, row model.Row) bool {
				return w.foreign(st, step, row) && len(st.Rows(lines)) > 1
			},
			`accounts(2,-) items(1,2,-,-) lines(1,1,-) lines(2,1,-) | job of 1: SELECT "id", "item_id", "text" FROM "public"."lines" ()`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := shop()
			p := gen.NewPlan(c, nil)
			starts := map[string]bool{}
			for seed := uint64(1); len(starts) < 25 && seed < 3000; seed++ {
				w := &world{Contract: c, aim: test.aim, leaks: test.leaks}
				d := p.Dataset(&stream{seed}, gen.Options{})
				s := &model.Scenario{Data: d.Data, Steps: p.Sequence(&stream{seed}, 8, d, gen.CallsAtFirst)}
				s.Steps = slices.DeleteFunc(s.Steps, func(st model.Step) bool { // the world of this test cannot play the others
					return st.Tenant.Null || st.Op.Shape.Command != model.Select && st.Op.Shape.Command != model.Insert && st.Op.Shape.Command != model.Delete
				})
				found, err := w.test(s)
				if err != nil {
					t.Fatal(err)
				}
				if found == nil {
					continue
				}
				starts[told(c, s)] = true
				w.runs = 0
				least, _, err := reduce.Least(p, s, found, w.test)
				if err != nil {
					t.Fatal(err)
				}
				if got := masked(told(c, least)); got != test.want {
					t.Errorf("seed %d: from\n%s\nto\n%s\nwant\n%s", seed, told(c, s), got, test.want)
				}
				if w.runs > 200 {
					t.Errorf("seed %d: %d runs, want at most 200", seed, w.runs)
				}
			}
			if len(starts) < 25 {
				t.Errorf("%d starts, want 25", len(starts))
			}
		})
	}
}

// masked replaces the one value that a pool chose, which a name decides.
func masked(text string) string {
	at := strings.Index(text, "items(1,2,")
	if at < 0 {
		return text
	}
	head, rest := text[:at+len("items(1,2,")], text[at+len("items(1,2,"):]
	if value, tail, ok := strings.Cut(rest, ","); ok && value != "-" {
		return head + "STATE," + tail
	}
	return text
}
