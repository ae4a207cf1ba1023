package run

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// verify compares the answers with the predictions.
func (w *Worker) verify() []Status {
	out := make([]Status, len(w.sequences))
	stuck := false
	w.novel = nil
	for i := range w.sequences {
		s := &w.sequences[i]
		switch {
		case s.status == Surprise:
		case stuck:
			s.status = Unrun
		default:
			ok, flowing := w.sequenceOK(s)
			if !ok {
				s.status = Surprise
			}
			stuck = !flowing
		}
		out[i] = s.status
		if s.status == Passed {
			w.count(s)
			w.explore(i, s)
		}
	}
	return out
}

// sequenceOK compares one sequence. flowing is false when an unexpected error ended
// the transaction for those that follow.
func (w *Worker) sequenceOK(s *sequence) (ok, flowing bool) {
	if a := &w.wire.items[s.all].answer; !a.reached || a.err != nil {
		return false, false
	}
	for i := range s.looks {
		if a := &w.wire.items[s.looks[i].item].answer; !a.reached || a.err != nil {
			return false, false
		}
	}
	for i := range s.steps {
		if !w.stepOK(&s.steps[i]) {
			return false, true
		}
	}
	for _, t := range w.Contract.Schema.Tables {
		if w.reach.watches(t) && w.wire.sums[w.wire.items[s.all].at+t.ID] != w.whole(s.final, t) {
			return false, true
		}
	}
	for i := range s.looks {
		if !w.lookOK(s.final, &s.looks[i]) {
			return false, true
		}
	}
	return true, true
}

func (w *Worker) stepOK(c *stepCheck) bool {
	first, last := &w.wire.items[c.first].answer, &w.wire.items[c.last].answer
	if len(first.notices)+len(last.notices) > 0 {
		return false // a notice may carry anything: it is looked at carefully
	}
	err := first.err
	if err == nil {
		err = last.err
	}
	switch c.predicted.Outcome {
	case model.Done:
		if !last.reached || err != nil {
			return false
		}
	case model.Denied:
		return err != nil && err.Code == model.InsufficientPrivilege && !suspicious(err.Message, err.Detail, err.Hint)
	case model.Refused:
		return err != nil && strings.HasPrefix(err.Code, "23") && !suspicious(err.Message, err.Detail, err.Hint)
	case model.Unknown:
		return false
	}
	if c.copied >= 0 {
		copied := &w.wire.items[c.copied].answer
		return copied.reached && copied.err == nil && copied.rows == last.rows && copied.sum == last.sum
	}
	if last.rows < c.predicted.Count && len(c.predicted.Shown) > 0 {
		return within(last.each, c.predicted.Shown)
	}
	if c.step.Op.Shape.Command == model.Select || len(c.step.Op.Shape.Returning) > 0 {
		return last.rows == c.predicted.Count && last.sum == c.predicted.Sum
	}
	return last.count == c.predicted.Count
}

// suspicious reports whether an error's text bears a canary, of whatever row.
func suspicious(texts ...string) bool {
	for _, t := range texts {
		if strings.Contains(t, model.TokenPrefix) {
			return true
		}
	}
	return false
}

// lookOK compares what an identity sees.
func (w *Worker) lookOK(st *model.State, l *look) bool {
	at := w.wire.items[l.item].at
	for _, t := range w.Contract.Schema.Tables {
		if !w.reach.watches(t) {
			continue
		}
		want, each, known := w.visible(st, l, t)
		got := w.wire.sums[at+t.ID]
		switch {
		case !known:
			return false
		case got == want:
		case got.rows < want.rows && l.plan.bound != nil && l.plan.bound[t.ID] && within(w.wire.apart[at+t.ID], each):
			if l.kept == nil {
				l.kept = make([]int, len(l.plan.bound))
			}
			l.kept[t.ID] = want.rows - got.rows
		default:
			return false
		}
	}
	return true
}

// within reports whether some sums are among others, which it puts in another order.
func within(some, all []uint64) bool {
	for i, sum := range some {
		at := slices.Index(all[i:], sum)
		if at < 0 {
			return false
		}
		all[i], all[i+at] = all[i+at], all[i]
	}
	return true
}

// whole is all rows of a table, without what is generated.
func (w *Worker) whole(st *model.State, t *model.Table) tableSum {
	var s tableSum
	given := w.fixed.given[t.ID]
	var scratch [256]byte
	for i, sum := range st.Sums(t.ID) {
		if given != nil {
			sum = model.Sum(model.AppendRecord(scratch[:0], st.Rows(t.ID)[i], given))
		}
		s.rows++
		s.sum += sum
	}
	return s
}

// visible is what an identity should see of a table, as far as its columns go, and the sum of each row.
// It is not known where only Postgres can tell.
func (w *Worker) visible(st *model.State, l *look, t *model.Table) (s tableSum, each []uint64, known bool) {
	mask := l.plan.masks[t.ID]
	if mask == nil {
		return s, nil, true
	}
	if w.Known[[2]int{l.id.Session.ID, t.ID}] {
		return w.wire.sums[w.wire.items[l.item].at+t.ID], nil, true
	}
	w.each = w.each[:0]
	rule := l.id.Session.Sees[t.ID].Rule
	var scratch [256]byte
	for i, row := range st.Rows(t.ID) {
		ok, known := w.predict.Holds(rule, l.id, st, row)
		if !known {
			return s, nil, false
		}
		if !ok {
			continue
		}
		sum := st.Sums(t.ID)[i]
		if !l.plan.whole[t.ID] {
			sum = model.Sum(model.AppendRecord(scratch[:0], row, mask))
		}
		s.rows, s.sum = s.rows+1, s.sum+sum
		w.each = append(w.each, sum)
	}
	return s, w.each, true
}

// count adds what was at stake in a passed sequence to the matrix.
func (w *Worker) count(s *sequence) {
	w.stats.Steps += len(s.steps)
	for i := range s.steps {
		c := &s.steps[i]
		if c.predicted.Outcome == model.Done {
			w.stats.Allowed++
		}
		if c.predicted.Outcome == model.Refused {
			continue
		}
		shape := c.step.Op.Shape
		w.Matrix.Count(c.step.Session.ID, shape.Table.ID, shape.Command, c.predicted.Allowed, c.predicted.Forbidden)
	}
	for i := range s.looks {
		l := &s.looks[i]
		for _, t := range w.Contract.Schema.Tables {
			if l.plan.masks[t.ID] == nil || w.Known[[2]int{l.id.Session.ID, t.ID}] {
				continue
			}
			n := w.wire.sums[w.wire.items[l.item].at+t.ID].rows
			forbidden := s.final.Len(t.ID) - n
			if l.kept != nil {
				forbidden -= l.kept[t.ID]
			}
			w.Matrix.Count(l.id.Session.ID, t.ID, model.Select, n, forbidden)
		}
	}
}
