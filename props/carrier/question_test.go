package carrier_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
)

// TestQuestions finds where policies ask a function about a column, however they say it.
func TestQuestions(t *testing.T) {
	uuid := model.Type{Name: "uuid", Base: "uuid"}
	table := func(name string, columns ...string) *model.Table {
		out := &model.Table{Schema: "public", Name: name}
		for _, c := range columns {
			out.Columns = append(out.Columns, model.Column{Name: c, Type: uuid})
		}
		return out
	}
	tasks, notes := table("tasks", "id", "project_id"), table("notes", "id", "task_id")
	tasks.ForeignKeys = []model.ForeignKey{{Columns: []int{1}, Target: nil}}
	s := &model.Schema{Tables: []*model.Table{notes, tasks}}
	r := &model.Routine{Schema: "public", Name: "sees", Returns: "boolean", Args: []model.RoutineArg{{Type: uuid}, {Type: uuid}}, Defaults: 1}
	for _, test := range []struct {
		text string
		want []string // column, argument
	}{
		{"sees(id, 'x')", []string{"notes.id 0"}},
		{"sees(me(), (notes.id)::uuid)", []string{"notes.id 1"}},
		{`(task_id IS NULL) OR ( SELECT public."sees"(task_id) AS sees)`, []string{"notes.task_id 0"}},
		{"(EXISTS ( SELECT 1 FROM tasks t WHERE t.id = notes.task_id AND sees(t.project_id)))", []string{"tasks.project_id 0"}},
		{"id IN ( SELECT sees(me()) AS sees)", []string{"notes.id -1"}},
		{"task_id = ANY (sees(me()))", []string{"notes.task_id -1"}},
		{"sees(coalesce(id, task_id))", nil},
		{"sees(id, id, id)", nil}, // another one
		{"id = 'sees(id)'", nil},
		{"sees(x.id)", nil},
	} {
		notes.Policies = []model.Policy{{Name: "p", Command: "ALL", Using: test.text}}
		var got []string
		for _, q := range carrier.Questions(s, r) {
			got = append(got, q.Of.Name+"."+q.Of.Columns[q.Column].Name+" "+map[int]string{-1: "-1", 0: "0", 1: "1"}[q.Arg])
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.text, diff)
		}
	}
}
