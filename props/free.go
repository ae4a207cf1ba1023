package props

import (
	"context"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// others is how many other values are tried in the place of each.
const others = 3

// slot is a value of a case that is replaced by others.
type slot struct {
	table       *model.Table
	row, column int
	step, arg   int // of an argument; row is -1 then
	nth         int // among all
	values      []model.Value
}

// free finds the values of a least case that do not matter: with all of them replaced at once, by
// several other values each, the case shows the same. What is made of parts is replaced by values
// without any of them as well: pools repeat what conditions ask for. Keys and references are left
// alone: they only name rows.
func (l *lab) free(ctx context.Context, k *leak) ([]finding.Free, error) {
	if k.scenario.Runs() { // each run of a program takes long
		return nil, nil
	}
	f := &freeing{lab: l, ctx: ctx, k: k}
	slots := f.slots()
	if err := f.accept(slots); err != nil {
		return nil, err
	}
	var out []finding.Free
	for _, s := range slots {
		if slices.Contains(f.taken, s) {
			out = append(out, finding.Free{Table: s.table.Label(), Row: s.row, Column: s.table.Columns[s.column].Name, Step: s.step, Arg: s.arg})
		}
	}
	return out, nil
}

type freeing struct {
	*lab
	ctx   context.Context
	k     *leak
	taken []*slot
}

// slots lists the values that there are others for.
func (f *freeing) slots() []*slot {
	var out []*slot
	add := func(s *slot, old model.Value) {
		s.nth = len(out)
		s.values = f.Plan.Others(s.table, s.column, old, s.nth, others+1)
		for _, v := range f.Plan.Contrasts(s.table, s.column, old) {
			if !slices.Contains(s.values, v) {
				s.values = append(s.values, v)
			}
		}
		if len(s.values) > 0 {
			out = append(out, s)
		}
	}
	for _, t := range f.Contract.Schema.Tables {
		if t.ID >= len(f.k.scenario.Data) {
			break
		}
		for i, row := range f.k.scenario.Data[t.ID] {
			for c, v := range row {
				if !v.Null {
					add(&slot{table: t, row: i, column: c}, v)
				}
			}
		}
	}
	for i := range f.k.scenario.Steps {
		op := &f.k.scenario.Steps[i].Op
		if op.Shape == nil {
			continue
		}
		for a, v := range op.Args {
			if p := op.Shape.Params[a]; p.Set && !v.Null {
				add(&slot{table: op.Shape.Table, row: -1, column: p.Column, step: i, arg: a}, v)
			}
		}
	}
	return out
}

// accept takes the values of a list that may be anything, besides those that were taken:
// all of them, else those of one half, then of the other.
func (f *freeing) accept(list []*slot) error {
	if len(list) == 0 {
		return nil
	}
	ok, err := f.holds(append(slices.Clone(f.taken), list...))
	if err != nil {
		return err
	}
	switch {
	case ok:
		f.taken = append(f.taken, list...)
		return nil
	case len(list) == 1:
		return nil
	}
	if err := f.accept(list[:len(list)/2]); err != nil {
		return err
	}
	return f.accept(list[len(list)/2:])
}

// holds reports whether the case shows the same with each value replaced, whatever by: by the
// first other value of each, the second, and so on; then by different ones.
func (f *freeing) holds(list []*slot) (bool, error) {
	most := 0
	for _, s := range list {
		most = max(most, len(s.values))
	}
	for n := range most + others {
		apart := 0
		if n >= most {
			apart = 1 + n - most
		}
		same, err := f.shows(f.replaced(list, n, apart))
		if err != nil || !same {
			return false, err
		}
	}
	return true, nil
}

// replaced is the case with the nth other value in each slot, moved on by apart for each slot
// before it; arguments that name a value of a row follow it.
func (f *freeing) replaced(list []*slot, n, apart int) *model.Scenario {
	s := &model.Scenario{Committed: f.k.scenario.Committed, Data: make([][]model.Row, len(f.k.scenario.Data)), Steps: slices.Clone(f.k.scenario.Steps)}
	for i, rows := range f.k.scenario.Data {
		for _, row := range rows {
			s.Data[i] = append(s.Data[i], slices.Clone(row))
		}
	}
	for i := range s.Steps {
		s.Steps[i].Op.Args = slices.Clone(s.Steps[i].Op.Args)
	}
	for _, at := range list {
		v := at.values[(n+apart*at.nth)%len(at.values)]
		if at.row < 0 {
			s.Steps[at.step].Op.Args[at.arg] = v
			continue
		}
		old := s.Data[at.table.ID][at.row][at.column]
		s.Data[at.table.ID][at.row][at.column] = v
		f.follow(s, at, old, v)
	}
	return s
}

func (f *freeing) follow(s *model.Scenario, at *slot, old, v model.Value) {
	for i := range s.Steps {
		step := &s.Steps[i]
		for a := range step.Op.Args {
			if step.Op.Args[a] != old {
				continue
			}
			if sh := step.Op.Shape; sh != nil {
				if p := sh.Params[a]; sh.Table == at.table && p.Column == at.column && !p.Set {
					step.Op.Args[a] = v
				}
				continue
			}
			if step.Op.Path == nil {
				continue
			}
			if ref, ok := f.Plan.Drawn(step, a); ok && ref == (model.ColumnRef{Table: at.table.ID, Column: at.column}) {
				step.Op.Args[a] = v
			}
		}
	}
}

// shows reports whether a scenario shows what the case does.
func (f *freeing) shows(s *model.Scenario) (bool, error) {
	if f.pressed() { // nobody knows
		return false, nil
	}
	d := &f.k.found
	if d.Worlds != nil {
		o, err := f.once(f.ctx, s, d.Step, brief{variants: []gen.Variant{d.Worlds.Variant}, cross: d.Cross}, run.Variant{})
		return o != nil, err
	}
	var v *judge.Verdict
	var err error
	if d.Class == judge.Lockout {
		v, err = f.verdict(f.ctx, s)
	} else {
		v, err = f.under(f.ctx, s, run.Variant{})
	}
	if err != nil {
		return false, err
	}
	for i := range v.Divergences {
		if o := &v.Divergences[i]; o.Target() == d.Target() && o.Step == d.Step && o.Cross == d.Cross {
			return true, nil
		}
	}
	return false, nil
}
