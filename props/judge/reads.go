package judge

import (
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// reads judges what the session sees of each table after the step.
func (j *judge) reads() {
	for i := range j.trace.Seen {
		j.seen(&j.trace.Seen[i])
	}
}

func (j *judge) seen(s *model.Seen) {
	t := j.contract.Schema.Tables[s.Table]
	sees := &j.id.Session.Sees[t.ID]
	may := map[string]int{}
	hidden := map[string][]model.Row{}
	visible := map[string]model.Row{}
	for _, row := range j.after.Rows(t.ID) {
		ok, known := j.holds(sees.Rule, j.after, row)
		if !known {
			j.verdict.Unjudged = append(j.verdict.Unjudged, "rows of "+t.Label()+": the rule could not be evaluated")
			return
		}
		record := string(model.AppendRecord(nil, row, s.Columns))
		if ok {
			may[record]++
			visible[record] = row
		} else {
			hidden[record] = append(hidden[record], row)
		}
	}
	forbidden := 0
	for _, rows := range hidden {
		forbidden += len(rows)
	}
	d := Divergence{Class: Read, Cell: j.cell(t, model.Select), Column: -1, Rule: text(sees.Rule), Did: j.looked(t, s)}
	for _, record := range s.Rows {
		if may[record] > 0 {
			may[record]--
			continue
		}
		rows := hidden[record]
		if len(rows) == 0 {
			rows = []model.Row{nil}
		} else {
			hidden[record] = rows[1:]
		}
		d.Rows = append(d.Rows, rows[0])
		d.Cross = d.Cross || rows[0] != nil && j.foreign(j.after, t, rows[0])
	}
	if len(d.Rows) > 0 {
		j.found(d)
		return
	}
	if s.Err == nil || j.denied(s.Err) {
		j.verdict.Stakes = append(j.verdict.Stakes, Stake{Cell: d.Cell, Allowed: len(s.Rows), Forbidden: forbidden})
	}
	for _, n := range may {
		j.lacks[t.ID] = j.lacks[t.ID] || n > 0
	}
	j.missing(t, sees, s, may, visible)
}

// looked is Postgres' answer to the look at a table after the step; empty where the step itself is a
// query of it, whose answer says it.
func (j *judge) looked(t *model.Table, s *model.Seen) string {
	if own := j.op.Shape; own != nil && own.Command == model.Select && own.Table == t {
		return ""
	}
	did := fmt.Sprintf("SELECT %d", len(s.Rows))
	if s.Err != nil {
		did = "ERROR " + s.Err.Code + ": " + s.Err.Message
	}
	return fmt.Sprintf("%s, of %s after step %d", did, t.Label(), j.at+1)
}

// missing notes allowed rows that the session did not get: a lockout, where the rule
// is written and exact.
func (j *judge) missing(t *model.Table, sees *model.Sees, s *model.Seen, may map[string]int, visible map[string]model.Row) {
	if !sees.Exact || s.Err != nil && !s.Err.Denied() || j.unbound() {
		return
	}
	d := Divergence{Class: Lockout, Cell: j.cell(t, model.Select), Column: -1, Rule: text(sees.Rule), Did: j.looked(t, s)}
	for record, n := range may {
		if n > 0 {
			d.Rows = append(d.Rows, visible[record])
		}
	}
	if len(d.Rows) > 0 && j.admitted() {
		j.found(d)
	}
}

// unbound reports whether the session lost its binding to a rollback: then it may well get
// nothing.
func (j *judge) unbound() bool {
	return j.id.Session.Within() && (j.undone || j.trace.Err != nil)
}

// admitted reports whether the session is still one of the contract, before the step and after it.
func (j *judge) admitted() bool {
	return j.contract.Admits(j.id, j.before) && j.contract.Admits(j.id, j.after)
}

// result judges the rows that the statement itself returned.
func (j *judge) result() {
	s := j.op.Shape
	if s == nil || j.trace.Err != nil {
		return
	}
	switch {
	case s.Command == model.Select && s.Form.Evaluated():
		j.selected()
	case s.Command == model.Select:
		j.queried()
	case len(s.Returning) > 0 && !(j.undone && s.Command != model.Delete): // whose rows are gone
		j.returned()
	}
}

// selected judges a query over one table.
func (j *judge) selected() {
	s := j.op.Shape
	t := s.Table
	sees := &j.id.Session.Sees[t.ID]
	if sees.Columns != nil && slices.ContainsFunc(s.Columns, func(c int) bool { return !sees.Columns[c] }) {
		j.hiddenColumns(t, sees)
		return
	}
	want := map[uint64]int{}
	hidden := map[uint64]model.Row{}
	count, counted := 0, 0
	for _, row := range j.before.Rows(t.ID) {
		if !j.op.Matches(row) {
			continue
		}
		ok, known := j.holds(sees.Rule, j.before, row)
		if !known {
			return
		}
		sum := model.FieldsSum(row, s.Columns)
		if ok {
			want[sum]++
			count++
			continue
		}
		hidden[sum] = row
	}
	d := Divergence{Class: Read, Cell: j.cell(t, model.Select), Column: -1, Rule: text(sees.Rule)}
	if s.Form == model.Count {
		if len(j.trace.Rows) == 1 {
			for _, c := range []byte(j.trace.Rows[0][0].Text) {
				counted = counted*10 + int(c-'0')
			}
		}
		if counted > count {
			for _, row := range hidden {
				d.Rows = append(d.Rows, row)
				d.Cross = d.Cross || j.foreign(j.before, t, row)
			}
			j.found(d)
		}
		return
	}
	all := make([]int, len(s.Columns))
	for i := range all {
		all[i] = i
	}
	for _, row := range j.trace.Rows {
		sum := model.FieldsSum(row, all)
		if want[sum] > 0 {
			want[sum]--
			continue
		}
		d.Rows = append(d.Rows, hidden[sum])
		d.Cross = d.Cross || hidden[sum] != nil && j.foreign(j.before, t, hidden[sum])
	}
	if len(d.Rows) > 0 {
		j.found(d)
	}
}

// hiddenColumns judges a query of columns some of which must stay hidden: any value of these
// is a leak.
func (j *judge) hiddenColumns(t *model.Table, sees *model.Sees) {
	for at, col := range j.op.Shape.Columns {
		if !sees.Columns[col] {
			j.column(t, at, col, sees)
		}
	}
}

// column judges one that must stay hidden, by its place in the output.
func (j *judge) column(t *model.Table, at, col int, sees *model.Sees) {
	d := Divergence{Class: Read, Cell: j.cell(t, model.Select), Column: col, Rule: "columns"}
	for _, got := range j.trace.Rows {
		if at >= len(got) || got[at].Null {
			continue
		}
		for _, row := range j.before.Rows(t.ID) {
			if row[col] == got[at] {
				d.Rows = append(d.Rows, row)
				if ok, known := j.holds(sees.Rule, j.before, row); known && !ok {
					d.Cross = d.Cross || j.foreign(j.before, t, row)
				}
				break
			}
		}
	}
	if len(d.Rows) > 0 {
		j.found(d)
	}
}

// queried judges a query by the same query over copies of the allowed rows.
func (j *judge) queried() {
	if !j.trace.Asked {
		return
	}
	for _, t := range j.op.Shape.Tables() { // a table that leaks by itself explains it, and one that lacks rows
		if j.diverged(t) || j.lacks[t.ID] {
			return
		}
	}
	want := map[string]int{}
	for _, row := range j.trace.Expected {
		want[string(model.AppendRecord(nil, row, nil))]++
	}
	extra := 0
	for _, row := range j.trace.Rows {
		record := string(model.AppendRecord(nil, row, nil))
		if want[record] > 0 {
			want[record]--
		} else {
			extra++
		}
	}
	if extra == 0 {
		return
	}
	s := j.op.Shape
	d := Divergence{Class: Read, Cell: j.cell(s.Table, model.Select), Column: -1, Rule: text(j.id.Session.Sees[s.Table.ID].Rule)}
	for _, row := range j.before.Rows(s.Table.ID) {
		if ok, known := j.holds(j.id.Session.Sees[s.Table.ID].Rule, j.before, row); known && !ok {
			d.Rows = append(d.Rows, row)
			d.Cross = d.Cross || j.foreign(j.before, s.Table, row)
		}
	}
	if extra > 0 && len(d.Rows) > 0 {
		j.found(d)
	}
}

// returned judges RETURNING: only rows that the session may see come back. A row that it may see
// before the statement or after it will do, since Postgres decides by what was there when the
// statement began: a user who gives its own membership away still gets that row.
func (j *judge) returned() {
	s := j.op.Shape
	t := s.Table
	sees := &j.id.Session.Sees[t.ID]
	st := j.after
	if s.Command == model.Delete {
		st = j.before
	}
	all := make([]int, len(s.Returning))
	for i := range all {
		all[i] = i
	}
	d := Divergence{Class: Read, Cell: j.cell(t, model.Select), Column: -1, Rule: text(sees.Rule)}
	for _, got := range j.trace.Rows {
		sum := model.FieldsSum(got, all)
		allowed := false
		var hidden model.Row
		for _, row := range st.Rows(t.ID) {
			if model.FieldsSum(row, s.Returning) != sum {
				continue
			}
			ok, known := j.holds(sees.Rule, st, row)
			if !ok && known {
				ok, known = j.holdsNew(sees.Rule, row)
			}
			allowed = allowed || ok || !known
			hidden = row
		}
		if !allowed && hidden != nil {
			d.Rows = append(d.Rows, hidden)
			d.Cross = d.Cross || j.foreign(st, t, hidden)
		}
	}
	if len(d.Rows) > 0 {
		j.found(d)
	}
}

// diverged reports whether the step showed or changed too much of a table already:
// a divergence has one class, the first that holds.
func (j *judge) diverged(t *model.Table) bool {
	for i := range j.verdict.Divergences {
		if d := &j.verdict.Divergences[i]; d.Step == j.at && d.Cell.Table == t.ID && d.Class < Lockout {
			return true
		}
	}
	return false
}
