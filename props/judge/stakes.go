package judge

import "github.com/rlsfuzz/rlsfuzz/model"

// stakes counts what was at stake in the statement, and notes a write that the
// contract allows and Postgres refused.
func (j *judge) stakes() {
	s := j.op.Shape
	if s == nil {
		return
	}
	j.predict.Ask = j.trace.Answers.Holds
	p := j.predict.Predict(j.id, j.before, j.op)
	if j.trace.Err == nil || j.denied(j.trace.Err) {
		allowed := p.Allowed
		if j.trace.Err != nil && !j.trace.Err.Denied() { // stopped before it came to any row
			allowed = 0
		}
		if s.Command == model.Select { // what the rules allow and Postgres gave
			allowed = min(allowed, len(j.trace.Rows))
		}
		j.verdict.Stakes = append(j.verdict.Stakes, Stake{Cell: j.cell(s.Table, s.Command), Allowed: allowed, Forbidden: p.Forbidden})
	}
	if s.Command == model.Select || p.Outcome != model.Done || p.Count == 0 || !j.id.Session.Writes[s.Table.ID].Exact(s.Command) {
		return
	}
	if (j.trace.Err.Denied() || j.trace.Err == nil && j.trace.Count < p.Count) && j.admitted() {
		j.found(Divergence{
			Class: Lockout, Cell: j.cell(s.Table, commandOf(s)), Column: -1, Rule: j.allowing(s),
			Rows: []model.Row{}, Became: nil,
		})
	}
}

func commandOf(s *model.Shape) model.Command {
	if s.Command == model.Upsert || s.Command == model.Merge {
		return model.Insert
	}
	return s.Command
}

func (j *judge) allowing(s *model.Shape) string {
	w := &j.id.Session.Writes[s.Table.ID]
	switch s.Command {
	case model.Update:
		return text(w.From)
	case model.Delete:
		return text(w.Delete)
	default:
		return text(w.Insert)
	}
}
