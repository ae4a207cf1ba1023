package judge_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// TestMisbound has users who are new items of their tenant. A step whose user was never one shows
// nothing; an earlier step may have made it one, or have ended it.
func TestMisbound(t *testing.T) {
	const nobody = -1
	tests := []struct {
		name   string
		states []string // of the item 2, before the first step and after each
		tenant string
		at     int // the step that is misbound
	}{
		{"it is one", []string{"new", "new"}, "1", nobody},
		{"it is none", []string{"old", "old"}, "1", 0},
		{"of another tenant", []string{"new", "new"}, "2", 0},
		{"its own step makes it one", []string{"old", "new"}, "1", 0},
		{"it was one", []string{"new", "old", "old", "old"}, "1", nobody},
		{"it became one", []string{"old", "new", "old"}, "1", 0},
	}
	for _, k := range tests {
		t.Run(k.name, func(t *testing.T) {
			got := misbound(t, k.states, k.tenant, 0)
			if at := stepOf(got); at != k.at {
				t.Errorf("misbound at %d, want %d: %+v", at, k.at, got.Misbound)
			}
			if shows := len(got.Divergences) > 0; shows != (k.at == nobody) {
				t.Errorf("divergences: %+v", got.Divergences)
			}
		})
	}
	if got := misbound(t, []string{"old", "new", "old"}, "1", 1); got.Misbound != nil || len(got.Divergences) == 0 {
		t.Errorf("after a step of others that makes it one: %+v, %+v", got.Misbound, got.Divergences)
	}
}

func stepOf(v *judge.Verdict) int {
	if v.Misbound == nil {
		return -1
	}
	return v.Misbound.Step
}

// misbound judges steps of the item 2, the first ones of a stranger, after each of which the item has
// another state, and the session sees a line of another tenant.
func misbound(t *testing.T, states []string, tenant string, strangers int) *judge.Verdict {
	t.Helper()
	s := newShop(t)
	table := s.contract.Schema.Tables[items]
	member := s.contract.Sessions[0]
	member.User = &model.UserSource{Table: table, Where: condition(t, table, "state = 'new'")}
	rows := func(state string) [][]model.Row {
		with := row("2", "1", oldToken, state, "s2")
		return [][]model.Row{s.rows[accounts], {s.rows[items][0], with, s.rows[items][2]}, s.rows[lines]}
	}
	scenario, trace := &model.Scenario{Data: rows(states[0])}, &model.Trace{Initial: rows(states[0])}
	hidden := func() string {
		if tenant == "1" {
			return string(model.AppendRecord(nil, s.rows[lines][1], nil))
		}
		return string(model.AppendRecord(nil, s.rows[lines][0], nil))
	}()
	for i, state := range states[1:] {
		step := model.Step{Session: member, Tenant: model.Value{Text: tenant}, User: model.Value{Text: "2"}, Op: model.Op{Raw: "SELECT 1"}}
		after := model.StepTrace{After: rows(state), Seen: []model.Seen{{Table: lines, Rows: []string{hidden}}}}
		if i < strangers {
			step.Session, step.Tenant, step.User, after.Seen = s.contract.Sessions[1], model.Value{Null: true}, model.Value{Null: true}, nil
		}
		scenario.Steps, trace.Steps = append(scenario.Steps, step), append(trace.Steps, after)
	}
	return judge.Judge(s.contract, scenario, trace)
}
