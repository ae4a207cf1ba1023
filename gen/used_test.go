package gen_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
)

// TestUsed pairs calls that may leave something with those of another tenant, and no others.
func TestUsed(t *testing.T) {
	tests := []struct {
		name    string
		routine model.Routine
		lasts   bool
	}{
		{"volatile", model.Routine{Name: "f", Volatile: true}, true},
		{"stable", model.Routine{Name: "f"}, false},
		{"sets something", model.Routine{Name: "f", Source: "SELECT set_config('app.last', '1', false)"}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := shop()
			job := c.Sessions[1]
			c.Paths = []*model.Path{{Name: "function f", Routine: &test.routine, Users: []model.PathUser{{Session: job, Rules: job, Vars: job.Vars, Sees: job.Sees}}}}
			p := gen.NewPlan(c, nil)
			pairs := 0
			eachPair(p, func(_ *gen.Dataset, who *gen.Member, pair []model.Step) {
				pairs++
				if pair[0].Tenant == pair[1].Tenant || pair[1].Tenant != who.Tenant {
					t.Errorf("a pair of tenants %v and %v for a member of %v", pair[0].Tenant, pair[1].Tenant, who.Tenant)
				}
				if len(gen.Pairs(pair)) != 1 {
					t.Error("a pair is not taken for one")
				}
			})
			if (pairs > 0) != test.lasts {
				t.Errorf("%d pairs, want some: %v", pairs, test.lasts)
			}
		})
	}
}

// eachPair visits the pairs of calls of every member of some datasets.
func eachPair(p *gen.Plan, visit func(d *gen.Dataset, who *gen.Member, pair []model.Step)) {
	for n := range 20 {
		d := p.Dataset(&gen.Counted{N: uint64(100 * n)}, gen.Options{})
		for i := range d.Cast {
			for _, pair := range p.Used(d, &d.Cast[i]) {
				visit(d, &d.Cast[i], pair)
			}
		}
	}
}

// TestUsedKeepsSecrets repeats a call for somebody of another tenant, but not its secret.
func TestUsedKeepsSecrets(t *testing.T) {
	for _, secret := range []bool{false, true} {
		c := shop()
		job, number := c.Sessions[1], model.ColumnRef{Table: invoices, Column: 0}
		if secret {
			c.Secrets = []model.ColumnRef{number}
		}
		c.Paths = []*model.Path{{
			Name: "redeem", Run: []string{"CALL redeem($1)"}, Args: []model.PathArg{{Column: number}},
			Users: []model.PathUser{{Session: job, Rules: job, Vars: job.Vars, Sees: job.Sees}},
		}}
		p := gen.NewPlan(c, nil)
		hidden := 0
		eachPair(p, func(d *gen.Dataset, _ *gen.Member, pair []model.Step) {
			if !ownNumber(c, d, &pair[1]) {
				hidden++
			}
		})
		if (hidden > 0) == secret {
			t.Errorf("secret %v: %d calls with what only others may know", secret, hidden)
		}
	}
}

// ownNumber reports whether no invoice that is another tenant's alone has the number of a call.
func ownNumber(c *model.Contract, d *gen.Dataset, s *model.Step) bool {
	known, found := false, false
	for _, row := range d.State.Rows(invoices) {
		if row[0] == s.Op.Args[0] {
			found = true
			c.Tenants(d.State, c.Schema.Tables[invoices], row, func(v model.Value) bool {
				known = known || v.Text == s.Tenant.Text
				return true
			})
		}
	}
	return known || !found
}
