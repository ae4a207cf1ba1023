package judge_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// TestJudgeStakes counts what was at stake: nothing where another error came first,
// for then neither a policy nor a privilege was asked.
func TestJudgeStakes(t *testing.T) {
	seen := judge.Stake{Cell: cell(items, model.Select), Allowed: 1, Forbidden: 2}
	tests := []struct {
		name string
		did  answer
		want []judge.Stake
	}{
		{"denied", answer{err: denied, sees: "1"}, []judge.Stake{seen, {Cell: cell(items, model.Insert), Forbidden: 1}}},
		{"refused by a constraint", answer{err: collision, sees: "1"}, []judge.Stake{seen}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newShop(t)
			shape := model.Shape{Command: model.Insert, Columns: whole, Table: s.contract.Schema.Tables[items]}
			op := model.Op{Shape: model.NewShape(shape, nil), Args: nine}
			scenario, trace := s.step("member", op, test.did)
			got := judge.Judge(s.contract, scenario, trace)
			if d := cmp.Diff(test.want, got.Stakes); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// TestJudgeAnswers has a rule that only Postgres can evaluate.
func TestJudgeAnswers(t *testing.T) {
	s := newShop(t)
	rule := &model.Rule{Text: "pg_only(name)", Kind: model.RuleCondition}
	s.contract.Sessions[0].Sees[items].Rule = rule
	op := model.Op{Shape: model.NewShape(model.Shape{Command: model.Select, Columns: []int{id}, Table: s.contract.Schema.Tables[items]}, nil)}
	scenario, trace := s.step("member", op, answer{sees: "13"})
	if got := judge.Judge(s.contract, scenario, trace); len(got.Unjudged) == 0 || len(got.Divergences) > 0 {
		t.Errorf("without an answer: unjudged %q, %+v", got.Unjudged, got.Divergences)
	}
	trace.Steps[0].Later = model.Answers{rule: {}}
	for _, r := range s.rows[items] {
		trace.Steps[0].Later[rule][string(model.AppendRecord(nil, r, nil))] = r[account].Text == "1"
	}
	got := judge.Judge(s.contract, scenario, trace)
	want := []judge.Target{{Class: judge.Read, Cell: cell(items, model.Select), Column: -1}} // what is missing besides is not said
	var targets []judge.Target
	for i := range got.Divergences {
		targets = append(targets, got.Divergences[i].Target())
	}
	if d := cmp.Diff(want, targets); d != "" {
		t.Errorf("with answers (-want +got):\n%s", d)
	}
}

// TestJudgeStopped has a session without a tenant, whom a policy stops because it asks
// for the setting that nobody set. With a tenant, or for another reason, the same error
// shows nothing.
func TestJudgeStopped(t *testing.T) {
	unset := &model.Failure{Code: "42704", Message: `unrecognized configuration parameter "app.tenant"`}
	empty := &model.Failure{Code: "22P02", Message: `invalid input syntax for type uuid: ""`}
	tests := []struct {
		name, session string
		err           *model.Failure
		stopped       bool
	}{
		{"the setting does not exist", "stranger", unset, true},
		{"the setting is empty", "stranger", empty, true},
		{"another setting", "stranger", &model.Failure{Code: "42704", Message: `unrecognized configuration parameter "other"`}, false},
		{"a value of the data", "stranger", &model.Failure{Code: "22P02", Message: `invalid input syntax for type uuid: "x"`}, false},
		{"a session with a tenant", "member", unset, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newShop(t)
			s.contract.Sessions[0].Settings = []model.Setting{{Name: "app.tenant"}}
			op := model.Op{Shape: model.NewShape(model.Shape{Command: model.Select, Columns: []int{id}, Table: s.contract.Schema.Tables[items]}, nil)}
			scenario, trace := s.step(test.session, op, answer{err: test.err})
			trace.Steps[0].Seen[0].Err = test.err
			got := judge.Judge(s.contract, scenario, trace)
			forbidden := 0
			for _, st := range got.Stakes {
				forbidden += st.Forbidden
			}
			if (forbidden > 0) != test.stopped || (len(got.Errors) == 0) != test.stopped || len(got.Divergences) > 0 {
				t.Errorf("stakes %+v, errors %v, %+v", got.Stakes, got.Errors, got.Divergences)
			}
		})
	}
}
