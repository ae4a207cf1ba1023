package run

import (
	"github.com/rlsfuzz/rlsfuzz/model"
)

// Reached is what sequences came to: sets of features, each of which is an outcome of an
// operation, or two of them one after the other.
type Reached map[uint64]bool

// Novel is a sequence that came to something that no other had.
type Novel struct {
	Sequence int // of those that ran together
	Features []uint64
	Key      uint64 // the same for sequences that come to the same, step by step
}

// Explore lets the worker note which passed sequences come to what is not in known, which
// it does not change; nil: none.
func (w *Worker) Explore(known Reached) {
	w.known, w.news = known, nil
	if known != nil {
		w.news = Reached{}
	}
}

// Novel lists the sequences of the last flush that came to something new.
func (w *Worker) Novel() []Novel { return w.novel }

// explore notes what a passed sequence came to.
func (w *Worker) explore(i int, s *sequence) {
	if w.news == nil {
		return
	}
	var all []uint64
	var last uint64
	for k := range s.steps {
		exact, rough := feature(&s.steps[k])
		all = append(all, exact, last*0x9e3779b97f4a7c15+rough)
		last = rough
	}
	if fresh := w.Fresh(all); len(fresh) > 0 {
		w.novel = append(w.novel, Novel{Sequence: i, Features: fresh, Key: FeaturesKey(all)})
	}
}

// Fresh is those of some features that were not reached before; they are now.
func (w *Worker) Fresh(features []uint64) []uint64 {
	var out []uint64
	for _, f := range features {
		if w.news != nil && !w.known[f] && !w.news[f] {
			w.news[f] = true
			out = append(out, f)
		}
	}
	return out
}

// feature hashes what a statement came to: exactly, by its shape, and roughly, by its
// table and command. How many rows is none, one, or some.
func feature(c *stepCheck) (exact, rough uint64) {
	some := min(c.predicted.Count, 2)
	outcome := uint64(c.predicted.Outcome)<<2 | uint64(some)
	shape := c.step.Op.Shape
	h := model.FieldsStart()
	h = model.FoldField(h, []byte{byte(c.step.Session.ID), byte(outcome)}, false)
	rough = model.FoldField(h, []byte{byte(shape.Table.ID), byte(shape.Table.ID >> 8), byte(shape.Command)}, false)
	return model.FoldField(h, []byte(shape.Text), false), rough
}

// FeaturesKey names what a sequence came to, step by step.
func FeaturesKey(all []uint64) uint64 {
	h := model.FieldsStart()
	for _, f := range all {
		h = (h ^ f) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	return h
}
