package gen_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// TestSimplestReference says what stands in a reference at the least: of rows that no relabelling
// names anew, nothing or the first; of other rows no value is simpler than another.
func TestSimplestReference(t *testing.T) {
	for _, k := range []struct {
		name    string
		target  int
		notNull bool
		want    model.Value
		ok      bool
	}{
		{name: "nothing", target: plans, want: model.Value{Null: true}, ok: true},
		{name: "the schema's first row", target: plans, notNull: true, want: model.Value{Text: "1"}, ok: true},
		{name: "another row", target: accounts, notNull: true, want: model.Value{Null: true}},
	} {
		t.Run(k.name, func(t *testing.T) {
			c := shop()
			table, target := c.Schema.Tables[lines], c.Schema.Tables[k.target]
			at := len(table.Columns)
			table.Columns = append(table.Columns, model.Column{Name: "other_id", NotNull: k.notNull, Type: model.Type{Name: "bigint", Base: "int8", Kind: sql.Int}})
			table.ForeignKeys = append(table.ForeignKeys, model.ForeignKey{Name: "other", Columns: []int{at}, Target: target, Targets: []int{0}})
			for _, rights := range c.Schema.Privileges {
				r := &rights[lines]
				r.Select, r.Insert, r.Update = append(r.Select, true), append(r.Insert, true), append(r.Update, true)
			}
			if v, ok := gen.NewPlan(c, nil).Simplest(table, at); v != k.want || ok != k.ok {
				t.Errorf("%v, %t, want %v, %t", v, ok, k.want, k.ok)
			}
		})
	}
}
