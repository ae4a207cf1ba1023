package gen_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// owning is the shop, where a person sees what is its account's, and of people neither
// their notes nor those who left.
func owning(t *testing.T) (*model.Contract, *model.Session) {
	t.Helper()
	c := shop()
	s := c.Sessions[0]
	for _, table := range c.Schema.Tables {
		own, _ := c.Own(s, table, model.OwnRead)
		if own == nil {
			t.Fatalf("%s: Go cannot tell whose a row is", table.Name)
		}
		program, err := sql.Compile(&sql.Atom{Name: "own"}, &sql.Scope{Atoms: map[string]func(*sql.Frame) sql.Tri{"own": own}})
		if err != nil {
			t.Fatal(err)
		}
		s.Sees[table.ID] = model.Sees{Rule: &model.Rule{Text: "own", Kind: model.RuleOwn, Program: program}}
	}
	s.Sees[people].Columns = []bool{true, true, true, true, true, false}
	return c, s
}

// observers looks at many datasets as a person of each tenant, and at each variant of them.
func observers(t *testing.T, see func(c *model.Contract, w *gen.Worlds, v gen.Variant, first, second [][]model.Row)) map[gen.Variant]int {
	t.Helper()
	c, s := owning(t)
	p := gen.NewPlan(c, nil)
	made := map[gen.Variant]int{}
	for seed := uint64(1); seed <= 60; seed++ {
		d := p.Dataset(&stream{seed}, gen.Options{})
		for i := range d.Cast {
			m := &d.Cast[i]
			if m.Session != s {
				continue
			}
			id, ok := c.Bind(s, m.Tenant, m.User, d.State)
			if !ok {
				t.Fatal("the cast cannot be bound")
			}
			w, known := p.Worlds(id, d.Data, nil)
			if !known {
				t.Fatal("a rule could not be evaluated")
			}
			for _, v := range append(slices.Clone(gen.Variants), gen.Mixed) {
				if second, ok := w.Make(v, nil); ok {
					made[v]++
					see(c, w, v, d.Data, second)
				}
			}
		}
	}
	return made
}

// TestWorldsAgreeOnWhatIsSeen makes every variant: none changes a row that the observer
// sees, or its own; all keep to the schema's keys.
func TestWorldsAgreeOnWhatIsSeen(t *testing.T) {
	made := observers(t, func(c *model.Contract, w *gen.Worlds, v gen.Variant, first, second [][]model.Row) {
		hidden := map[gen.Place]bool{}
		for _, at := range w.Hidden() {
			hidden[at] = true
		}
		for i, table := range c.Schema.Tables {
			mask := c.Sessions[0].Sees[i].Columns
			for j, row := range first[i] {
				if !hidden[gen.Place{Table: i, Row: j}] && !holds(second[i], row, mask) {
					t.Fatalf("%s: the visible row %v of %s is another one", v, row, table.Name)
				}
			}
			for _, row := range second[i] {
				if reason := broken(&gen.Dataset{Data: second, State: model.Initial(c.Schema, second)}, table, row); reason != "" {
					t.Fatalf("%s: the row %v of %s: %s", v, row, table.Name, reason)
				}
			}
		}
	})
	for _, v := range append(slices.Clone(gen.Variants), gen.Mixed) {
		if made[v] == 0 {
			t.Errorf("no world in which hidden rows are %s", v)
		}
	}
}

func holds(rows []model.Row, row model.Row, mask []bool) bool {
	want := string(model.AppendRecord(nil, row, mask))
	return slices.ContainsFunc(rows, func(o model.Row) bool { return string(model.AppendRecord(nil, o, mask)) == want })
}

// TestWorldsDiffer says what each variant does to hidden rows.
func TestWorldsDiffer(t *testing.T) {
	looked := map[gen.Variant]int{}
	observers(t, func(c *model.Contract, w *gen.Worlds, v gen.Variant, first, second [][]model.Row) {
		for _, at := range w.Hidden() {
			looked[v]++
			table, row := c.Schema.Tables[at.Table], w.Row(at)
			same := rowsOf(second[at.Table], row[table.Key[0]])
			switch v {
			case gen.Remove:
				if len(same) > 0 {
					t.Fatalf("the hidden row %v of %s is still there", row, table.Name)
				}
			case gen.Change:
				if len(same) != 1 {
					t.Fatalf("the hidden row %v of %s is there %d times", row, table.Name, len(same))
				}
				for i := range row {
					if kept := i == 0 || strings.HasSuffix(table.Columns[i].Name, "_id") || slices.ContainsFunc(table.Unique, func(u model.Unique) bool { return slices.Contains(u.Columns, i) }); kept && same[0][i] != row[i] {
						t.Fatalf("the column %s of %s changed", table.Columns[i].Name, table.Name)
					}
				}
			case gen.Multiply:
				if n := len(second[at.Table]); n > 9*len(first[at.Table]) {
					t.Fatalf("%d rows of %s became %d", len(first[at.Table]), table.Name, n)
				}
			case gen.Half, gen.Rekey, gen.Columns, gen.Mixed:
			}
		}
	})
	for _, v := range []gen.Variant{gen.Remove, gen.Change, gen.Multiply} {
		if looked[v] == 0 {
			t.Errorf("no hidden row was looked at where hidden rows are %s", v)
		}
	}
}

func rowsOf(rows []model.Row, key model.Value) []model.Row {
	var out []model.Row
	for _, row := range rows {
		if row[0] == key {
			out = append(out, row)
		}
	}
	return out
}
