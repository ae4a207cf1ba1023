package run_test

import (
	"context"
	"slices"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// TestPool leaves a temporary table, and looks for it: on the connection that made it, once
// that was released as the contract says, on a new one, and in the next scenario.
func TestPool(t *testing.T) {
	target := desk(t)
	m := committerOn(t, target)
	who := target.Contract.Sessions[slices.IndexFunc(target.Contract.Sessions, func(s *model.Session) bool { return s.Tenantless })]
	step := func(text string) model.Step {
		return model.Step{Session: who, Tenant: model.Value{Null: true}, User: model.Value{Null: true}, Op: model.Op{Raw: text}}
	}
	leave, look := step("CREATE TEMP TABLE leftover AS SELECT 1"), step("SELECT * FROM leftover")
	anew := look
	anew.Fresh = true
	tests := []struct {
		name    string
		release string
		steps   []model.Step
		found   bool
	}{
		{name: "used again", release: "none", steps: []model.Step{leave, look}, found: true},
		{name: "the next scenario", release: "none", steps: []model.Step{look}},
		{name: "released", release: "DISCARD ALL", steps: []model.Step{leave, look}},
		{name: "released otherwise", release: "RESET ALL", steps: []model.Step{leave, look}, found: true},
		{name: "a new connection", release: "none", steps: []model.Step{leave, anew}},
	}
	old := who.Release
	defer func() { who.Release = old }()
	for _, test := range tests {
		who.Release = test.release
		trace, err := m.Run(context.Background(), &model.Scenario{Steps: test.steps, Committed: true}, false)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		last := &trace.Steps[len(trace.Steps)-1]
		if found := last.Err == nil; found != test.found {
			t.Errorf("%s: found %v, want %v (%v)", test.name, found, test.found, last.Err)
		}
	}
}
