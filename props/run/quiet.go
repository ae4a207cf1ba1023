package run

import "github.com/rlsfuzz/rlsfuzz/model"

// Quiet reports whether the contract says that a statement of an identity changes no row:
// a query, a write that is denied, or one that reaches none. Such statements may follow
// each other in one sequence, and each still shows what it would show by itself.
func (w *Worker) Quiet(id *model.Identity, st *model.State, step *model.Step) bool {
	if id == nil || step.Fresh || step.Op.Shape == nil {
		return false
	}
	p := w.predict.Predict(id, st, &step.Op)
	return p.Outcome != model.Unknown && p.Next == st
}
