package gen_test

import (
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// TestTenantsStandAboveOthers gives tenants places in a tree: one is above another, and the third's
// begins with the name of the first one's.
func TestTenantsStandAboveOthers(t *testing.T) {
	ltree := model.Type{Name: "ltree", Base: "ltree", Plain: "ltree"}
	text := model.Type{Name: "text", Base: "text", Plain: "text", Kind: sql.Text}
	tests := []struct {
		name   string
		column model.Type
		using  string
		below  string // what stands between a place and those below; empty: there is no tree
	}{
		{"ltree", ltree, "true", "."},
		{"text", text, "path ~~ (place() || '/%'::text)", "/"},
		{"another row's", text, "EXISTS (SELECT FROM accounts m WHERE accounts.path ~~ (m.path || '>%'::text))", ">"},
		{"a text that is looked for", text, "path ~~ '%x%'::text", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := shop()
			home := c.Schema.Tables[accounts]
			home.Columns[1] = model.Column{Name: "path", NotNull: true, Type: test.column}
			home.Policies = []model.Policy{{Name: "p", Permissive: true, Command: "ALL", Using: test.using}}
			p := gen.NewPlan(c, nil)
			d := p.Dataset(&stream{0}, gen.Options{})
			rows := d.State.Rows(accounts)
			if test.below == "" {
				if len(rows) != 2 {
					t.Errorf("%d tenants without a tree, want 2", len(rows))
				}
				return
			}
			if len(rows) != 3 {
				t.Fatalf("%d tenants, want 3", len(rows))
			}
			first, second, third := rows[0][1].Text, rows[1][1].Text, rows[2][1].Text
			if !strings.HasPrefix(second, first+test.below) {
				t.Errorf("%s is not below %s", second, first)
			}
			if !strings.HasPrefix(third, first) || strings.HasPrefix(third, first+test.below) {
				t.Errorf("%s is not beside %s with its name", third, first)
			}
		})
	}
}

// TestPlacedRowsReferToOthers puts rows of accounts into the place of the table, each below another
// account: one below itself would keep whoever walks up the tree for ever. Where the reference must
// not be NULL, the root may be.
func TestPlacedRowsReferToOthers(t *testing.T) {
	for _, must := range []bool{false, true} {
		c := shop()
		home, job := c.Schema.Tables[accounts], c.Sessions[1]
		above := home.Columns[0]
		above.Name, above.NotNull = "above", must
		home.Columns[1] = above
		home.ForeignKeys = []model.ForeignKey{{Name: "above", Columns: []int{1}, Target: home, Targets: []int{0}}}
		c.Paths = []*model.Path{{
			Name: "table in place of accounts", Run: []string{"SELECT $1, $2"},
			Args:   []model.PathArg{{Column: model.ColumnRef{Table: accounts, Column: 0}}, {Column: model.ColumnRef{Table: accounts, Column: 1}}},
			Shadow: &model.Shadow{Taken: model.Relation{Name: "accounts"}},
			Users:  []model.PathUser{{Session: job, Rules: job, Vars: job.Vars, Sees: job.Sees}},
		}}
		p := gen.NewPlan(c, nil)
		calls, loops := 0, 0
		for seed := range uint64(20) {
			d := p.Dataset(&stream{seed}, gen.Options{Cast: 1 << 10})
			for i := range d.Cast {
				for _, call := range p.Calls(d, &d.Cast[i]) {
					calls++
					if args := call.Step.Op.Args; args[0] == args[1] {
						loops++
					}
				}
			}
		}
		if calls == 0 || loops > 0 != must {
			t.Errorf("NOT NULL %t: %d of %d rows refer to themselves", must, loops, calls)
		}
	}
}
