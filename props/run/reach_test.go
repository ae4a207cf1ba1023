package run_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// TestReach says which tables of a large schema a scenario can touch.
func TestReach(t *testing.T) {
	s := &model.Schema{}
	for i := range 60 {
		s.Tables = append(s.Tables, &model.Table{ID: i, Schema: "public", Name: fmt.Sprintf("t%d", i), Columns: []model.Column{{Name: "id"}}})
	}
	s.Tables[2].Stirs = []string{"t3"} // a trigger of t2 writes t3, one of t3 writes t4
	s.Tables[3].Stirs = []string{"t4"}
	s.Tables[5].Stirs = []string{"*"}
	s.Tables[7].ForeignKeys = []model.ForeignKey{{Columns: []int{0}, Target: s.Tables[6], Targets: []int{0}}}
	s.Tables[7].Seed = []model.Row{{{Text: "1"}}} // its own rows may go along with those of t6
	s.Tables[8].ForeignKeys = []model.ForeignKey{{Columns: []int{0}, Target: s.Tables[6], Targets: []int{0}}}
	on := func(table int) []model.Step {
		return []model.Step{{Op: model.Op{Shape: &model.Shape{Table: s.Tables[table]}}}}
	}
	rows := func(table int) [][]model.Row {
		out := make([][]model.Row, 60)
		out[table] = []model.Row{{{Text: "1"}}}
		return out
	}
	part := make([]bool, 60)
	part[10], part[11], part[12] = true, true, true
	for _, k := range []struct {
		name  string
		data  [][]model.Row
		steps []model.Step
		want  []int // nil: all
	}{
		{"its rows and its statement", rows(20), on(21), []int{20, 21}},
		{"what triggers write", rows(20), on(2), []int{2, 3, 4, 20}},
		{"a trigger that makes its SQL", rows(20), on(5), nil},
		{"rows of the schema that refer to it", rows(20), on(6), []int{6, 7, 20}},
		{"a statement by hand", rows(20), []model.Step{{Op: model.Op{Raw: "SELECT 1"}}}, nil},
		{"within a part", rows(10), on(11), []int{10, 11, 12}},
	} {
		t.Run(k.name, func(t *testing.T) {
			var got []int
			for i, ok := range run.ReachOf(s, [][]bool{part, part}, k.data, k.steps) {
				if ok {
					got = append(got, i)
				}
			}
			if diff := cmp.Diff(k.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
