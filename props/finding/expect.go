package finding

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/noun"
)

// Expect is what a step of a case should do. What is not said is not compared.
type Expect struct {
	Rows     []Record // in any order; a record compares the values it gives
	HasRows  bool     // Rows is said, be it empty
	Count    *int     // rows returned, or affected
	SQLState string   // of the error; 00000 for success
}

// Holds compares what happened with what was expected, and says how they differ.
// columns names the columns of the result, for rows that name theirs; nil when unknown.
func (e *Expect) Holds(t *model.StepTrace, columns []string) (held bool, why string) {
	state := "00000"
	if t.Err != nil {
		state = t.Err.Code
	}
	want := e.SQLState
	if want == "" {
		want = "00000"
	}
	if state != want {
		if t.Err != nil {
			return false, fmt.Sprintf("expected %s, got ERROR %s: %s", outcome(want), state, t.Err.Message)
		}
		return false, fmt.Sprintf("expected %s, got %s", outcome(want), outcome(state))
	}
	if e.Count != nil && t.Count != *e.Count {
		return false, fmt.Sprintf("expected %s, got %d", noun.Count(*e.Count, "row"), t.Count)
	}
	if e.HasRows {
		return e.rows(t.Rows, columns)
	}
	return true, ""
}

// outcome is an SQLSTATE for people.
func outcome(state string) string {
	if state == "00000" {
		return "success"
	}
	return "SQLSTATE " + state
}

// rows compares rows in any order: each expected one must come, and no other.
func (e *Expect) rows(got []model.Row, columns []string) (bool, string) {
	rest := slices.Clone(got)
	for i := range e.Rows {
		at := slices.IndexFunc(rest, func(row model.Row) bool { return e.Rows[i].matches(row, columns) })
		if at < 0 {
			return false, "expected a row " + e.Rows[i].String() + ", which did not come"
		}
		rest = slices.Delete(rest, at, at+1)
	}
	if len(rest) > 0 {
		return false, fmt.Sprintf("%s more than expected, such as %s", noun.Count(len(rest), "row"), model.AppendRecord(nil, rest[0], nil))
	}
	return true, ""
}

// matches reports whether a row has the values of a record: by the names of columns where the
// record and the result have them, else by place.
func (r *Record) matches(row model.Row, columns []string) bool {
	for i, f := range r.Fields {
		if f.Column != "" && columns != nil {
			i = slices.Index(columns, f.Column)
		}
		if i < 0 || i >= len(row) || row[i].Null != f.Value.Null || row[i].Text != f.Value.Text {
			return false
		}
	}
	return len(r.Fields) > 0 || len(row) == 0
}

// String writes the record as a case does.
func (r *Record) String() string {
	var b strings.Builder
	formatRecord(&b, r)
	return b.String()
}

// Result names the columns that an operation returns; nil when that is unknown.
func Result(op *model.Op) []string {
	s := op.Shape
	if s == nil || s.Form == model.Count || s.Form == model.Join || s.Form == model.Totals {
		return nil
	}
	list := s.Columns
	if s.Command != model.Select {
		list = s.Returning
	}
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = s.Table.Columns[c].Name
	}
	return names
}
