package gen_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
)

// TestHandedSessions draws steps of a session that nothing binds, with a path that hands it a
// tenant: it has one there, and none on tables. Each step does something.
func TestHandedSessions(t *testing.T) {
	c := shop()
	stranger := c.Sessions[2]
	handed := *stranger
	handed.Tenantless = false
	c.Paths = []*model.Path{{
		Name: "export", Run: []string{"SELECT $1"}, Args: []model.PathArg{{Column: model.ColumnRef{Table: -1, Column: -1}, Variable: "tenant"}},
		Users: []model.PathUser{{Session: stranger, Rules: &handed, Vars: stranger.Vars, Sees: stranger.Sees}},
	}}
	p := gen.NewPlan(c, nil)
	calls, statements := 0, 0
	for seed := range uint64(300) {
		bits := &stream{seed}
		d := p.Dataset(bits, gen.Options{})
		for _, step := range p.Sequence(bits, 6, d, gen.CallsAtFirst) {
			switch {
			case step.Op.Path == nil && step.Op.Shape == nil:
				t.Fatalf("seed %d: a step that does nothing, of %s of tenant %q", seed, step.Session.Name, step.Tenant.Text)
			case step.Session != stranger:
			case step.Op.Path != nil:
				calls++
				if step.Tenant.Null || step.Op.Args[0] != step.Tenant {
					t.Errorf("seed %d: the path is called for %q with %q", seed, step.Tenant.Text, step.Op.Args[0].Text)
				}
			default:
				statements++
				if !step.Tenant.Null {
					t.Errorf("seed %d: a statement on %s with the tenant %s", seed, step.Op.Shape.Table.Name, step.Tenant.Text)
				}
			}
		}
	}
	if calls < 100 || statements < 30 {
		t.Errorf("%d calls and %d statements of the session", calls, statements)
	}
}
