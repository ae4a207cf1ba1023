package judge_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// TestJudgeNotifications has a member of tenant 1 listen while a statement of tenant 2 changes the items.
func TestJudgeNotifications(t *testing.T) {
	const hidden = judge.Canary
	left := row("1", "2", mineToken, "new", "s1")
	for _, k := range []struct {
		name   string
		after  []model.Row // items; nil: as before
		came   string      // empty: nothing
		stolen bool        // the listener is a stranger
		want   []judge.Class
		stake  judge.Stake
	}{
		{name: "nothing came", after: []model.Row{one, two}},
		{name: "a removed row of another tenant", after: []model.Row{one, two}, came: foreignToken, want: []judge.Class{hidden}, stake: judge.Stake{Allowed: 1, Forbidden: 1}},
		{name: "a new one", after: []model.Row{one, two, three, row("4", "2", "zq7dddddddd", "new", "s")}, came: "{zq7dddddddd}", want: []judge.Class{hidden}, stake: judge.Stake{Allowed: 1, Forbidden: 1}},
		{name: "one that is as it was", came: foreignToken, want: []judge.Class{hidden}, stake: judge.Stake{Allowed: 1}},
		{name: "an own row", came: mineToken, stake: judge.Stake{Allowed: 1}},
		{name: "a row that was its own", after: []model.Row{left, two, three}, came: mineToken, stake: judge.Stake{Allowed: 1, Forbidden: 1}},
		{name: "a row of its tenant that is hidden from it", came: oldToken, want: []judge.Class{hidden}, stake: judge.Stake{Allowed: 1}},
		{name: "the key of a row", after: []model.Row{one, two}, came: "3", stake: judge.Stake{Allowed: 1, Forbidden: 1}},
		{name: "a token that no row has", came: "zq7eeeeeeee", stake: judge.Stake{Allowed: 1}},
		{name: "without a tenant", came: mineToken, stolen: true, want: []judge.Class{judge.Open}, stake: judge.Stake{Allowed: 1}},
	} {
		t.Run(k.name, func(t *testing.T) {
			s := newShop(t)
			who, tenant := s.contract.Sessions[0], model.Value{Text: "1"}
			if k.stolen {
				who, tenant = s.contract.Sessions[1], model.Value{Null: true}
			}
			path := &model.Path{Name: "notifications on items", Channel: &model.Channel{Name: "items"}}
			path.Users = []model.PathUser{{Session: who, Vars: who.Vars, Sees: who.Sees, Writes: who.Writes, Rules: who}}
			s.contract.Paths = []*model.Path{path}
			null := model.Value{Null: true}
			begins := model.Step{Session: who, Tenant: tenant, User: null, Cut: 1, Op: model.Op{Path: path}}
			looks := begins
			looks.Cut, looks.From = 0, 1
			other := model.Step{Session: s.contract.Sessions[0], Tenant: model.Value{Text: "2"}, User: null, Op: model.Op{Raw: "SELECT 1"}}
			after := [][]model.Row{s.rows[accounts], s.rows[items], s.rows[lines]}
			if k.after != nil {
				after[items] = k.after
			}
			heard := &model.Output{}
			if k.came != "" {
				heard.Notices = []string{k.came}
			}
			scenario := &model.Scenario{Data: s.rows, Committed: true, Steps: []model.Step{begins, other, looks}}
			trace := &model.Trace{Initial: s.rows, Steps: []model.StepTrace{
				{Output: &model.Output{}, After: s.rows}, {After: after}, {Output: heard, Notices: heard.Notices, After: after},
			}}
			v := judge.Judge(s.contract, scenario, trace)
			var got []judge.Class
			cell := judge.PathCell(who.ID, path)
			for i := range v.Divergences {
				if d := &v.Divergences[i]; d.Cell == cell {
					got = append(got, d.Class)
				}
			}
			if d := cmp.Diff(k.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
			k.stake.Cell = cell
			stake := judge.Stake{Cell: cell}
			for _, s := range v.Stakes {
				if s.Cell == cell && s != (judge.Stake{Cell: cell}) {
					stake = s
				}
			}
			if stake != k.stake {
				t.Errorf("stake %+v, want %+v", stake, k.stake)
			}
		})
	}
}
