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

// inserting is a tie by a new row of a member's own, which refers to a row of another tenant. ok is false where the
// member has no statement for it, where there is no row, and where the contract forbids the insert: if
// it can be made, that is the leak.
func (p *Plan) inserting(d *Dataset, t *model.Table, key *model.ForeignKey, m *Member, tenant model.Value, n int) (out tie, ok bool) {
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

// updating is a tie by a row of a member's own that is changed, as [Plan.inserting] makes a new one. A
// key of several columns would take several of them at once, which no statement sets.
func (p *Plan) updating(d *Dataset, t *model.Table, key *model.ForeignKey, m *Member, tenant model.Value) (out tie, ok bool) {
	w := walk{Plan: p, d: d}
	own, theirs := w.foreign(&Member{Tenant: tenant}, m.Tenant, t), w.foreign(m, tenant, key.Target)
	update := p.setting(m, d, t, key.Columns[0])
	if own == nil || theirs == nil || update == nil || len(key.Columns) > 1 {
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

// setting is a member's plain update of a column of one row, where the contract allows it any.
func (p *Plan) setting(m *Member, d *Dataset, t *model.Table, column int) *model.Shape {
	writes := &m.Session.Writes[t.ID]
	if writes.From == nil || writes.UpdateColumns != nil && !writes.UpdateColumns[column] {
		return nil
	}
	list := p.tablesOf(m, d)
	for i := range list {
		for _, w := range list[i].updates {
			if s := w.shape; list[i].table == t && slices.Equal(s.Columns, []int{column}) && s.Where.Match == model.Equal && slices.Equal(s.Where.Columns, t.Key) && len(s.Returning) == 0 {
				return s
			}
		}
	}
	return nil
}

// ties lists a new row and a changed one.
func (p *Plan) ties(d *Dataset, t *model.Table, key *model.ForeignKey, m *Member, tenant model.Value, n int) []tie {
	var out []tie
	if one, ok := p.inserting(d, t, key, m, tenant, n); ok {
		out = append(out, one)
	}
	if one, ok := p.updating(d, t, key, m, tenant); ok {
		out = append(out, one)
	}
	return out
}

// mostTied bounds the calls that are tried after ties by a member.
const mostTied = 100

// Tied lists pairs of steps by one member, a tie and a call of a path that may read the table of its
// row: what the call tells must not depend on what the row refers to. left is how many there are beyond
// those that are tried: paths that read few tables go before others, and ties take turns.
func (p *Plan) Tied(d *Dataset, m *Member) (pairs [][]model.Step, left int) {
	calls := p.inSQL(m)
	if m.Tenant.Null || len(calls) == 0 {
		return nil, 0
	}
	var all []tie
	reading, tables := map[*model.Table][]*callPlan{}, map[*callPlan]int{}
	for _, c := range p.tablesOf(m, d) {
		ties := p.tiesOf(d, c.table, m)
		if len(ties) == 0 {
			continue
		}
		all = append(all, ties...)
		names := p.namers([]string{c.table.Name})
		for _, call := range calls {
			if namesAny(call.path, names) {
				reading[c.table] = append(reading[c.table], call)
				tables[call]++
			}
		}
	}
	byTie := make([][][]model.Step, len(all))
	for i := range all {
		list := reading[all[i].step.Op.Shape.Table]
		slices.SortStableFunc(list, func(a, b *callPlan) int { return tables[a] - tables[b] })
		for _, c := range list {
			if call, ok := p.tiedCall(d, m, c, &all[i]); ok {
				byTie[i] = append(byTie[i], []model.Step{all[i].step, call})
			}
		}
	}
	for n, more := 0, true; more; n++ {
		more = false
		for _, list := range byTie {
			if n >= len(list) {
				continue
			}
			if more = true; len(pairs) < mostTied {
				pairs = append(pairs, list[n])
			} else {
				left++
			}
		}
	}
	return pairs, left
}

// tiesOf lists the ties of a member by rows of a table: for each key, to a row of one other tenant.
func (p *Plan) tiesOf(d *Dataset, t *model.Table, m *Member) []tie {
	var out []tie
	for n, key := range p.tables[t.ID].keys {
		if !p.mayTie(t, key) {
			continue
		}
		for _, tenant := range p.others(d, m.Tenant) {
			if list := p.ties(d, t, key, m, tenant, tieKeys+n); len(list) > 0 {
				out = append(out, list...)
				break
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
	t := tie.step.Op.Shape.Table
	data := slices.Clone(d.Data)
	data[t.ID] = slices.DeleteFunc(slices.Clone(data[t.ID]), func(row model.Row) bool { return t.Same([]model.Row{tie.row}, row) != nil })
	data[t.ID] = append(data[t.ID], tie.row)
	with := &Dataset{Data: data, State: model.Initial(p.Contract.Schema, data), Part: d.Part, next: d.next}
	a := &arguments{Plan: p, c: c, m: m, d: with, try: try{kind: Own}, dice: &choices{}, mine: true}
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
