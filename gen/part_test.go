package gen_test

import (
	"fmt"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// chain is a contract over many tables, each of which refers to the one before it.
func chain(n int) *model.Contract {
	number := model.Type{Name: "bigint", Plain: "bigint", Base: "int8", Kind: sql.Int}
	words := model.Type{Name: "text", Plain: "text", Base: "text", Kind: sql.Text}
	c := &model.Contract{Schema: &model.Schema{}}
	for i := range n {
		t := &model.Table{ID: i, Schema: "public", Name: fmt.Sprintf("t%d", i), Key: []int{0}, Columns: []model.Column{
			{Name: "id", Type: number, NotNull: true}, {Name: "tenant", Type: number, NotNull: true}, {Name: "before", Type: number}, {Name: "name", Type: words},
		}}
		if i > 0 {
			root, last := c.Schema.Tables[0], c.Schema.Tables[i-1]
			t.ForeignKeys = []model.ForeignKey{
				{Name: "tenant", Columns: []int{1}, Target: root, Targets: []int{0}},
				{Name: "before", Columns: []int{2}, Target: last, Targets: []int{0}},
			}
		}
		c.Schema.Tables = append(c.Schema.Tables, t)
		c.Belongs = append(c.Belongs, model.Belonging{Paths: []model.TenantPath{{Column: min(i, 1)}}})
	}
	c.Tenancy = model.Tenancy{Table: c.Schema.Tables[0], Key: 0, Type: number}
	return c
}

// TestParts divides a schema: each table has its part, and a dataset fills few.
func TestParts(t *testing.T) {
	p := gen.NewPlan(chain(200), nil)
	if n := len(p.Parts()); n < 20 || n > 200 {
		t.Fatalf("200 tables have %d parts", n)
	}
	filled := make([]bool, 200)
	for n := range len(p.Parts()) {
		d := p.MatrixDataset(n)
		tables := 0
		for i := range d.Data {
			if len(d.Data[i]) > 0 {
				tables++
				filled[i] = true
			}
		}
		if tables > 12 {
			t.Errorf("part %d fills %d tables", n, tables)
		}
	}
	for i, ok := range filled {
		if !ok {
			t.Errorf("no part fills table %d", i)
		}
	}
	if n := len(gen.NewPlan(chain(20), nil).Parts()); n != 1 {
		t.Errorf("20 tables have %d parts, want one", n)
	}
}
