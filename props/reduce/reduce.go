package reduce

import (
	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// Test runs a scenario. It returns the divergence that the reduction is about, as
// this scenario shows it, or nil.
type Test func(s *model.Scenario) (*judge.Divergence, error)

// Least reduces a scenario that shows d. Every smaller scenario that it returns was run.
func Least(p *gen.Plan, s *model.Scenario, d *judge.Divergence, test Test) (*model.Scenario, *judge.Divergence, error) {
	r := &reducer{plan: p, contract: p.Contract, best: s, found: d, test: test}
	for range 3 {
		before := r.wins
		for _, pass := range []func(){r.steps, r.ends, r.closure, r.statement, r.hoist, r.rows, r.values, r.relabel} {
			pass()
			if r.err != nil {
				return nil, nil, r.err
			}
		}
		if r.wins == before {
			break
		}
	}
	return r.best, r.found, nil
}

type reducer struct {
	plan     *gen.Plan
	contract *model.Contract
	best     *model.Scenario
	found    *judge.Divergence
	test     Test
	wins     int
	err      error
}

// try keeps a scenario when it still shows the divergence.
func (r *reducer) try(s *model.Scenario) bool {
	if r.err != nil {
		return false
	}
	d, err := r.test(s)
	if err != nil {
		r.err = err
		return false
	}
	if d == nil {
		return false
	}
	r.best, r.found = s, d
	r.wins++
	return true
}

// clone copies a scenario so that its rows and steps can be changed.
func clone(s *model.Scenario) *model.Scenario {
	next := &model.Scenario{Committed: s.Committed, Data: make([][]model.Row, len(s.Data))}
	for i, rows := range s.Data {
		for _, row := range rows {
			next.Data[i] = append(next.Data[i], append(model.Row(nil), row...))
		}
	}
	next.Steps = append([]model.Step(nil), s.Steps...)
	for i := range next.Steps {
		next.Steps[i].Op.Args = append([]model.Value(nil), next.Steps[i].Op.Args...)
	}
	return next
}

// steps drops every step that is not needed: first all but the one that diverged.
func (r *reducer) steps() {
	if len(r.best.Steps) > 1 {
		s := clone(r.best)
		s.Steps = s.Steps[r.found.Step : r.found.Step+1]
		if r.try(s) {
			return
		}
		if r.found.Step+1 < len(r.best.Steps) {
			s = clone(r.best)
			s.Steps = s.Steps[:r.found.Step+1]
			r.try(s)
		}
	}
	for i := 0; i < len(r.best.Steps) && len(r.best.Steps) > 1; {
		s := clone(r.best)
		s.Steps = append(s.Steps[:i], s.Steps[i+1:]...)
		if !r.try(s) {
			i++
		}
	}
	if !r.best.Committed || r.best.Runs() {
		return
	}
	s := clone(r.best)
	s.Committed = false
	for i := range s.Steps {
		s.Steps[i] = s.Steps[i].Plain()
	}
	if !s.Real() {
		r.try(s)
	}
}

// ends makes steps end plainly, where the divergence does not need it otherwise: whole, in COMMIT,
// and without a statement that stays prepared. A call that must be cut short is cut as early as
// possible.
func (r *reducer) ends() {
	r.whole()
	for i := range r.best.Steps {
		for _, change := range []func(*model.Step){
			func(s *model.Step) { s.Cut, s.Undone, s.Prepared = 0, false, false },
			func(s *model.Step) { s.Undone = false },
			func(s *model.Step) { s.Prepared = false },
			func(s *model.Step) { s.Cut = 0 },
			func(s *model.Step) { s.Cut = min(s.Cut, 1) },
			func(s *model.Step) { s.Cut = max(s.Cut-1, 0) },
		} {
			s := clone(r.best)
			if change(&s.Steps[i]); endsAlike(&s.Steps[i], &r.best.Steps[i]) || !r.try(s) {
				continue
			}
		}
	}
}

// whole makes one step of a call that is interrupted by others' steps, in the place where it ends or
// else where it begins. Then one connection is enough.
func (r *reducer) whole() {
	for i := 0; i < len(r.best.Steps); i++ {
		j := model.Resumed(r.best.Steps, i)
		if j < 0 {
			continue
		}
		end := clone(r.best)
		end.Steps[j].From = 0
		end.Steps = append(end.Steps[:i], end.Steps[i+1:]...)
		begin := clone(r.best)
		begin.Steps[i].Cut = begin.Steps[j].Cut
		begin.Steps = append(begin.Steps[:j], begin.Steps[j+1:]...)
		if !r.try(end) {
			r.try(begin)
		}
	}
}

func endsAlike(a, b *model.Step) bool {
	return a.Cut == b.Cut && a.Undone == b.Undone && a.Prepared == b.Prepared
}

// statement replaces the statement that diverged by the first simpler one of the
// session that still does.
func (r *reducer) statement() {
	at := r.found.Step
	for i := range at + 1 {
		if r.best.Steps[i].Op.Path != nil {
			r.redraw(i)
		}
	}
	op := &r.best.Steps[at].Op
	if op.Shape == nil {
		return
	}
	session := r.best.Steps[at].Session
	for _, shape := range r.plan.Shapes(session) {
		if shape.Table.ID != r.found.Cell.Table || !r.simpler(shape, op.Shape) {
			continue
		}
		if shape.Text == op.Shape.Text {
			break
		}
		for _, args := range r.arguments(shape, op) {
			s := clone(r.best)
			s.Steps[at].Op = model.Op{Shape: shape, Args: args}
			if r.try(s) {
				return
			}
		}
	}
	r.constants(at)
}

// redraw gives a call the first arguments, of those that the walk would try on the rows, with which
// the divergence stays. Other calls of the path with the same arguments get them too.
func (r *reducer) redraw(at int) {
	old := &r.best.Steps[at].Op
	for _, step := range r.plan.Redraw(r.best.Data, &r.best.Steps[at]) {
		if equal(step.Op.Args, old.Args) {
			return
		}
		s := clone(r.best)
		for i := range s.Steps {
			if op := &s.Steps[i].Op; op.Path == old.Path && equal(op.Args, old.Args) {
				op.Args = step.Op.Args
			}
		}
		if r.try(s) {
			return
		}
	}
}

// simpler reports whether a shape may stand for the divergence's command.
func (r *reducer) simpler(shape, now *model.Shape) bool {
	switch r.found.Cell.Command {
	case model.Select:
		if r.found.Column >= 0 {
			return shape.Command == model.Select && model.Contains(shape.Columns, r.found.Column)
		}
		return shape.Command == model.Select && shape.Form == model.Plain
	case model.Insert:
		return shape.Command == model.Insert && now.Command != model.Select
	default:
		return shape.Command == r.found.Cell.Command
	}
}

// arguments proposes constants for a shape, from the statement that it replaces and
// from the rows that the divergence is about.
func (r *reducer) arguments(shape *model.Shape, op *model.Op) [][]model.Value {
	if len(shape.Params) == 0 {
		return [][]model.Value{nil}
	}
	if shape.Command == model.Insert || shape.Command == model.Upsert || shape.Command == model.Merge {
		return r.proposal(shape, op)
	}
	var out [][]model.Value
	rows := r.found.Rows
	if len(rows) == 0 {
		rows = []model.Row{nil}
	}
	for _, row := range rows[:1] {
		args := make([]model.Value, 0, len(shape.Params))
		for _, p := range shape.Params {
			v, ok := given(op, p)
			switch {
			case p.Set && ok:
			case p.Set && len(r.found.Became) > 0 && r.found.Became[0] != nil:
				v = r.found.Became[0][p.Column]
			case p.Set:
				v = r.plan.Other(shape.Table, p.Column, row)
			case row != nil:
				v = row[p.Column]
			case !ok:
				return out
			}
			args = append(args, v)
		}
		out = append(out, args)
	}
	return out
}

// given is the argument that a statement has for the same parameter.
func given(op *model.Op, p model.Param) (model.Value, bool) {
	for i, q := range op.Shape.Params {
		if q == p && i < len(op.Args) {
			return op.Args[i], true
		}
	}
	return model.Value{}, false
}

func (r *reducer) proposal(shape *model.Shape, op *model.Op) [][]model.Value {
	args := make([]model.Value, 0, len(shape.Params))
	for _, p := range shape.Params {
		v, ok := given(op, p)
		if !ok {
			return nil
		}
		args = append(args, v)
	}
	return [][]model.Value{args}
}

// constants makes the values that the statement sets the simplest that do.
func (r *reducer) constants(at int) {
	op := &r.best.Steps[at].Op
	for i, p := range op.Shape.Params {
		if !p.Set || model.Contains(op.Shape.Table.Key, p.Column) {
			continue
		}
		v, ok := r.plan.Simplest(op.Shape.Table, p.Column)
		if op.Shape.Command == model.Update {
			var row model.Row
			if r.found.Cell.Table == op.Shape.Table.ID && len(r.found.Rows) > 0 { // of another table where a read differed
				row = r.found.Rows[0]
			}
			v, ok = r.plan.Other(op.Shape.Table, p.Column, row), r.plan.Free(op.Shape.Table, p.Column)
		}
		if !ok || v == op.Args[i] {
			continue
		}
		s := clone(r.best)
		s.Steps[at].Op.Args[i] = v
		if r.try(s) {
			op = &r.best.Steps[at].Op
		}
	}
}

// hoist turns inserts before the step that diverged into rows of the dataset.
func (r *reducer) hoist() {
	for i := 0; i < r.found.Step; {
		op := r.best.Steps[i].Op
		if op.Shape == nil || op.Shape.Command != model.Insert {
			i++
			continue
		}
		s := clone(r.best)
		s.Data[op.Shape.Table.ID] = append(s.Data[op.Shape.Table.ID], op.Proposed())
		s.Steps = append(s.Steps[:i], s.Steps[i+1:]...)
		if !r.try(s) {
			i++
		}
	}
}
