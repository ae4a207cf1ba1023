package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// tie is a step that makes a row refer to one of another tenant: foreign keys are checked without row
// security (manual, Row Security Policies).
type tie struct {
	step        model.Step
	row, target model.Row // the row as the step makes it, and the one to which it refers
}

// tie inserts a row of a member's own that refers to a row of another tenant. ok is false where the
// member has no statement for it, where there is no row, and where the contract forbids the insert: if
// it can be made, that is the leak.
func (p *Plan) tie(d *Dataset, t *model.Table, key *model.ForeignKey, m *Member, tenant model.Value, n int) (out tie, ok bool) {
	insert := p.simplest(m, d, t, model.Insert)
	if insert == nil {
		return out, false
	}
	w := walk{Plan: p, d: d}
	theirs, row := w.foreign(m, tenant, key.Target), w.offer(t, m.Tenant, n)
	if theirs == nil || row == nil {
		return out, false
	}
	row = slices.Clone(row)
	for i, column := range key.Columns {
		row[column] = theirs[key.Targets[i]]
	}
	if id, binds := p.Contract.Bind(m.Session, m.Tenant, m.User, d.State); binds {
		predictor := model.Predictor{Contract: p.Contract}
		if may, known := predictor.Holds(m.Session.Writes[t.ID].Insert, id, d.State, row); known && !may {
			return out, false
		}
	}
	return tie{m.step(model.Op{Shape: insert, Args: values(row, insert.Columns)}), row, theirs}, true
}

// retie changes a row of a member's own as [Plan.tie] makes a new one.
func (p *Plan) retie(d *Dataset, t *model.Table, key *model.ForeignKey, m *Member, tenant model.Value) (out tie, ok bool) {
	w := walk{Plan: p, d: d}
	own, theirs := w.foreign(&Member{Tenant: tenant}, m.Tenant, t), w.foreign(m, tenant, key.Target)
	update := p.changing(m, d, t, key.Columns)
	if own == nil || theirs == nil || update == nil {
		return out, false
	}
	row := slices.Clone(own)
	row[key.Columns[0]] = theirs[key.Targets[0]]
	writes := &m.Session.Writes[t.ID]
	if id, binds := p.Contract.Bind(m.Session, m.Tenant, m.User, d.State); binds {
		predictor := model.Predictor{Contract: p.Contract}
		from, known := predictor.Holds(writes.From, id, d.State, own)
		to, sure := predictor.Holds(writes.To, id, d.State, row)
		if known && !from || sure && !to {
			return out, false
		}
	}
	args := w.compared(update, []model.Value{row[key.Columns[0]]}, own)
	return tie{m.step(model.Op{Shape: update, Args: args}), row, theirs}, true
}

// changing is a member's plain update of some columns of one row, where the contract allows it any.
func (p *Plan) changing(m *Member, d *Dataset, t *model.Table, columns []int) *model.Shape {
	writes := &m.Session.Writes[t.ID]
	if writes.From == nil || writes.UpdateColumns != nil && !writes.UpdateColumns[columns[0]] {
		return nil
	}
	list := p.tablesOf(m, d)
	for i := range list {
		for _, w := range list[i].updates {
			if s := w.shape; list[i].table == t && slices.Equal(s.Columns, columns) && s.Where.Match == model.Equal && slices.Equal(s.Where.Columns, t.Key) && len(s.Returning) == 0 {
				return s
			}
		}
	}
	return nil
}

// ties lists a new row and a changed one.
func (p *Plan) ties(d *Dataset, t *model.Table, key *model.ForeignKey, m *Member, tenant model.Value, n int) []tie {
	var out []tie
	if one, ok := p.tie(d, t, key, m, tenant, n); ok {
		out = append(out, one)
	}
	if one, ok := p.retie(d, t, key, m, tenant); ok {
		out = append(out, one)
	}
	return out
}

// mostTied bounds the calls that are tried after rows which a member ties to others.
const mostTied = 60

// Tied lists pairs of steps by one member, a tie and a call of a path that may read the table of its
// row: what the call tells must not depend on what the row refers to.
func (p *Plan) Tied(d *Dataset, m *Member) [][]model.Step {
	calls := p.inSQL(m)
	if m.Tenant.Null || len(calls) == 0 {
		return nil
	}
	var out [][]model.Step
	list := p.tablesOf(m, d)
	for i := range list {
		t := list[i].table
		readers := p.namers([]string{t.Name})
		for n, key := range p.tables[t.ID].keys {
			if !p.mayTie(t, key) {
				continue
			}
			for _, tenant := range p.others(d, m.Tenant) {
				for _, one := range p.ties(d, t, key, m, tenant, tieKeys+n) {
					for _, c := range calls {
						if len(out) == mostTied {
							return out
						}
						if !namesAny(c.path, readers) {
							continue
						}
						if call, ok := p.tiedCall(d, m, c, &one); ok {
							out = append(out, []model.Step{one.step, call})
						}
					}
				}
				break // one other tenant is enough
			}
		}
	}
	return out
}

// tieKeys is apart from the numbers of other new rows.
const tieKeys = 200

// mayTie reports whether a row may refer by a key to another tenant's row and still be its own
// tenant's alone.
func (p *Plan) mayTie(t *model.Table, key *model.ForeignKey) bool {
	if key.Target == p.Contract.Tenancy.Table || p.Contract.Belongs[key.Target.ID].How != model.Owned || p.Contract.Belongs[t.ID].How != model.Owned {
		return false
	}
	if slices.ContainsFunc(key.Columns, func(i int) bool { return model.Contains(p.tables[t.ID].tenant, i) }) {
		return false
	}
	return !slices.ContainsFunc(p.Contract.Belongs[t.ID].Paths, func(o model.TenantPath) bool {
		return o.Key != nil && slices.Equal(o.Key.Columns, key.Columns)
	})
}

// namesAny reports whether a path names one of some objects, or is one of them.
func namesAny(path *model.Path, names []string) bool {
	switch {
	case path.View != nil:
		return slices.Contains(names, path.View.Name)
	case path.Routine != nil:
		return slices.Contains(names, path.Routine.Name)
	}
	return slices.ContainsFunc(path.Run, func(text string) bool { return mentionsAny(text, names) })
}

// tiedCall is the call of a path about a row that was just tied, about the one to which it refers, or
// about neither; ok is false where there is no row for its arguments.
func (p *Plan) tiedCall(d *Dataset, m *Member, c *callPlan, tie *tie) (call model.Step, ok bool) {
	s := model.Scenario{Data: d.Data, Steps: []model.Step{tie.step, m.step(model.Op{Path: c.path})}}
	data := s.Tied(1)
	with := &Dataset{Data: data, State: model.Initial(p.Contract.Schema, data), Part: d.Part, next: d.next}
	a := &arguments{Plan: p, c: c, m: m, d: with, try: try{kind: Own}, dice: &choices{}, mine: true}
	t := tie.step.Op.Shape.Table
	switch {
	case c.table == t:
		a.row = tie.row
	case c.table != nil && slices.ContainsFunc(p.tables[t.ID].keys, func(k *model.ForeignKey) bool { return k.Target == c.table && refersTo(tie.row, k, tie.target) }):
		a.row, a.kind, a.mine = tie.target, Other, false
	case !a.base():
		return call, false
	}
	args := make([]model.Value, c.counts[0])
	for i := range args {
		args[i] = a.value(i)
	}
	return p.callStep(c, m, args), true
}
