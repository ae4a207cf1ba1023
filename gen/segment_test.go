package gen_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
)

// TestTextsNameSeveralTenants has the memo of an invoice name its tenant in the first piece: every
// second row of the walk, and rows that it proposes, name another tenant or a row in the second one, too.
func TestTextsNameSeveralTenants(t *testing.T) {
	c := shop()
	table := c.Schema.Tables[invoices]
	table.Policies = []model.Policy{{Name: "p", Permissive: true, Command: "ALL", Using: "split_part(memo, '/', 2) IN (SELECT id::text FROM people)"}}
	c.Belongs[invoices].Paths = []model.TenantPath{{Column: -1, SQL: "SELECT t.id FROM accounts t WHERE t.id::text = split_part(invoices.memo, '/', 1)"}}
	p := gen.NewPlan(c, nil)
	d := p.MatrixDataset(0)
	keys := func(table int) []string {
		var out []string
		for _, row := range d.State.Rows(table) {
			out = append(out, row[0].Text)
		}
		return out
	}
	tenants, persons := keys(accounts), keys(people)
	named := func(memo model.Value) (first, second string) {
		pieces := strings.Split(memo.Text, "/")
		if len(pieces) < 3 {
			return "", ""
		}
		return pieces[0], pieces[1]
	}
	rows := d.State.Rows(invoices)
	for i, row := range rows {
		first, second := named(row[4])
		if i%2 == 1 && !(slices.Contains(tenants, first) && (slices.Contains(tenants, second) || slices.Contains(persons, second))) {
			t.Errorf("row %d of %d does not name two tenants, or a tenant and a row: %s", i, len(rows), row[4].Text)
		}
	}
	if len(rows) < 4 {
		t.Errorf("%d rows show too little", len(rows))
	}
	got := map[string]bool{}
	for _, steps := range p.Matrix(d) {
		step := &steps[0]
		if s := step.Op.Shape; s.Table != table || s.Command != model.Insert || step.Tenant.Null {
			continue
		}
		at := slices.Index(step.Op.Shape.Columns, 4)
		switch first, second := named(step.Op.Args[at]); {
		case first != step.Tenant.Text && second == step.Tenant.Text:
			got["another tenant, then the own one"] = true
		case first == step.Tenant.Text && second != first && slices.Contains(tenants, second):
			got["the own tenant, then another one"] = true
		case first != step.Tenant.Text && slices.Contains(persons, second):
			got["another tenant, then a row"] = true
		}
	}
	if len(got) != 3 {
		t.Errorf("the walk proposes only %v", got)
	}
}
