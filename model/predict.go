package model

import (
	"fmt"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Outcome is how a statement ends.
type Outcome uint8

// The outcomes. Unknown means that the model cannot tell beforehand: the
// statement runs carefully, and the state is read again after it.
const (
	Done    Outcome = iota
	Denied          // 42501
	Refused         // by a constraint: neither allowed nor denied
	Unknown
)

// Prediction is what the contract says of one statement.
type Prediction struct {
	Outcome   Outcome
	Count     int      // rows affected, or returned by a query
	Sum       uint64   // of the returned rows, order aside
	Shown     []uint64 // the part of Sum of each row, where the rule is an upper bound: fewer may show
	Next      *State
	Allowed   int   // rows at stake that the rules allow
	Forbidden int   // rows at stake that they forbid
	Rule      *Rule // that forbade the last forbidden row; nil where a column or a privilege did
}

// Predictor evaluates statements of one contract. It is not safe for concurrent use.
type Predictor struct {
	Contract *Contract
	// Ask answers rules that Go cannot evaluate; nil leaves them unknown.
	Ask   func(r *Rule, row Row) (holds, known bool)
	frame sql.Frame
}

// Holds evaluates a rule for a row, which may be a new one: then st is the state
// before the statement, as a WITH CHECK expression sees it, so that a row cannot
// entitle itself. known is false where only Postgres can tell.
func (p *Predictor) Holds(r *Rule, id *Identity, st *State, row Row) (holds, known bool) {
	if r == nil {
		return false, true
	}
	switch r.Kind {
	case RuleNone:
		return false, true
	case RuleAll:
		return true, true
	case RuleOwn, RuleCondition:
	}
	if r.Program == nil {
		if p.Ask == nil {
			return false, false
		}
		return p.Ask(r, row)
	}
	p.frame.World, p.frame.Row, p.frame.Vars = st, row, id.Vars
	return r.Program.Eval(&p.frame) == sql.True, true
}

// attempt collects the answers about one statement.
type attempt struct {
	*Predictor
	id      *Identity
	st      *State
	op      *Op
	out     Prediction
	unknown bool
}

func (a *attempt) holds(r *Rule, st *State, row Row) bool {
	ok, known := a.Holds(r, a.id, st, row)
	if !known {
		a.unknown = true
	}
	if !ok {
		a.out.Rule = r
	}
	return ok
}

// Predict says what a statement of an identity does in a state. The state that
// follows differs only where the statement is done.
func (p *Predictor) Predict(id *Identity, st *State, op *Op) Prediction {
	a := attempt{Predictor: p, id: id, st: st, op: op}
	a.out.Next = st
	if op.Shape == nil {
		a.out.Outcome = Unknown
		return a.out
	}
	switch op.Shape.Command {
	case Select:
		a.read()
	case Insert:
		a.insert()
	case Update:
		a.update()
	case Delete:
		a.remove()
	case Upsert, Merge:
		a.merge()
	default:
		panic(fmt.Sprintf("command %d", op.Shape.Command))
	}
	if a.out.Outcome != Done {
		a.out.Next, a.out.Count, a.out.Sum = st, 0, 0
	}
	if a.unknown {
		a.out.Outcome, a.out.Next = Unknown, st
	}
	return a.out
}

func (a *attempt) sees() *Sees     { return &a.id.Session.Sees[a.op.Shape.Table.ID] }
func (a *attempt) writes() *Writes { return &a.id.Session.Writes[a.op.Shape.Table.ID] }

func (a *attempt) read() {
	s := a.op.Shape
	sees := a.sees()
	columns := sees.Columns == nil || all(sees.Columns, s.Columns) && all(sees.Columns, s.Where.Columns)
	for _, row := range a.st.Rows(s.Table.ID) {
		if !a.op.Matches(row) {
			continue
		}
		ok := columns && a.holds(sees.Rule, a.st, row)
		if ok && s.Form == Locking {
			ok = a.holds(a.writes().From, a.st, row)
		}
		if !ok {
			a.out.Forbidden++
			continue
		}
		a.out.Allowed++
		a.out.Count++
		sum := s.Table.GivenSum(row, s.Columns)
		a.out.Sum += sum
		if !sees.Exact && s.Form != Count {
			a.out.Shown = append(a.out.Shown, sum)
		}
	}
	if s.Form == Count {
		var count [20]byte
		a.out.Sum = FoldField(fieldsStart, fmt.Appendf(count[:0], "%d", a.out.Count), false)
		a.out.Count = 1
	}
	if !a.rights() {
		a.out.Outcome = Denied
	} else if !columns {
		a.out.Outcome, a.out.Rule = Denied, nil
	}
}

// row is the row that an inserting statement proposes. Columns that it leaves out
// take their default, which is known only when there is none.
func (a *attempt) row() Row {
	s := a.op.Shape
	row := make(Row, len(s.Table.Columns))
	for i := range row {
		row[i].Null = true
	}
	for i, c := range s.Columns {
		row[c] = a.op.Args[i]
	}
	if a.refused() {
		return row
	}
	for i := range row {
		c := &s.Table.Columns[i]
		if !Contains(s.Columns, i) && (c.Default != "" || c.Identity != "" || c.Generated) {
			a.unknown = true
		}
	}
	return row
}

func (a *attempt) insert() {
	s := a.op.Shape
	t := s.Table
	row := a.row()
	next := a.st.Append(t.ID, row)
	w := a.writes()
	ok := a.holds(w.Insert, a.st, row) && (w.InsertColumns == nil || all(w.InsertColumns, s.Columns))
	a.stake(ok, 1)
	a.rewritten()
	ok = ok && a.rights()
	if len(s.Returning) > 0 {
		ok = ok && a.holds(a.sees().Rule, a.st, row) && a.columnsSeen(s.Returning)
	}
	a.finish(ok, next, row)
	if a.out.Outcome == Done {
		a.out.Count = 1
		if len(s.Returning) > 0 {
			a.out.Sum = FieldsSum(row, s.Returning)
		}
	}
}

func (a *attempt) columnsSeen(columns []int) bool {
	seen := a.sees().Columns
	return seen == nil || all(seen, columns)
}

func (a *attempt) stake(ok bool, n int) {
	if ok {
		a.out.Allowed += n
	} else {
		a.out.Forbidden += n
	}
}

// refused reports whether a privilege is missing: Postgres asks for it before it makes a row or fires
// a trigger.
func (a *attempt) refused() bool { return a.id.Rights != nil && !a.rights() }

// rewritten notes that triggers or generated columns make the new row another one.
func (a *attempt) rewritten() {
	t := a.op.Shape.Table
	if a.refused() {
		return
	}
	if len(t.Triggers) > 0 || t.Parent != "" || t.Partitioned {
		a.unknown = true
	}
	for i := range t.Columns {
		if t.Columns[i].Generated {
			a.unknown = true
		}
	}
}

// finish sets the outcome of a statement that makes rows.
func (a *attempt) finish(ok bool, next *State, rows ...Row) {
	switch {
	case !ok:
		a.out.Outcome = Denied
	default:
		a.out.Next = next
		for _, row := range rows {
			if a.refuses(next, row) {
				a.out.Outcome = Refused
			}
		}
	}
}

func (a *attempt) update() {
	s := a.op.Shape
	t, w := s.Table, a.writes()
	columns := w.UpdateColumns == nil || all(w.UpdateColumns, s.Columns)
	rights := a.rights()
	columns = columns && (!s.Reads() || a.columnsSeen(s.Where.Columns) && a.columnsSeen(s.Returning))
	a.rewritten()
	var changed []Row
	next := a.st.Replace(t.ID, func(_ int, row Row) Row {
		if !a.op.Matches(row) {
			return row
		}
		ok := a.holds(w.From, a.st, row)
		if !ok || !columns {
			a.out.Forbidden++
			return row
		}
		if s.Reads() && !a.holds(a.sees().Rule, a.st, row) {
			return row
		}
		set := a.set(row)
		changed = append(changed, set)
		return set
	})
	ok := rights && columns
	for _, row := range changed {
		may := a.holds(w.To, a.st, row)
		a.stake(may, 1)
		ok = ok && may && (!s.Reads() || a.holds(a.sees().Rule, a.st, row))
		a.out.Count++
		if len(s.Returning) > 0 {
			a.out.Sum += FieldsSum(row, s.Returning)
		}
	}
	a.finish(ok, next, changed...)
	if len(changed) > 0 && a.referenced(t, s.Columns) {
		a.unknown = true
	}
}

func (a *attempt) set(row Row) Row {
	set := append(Row(nil), row...)
	for i, c := range a.op.Shape.Columns {
		set[c] = a.op.Args[i]
	}
	return set
}

func (a *attempt) remove() {
	s := a.op.Shape
	t, w := s.Table, a.writes()
	columns := !s.Reads() || a.columnsSeen(s.Where.Columns) && a.columnsSeen(s.Returning)
	ok := a.rights() && columns
	if !a.refused() && (len(t.Triggers) > 0 || t.Parent != "" || t.Partitioned) {
		a.unknown = true
	}
	var gone []Row
	next := a.st.Replace(t.ID, func(_ int, row Row) Row {
		if !a.op.Matches(row) {
			return row
		}
		if !a.holds(w.Delete, a.st, row) || !columns {
			a.out.Forbidden++
			return row
		}
		if s.Reads() && !a.holds(a.sees().Rule, a.st, row) {
			return row
		}
		a.out.Allowed++
		a.out.Count++
		a.out.Sum += FieldsSum(row, s.Returning)
		gone = append(gone, row)
		return nil
	})
	if len(s.Returning) == 0 {
		a.out.Sum = 0
	}
	if !ok {
		a.out.Outcome = Denied
		return
	}
	for _, row := range gone {
		var fine bool
		if next, fine = a.cascade(next, t, row, 0); !fine {
			a.out.Outcome = Refused
			return
		}
	}
	a.out.Next = next
}

func (a *attempt) merge() {
	s := a.op.Shape
	t, w := s.Table, a.writes()
	row := a.row()
	a.rewritten()
	old := a.keyed(row)
	visible := old >= 0 && a.holds(a.sees().Rule, a.st, a.st.Rows(t.ID)[old])
	upsert := s.Command == Upsert
	ok := a.rights() && (w.InsertColumns == nil || all(w.InsertColumns, s.Columns)) &&
		(s.Nothing || w.UpdateColumns == nil || all(w.UpdateColumns, t.Assigned(s.Columns))) && a.columnsSeen(t.Key)
	proposed := func() bool {
		may := a.holds(w.Insert, a.st, row)
		if old < 0 || upsert {
			a.stake(may, 1)
		}
		return may && (!upsert || a.holds(a.sees().Rule, a.st, row))
	}
	switch {
	case old < 0 || !upsert && !visible:
		next := a.st.Append(t.ID, row)
		a.finish(proposed() && ok, next, row)
		if old >= 0 {
			a.out.Forbidden++
		}
		a.out.Count = 1
	case s.Nothing:
		a.finish(proposed() && ok, a.st)
	default:
		if upsert {
			ok = proposed() && ok
		}
		a.overwrite(ok, old, visible, row)
	}
}

// overwrite is the update of an upsert or a merge.
func (a *attempt) overwrite(ok bool, old int, visible bool, proposed Row) {
	s := a.op.Shape
	t, w := s.Table, a.writes()
	may := a.holds(w.From, a.st, a.st.Rows(t.ID)[old])
	a.stake(may, 1)
	var final Row
	next := a.st.Replace(t.ID, func(i int, row Row) Row {
		if i != old {
			return row
		}
		final = append(Row(nil), row...)
		for _, c := range t.Assigned(s.Columns) {
			final[c] = proposed[c]
		}
		return final
	})
	ok = ok && may && visible && a.holds(w.To, a.st, final) && a.holds(a.sees().Rule, a.st, final)
	a.finish(ok, next, final)
	a.out.Count = 1
}
