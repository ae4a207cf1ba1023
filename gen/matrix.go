package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// Matrix lists the cells of the walk over a dataset in their fixed order, each as
// one step: for tenant A, then B, each session, each table: read, insert, update,
// delete, of its own rows and of the other tenant's.
func (p *Plan) Matrix(d *Dataset) [][]model.Step {
	w := walk{Plan: p, d: d}
	for tenant := range 2 {
		for _, m := range d.Cast {
			if m.Tenant.Null && tenant != 0 || !m.Tenant.Null && p.tenantIndex(d, m.Tenant) != tenant {
				continue
			}
			list := p.tablesOf(&m, d)
			for i := range list {
				w.table(&m, &list[i])
			}
		}
	}
	w.taken()
	w.stray()
	if len(p.parts) > 1 {
		return FirstFirst(w.cells)
	}
	return w.cells
}

func (p *Plan) tenantIndex(d *Dataset, tenant model.Value) int {
	if root := p.Contract.Tenancy.Table; root != nil {
		for i, row := range d.State.Rows(root.ID) {
			if row[p.Contract.Tenancy.Key] == tenant {
				return i
			}
		}
		return -1
	}
	for i := range 2 {
		if p.tenantValue(p.Contract.Tenancy.Type, i+1) == tenant {
			return i
		}
	}
	return -1
}

// FirstFirst orders cells so that each session, table and command has its first
// statement before any has its second: there may be no time for all.
func FirstFirst(cells [][]model.Step) [][]model.Step {
	type cell struct {
		session, table int
		command        model.Command
	}
	seen := map[cell]int{}
	rank := make([]int, len(cells))
	most := 0
	for i, steps := range cells {
		s := steps[0].Op.Shape
		c := cell{steps[0].Session.ID, s.Table.ID, s.Command}
		rank[i] = seen[c]
		seen[c]++
		most = max(most, rank[i])
	}
	byRank := make([][][]model.Step, most+1)
	for i, steps := range cells {
		byRank[rank[i]] = append(byRank[rank[i]], steps)
	}
	return slices.Concat(byRank...)
}

// walk collects cells.
type walk struct {
	*Plan
	d     *Dataset
	cells [][]model.Step
	fresh int // rows and values that were made so far, so that each is another one
}

// table adds the cells of a member on one table.
func (w *walk) table(m *Member, c *choice) {
	own, other := w.pair(m, c.table)
	for _, s := range c.selects {
		w.read(m, s.shape, own, other)
	}
	for _, s := range c.inserts {
		w.insert(m, s.shape)
	}
	for _, s := range c.updates {
		w.target(m, s.shape, own, other)
	}
	for _, s := range c.deletes {
		w.target(m, s.shape, own, other)
	}
}

// pair is a row of the session's tenant and one of another.
func (w *walk) pair(m *Member, t *model.Table) (own, other model.Row) {
	rows := w.d.State.Rows(t.ID)
	seeds := len(t.Seed)
	list := w.owners(w.d, t.ID, m.Tenant)
	for i, row := range rows {
		switch {
		case i >= seeds && list[i-seeds] == -2:
			if other == nil {
				other = row
			}
		case own == nil:
			own = row
		}
	}
	return own, other
}

func (w *walk) add(m *Member, s *model.Shape, args []model.Value) {
	for _, a := range args {
		if a.Null && s.Command == model.Select {
			return
		}
	}
	step := m.step(model.Op{Shape: s, Args: args})
	w.cells = append(w.cells, []model.Step{step})
}

// read adds a query without a condition, or one for each row that it may be about.
func (w *walk) read(m *Member, s *model.Shape, own, other model.Row) {
	if len(s.Params) == 0 {
		w.add(m, s, nil)
		return
	}
	if s.Where.Match == model.AnyOf {
		if own != nil && other != nil {
			w.add(m, s, []model.Value{own[s.Where.Columns[0]], other[s.Where.Columns[0]]})
		}
		return
	}
	for _, row := range []model.Row{own, other} {
		if row != nil {
			w.add(m, s, w.compared(s, nil, row))
		}
	}
}

// compared completes the arguments of a statement that compares with a row's values.
func (w *walk) compared(s *model.Shape, set []model.Value, row model.Row) []model.Value {
	args := append([]model.Value(nil), set...)
	for _, p := range s.Params[len(set):] {
		args = append(args, row[p.Column])
	}
	return args
}

// insert proposes a row of the own tenant, and one of each other.
func (w *walk) insert(m *Member, s *model.Shape) {
	var tenants []model.Value
	if !m.Tenant.Null {
		tenants = append(tenants, m.Tenant)
	}
	tenants = append(tenants, w.others(w.d, m.Tenant)...)
	for i, tenant := range tenants {
		if s.Command == model.Insert && tenant != m.Tenant {
			w.between(m, s, tenant)
		}
		w.fresh++
		row := w.offer(s.Table, tenant, w.fresh)
		if row == nil {
			continue
		}
		if s.Command != model.Insert {
			w.keyed(m, s, row, i == 0 && !m.Tenant.Null)
			continue
		}
		w.add(m, s, values(row, s.Columns))
		w.besides(m, s, tenant)
		if tenant == m.Tenant {
			w.mixed(m, s)
			continue
		}
		w.fresh++
		if row := w.aboutSelf(w.d, m, s.Table, tenant, w.fresh, &choices{}); row != nil {
			w.add(m, s, values(row, s.Columns))
		}
		w.meeting(m, s, tenant)
	}
}

// mixed proposes rows of the session's own tenant that refer to a row of another in one of
// their references, or list another too. What they return is nothing, so that no policy for
// reading stops them.
func (w *walk) mixed(m *Member, s *model.Shape) {
	if len(s.Returning) > 0 {
		return
	}
	for _, in := range w.tables[s.Table.ID].insides {
		for _, tenant := range w.others(w.d, m.Tenant) {
			w.fresh++
			if row := w.offer(s.Table, m.Tenant, w.fresh); in.list && row != nil {
				row[in.column] = enlist(row[in.column], tenant)
				w.add(m, s, values(row, s.Columns))
			}
		}
	}
	for _, k := range w.tables[s.Table.ID].keys {
		if len(k.Columns) != 1 || k.Target == s.Table || k.Target == w.Contract.Tenancy.Table {
			continue
		}
		for _, tenant := range w.others(w.d, m.Tenant) {
			theirs := w.foreign(m, tenant, k.Target)
			if theirs == nil {
				continue
			}
			w.fresh++
			if row := w.offer(s.Table, m.Tenant, w.fresh); row != nil {
				row = append(model.Row(nil), row...)
				row[k.Columns[0]] = theirs[k.Targets[0]]
				w.add(m, s, values(row, s.Columns))
			}
		}
	}
}

// foreign is a row of another tenant that is not the session's too; nil for none.
func (w *walk) foreign(m *Member, tenant model.Value, t *model.Table) model.Row {
	rows := w.d.State.Rows(t.ID)[len(t.Seed):]
	mine, theirs := w.owners(w.d, t.ID, m.Tenant), w.owners(w.d, t.ID, tenant)
	for i, row := range rows {
		if mine[i] == -2 && theirs[i] == 0 {
			return row
		}
	}
	return nil
}

// between proposes rows of a tenant that name the session's own in one of several columns.
func (w *walk) between(m *Member, s *model.Shape, tenant model.Value) {
	columns := w.tables[s.Table.ID].tenant
	if len(columns) < 2 || m.Tenant.Null || s.Table == w.Contract.Tenancy.Table {
		return
	}
	for _, i := range columns {
		w.fresh++
		if row := w.naming(w.d, s.Table, tenant, w.fresh, map[int]model.Value{i: m.Tenant}, &choices{}); row != nil {
			w.add(m, s, values(row, s.Columns))
		}
	}
}

// keyed gives an upsert or a merge the key of a row of the tenant that is there.
func (w *walk) keyed(m *Member, s *model.Shape, row model.Row, mine bool) {
	own, other := w.pair(m, s.Table)
	old := other
	if mine {
		old = own
	}
	w.add(m, s, values(row, s.Columns))
	if old == nil {
		return
	}
	row = append(model.Row(nil), row...)
	for _, i := range s.Table.Key {
		row[i] = old[i]
	}
	w.add(m, s, values(row, s.Columns))
}

func values(row model.Row, columns []int) []model.Value {
	out := make([]model.Value, len(columns))
	for i, c := range columns {
		out[i] = row[c]
	}
	return out
}

// target adds a write without a condition, on an own row, on another tenant's row.
func (w *walk) target(m *Member, s *model.Shape, own, other model.Row) {
	base := []model.Row{own, other}
	if row := w.ownRow(w.d, m, s.Table); row != nil && s.Command == model.Update && s.Where.Match == model.Equal && len(s.Where.Columns) == len(s.Table.Key) {
		for _, v := range w.promotions(s.Table, s.Columns[0], row) {
			w.add(m, s, w.compared(s, []model.Value{v}, row))
		}
	}
	if s.Where.Match == model.AnyOf {
		if own == nil || other == nil {
			return
		}
		for _, set := range w.sets(m, s, own) {
			w.add(m, s, append(append([]model.Value(nil), set...), own[s.Where.Columns[0]], other[s.Where.Columns[0]]))
		}
		return
	}
	for i, row := range base {
		if row == nil || i == 1 && s.Where.Match == model.Every {
			continue
		}
		for _, set := range w.sets(m, s, row) {
			w.add(m, s, w.compared(s, set, row))
		}
	}
}

// sets lists what an UPDATE may set: a value that differs, and for tenants and
// references one of each tenant.
func (w *walk) sets(m *Member, s *model.Shape, row model.Row) [][]model.Value {
	if s.Command != model.Update {
		return [][]model.Value{nil}
	}
	i := s.Columns[0]
	tp := &w.tables[s.Table.ID]
	if model.Contains(tp.tenant, i) {
		var out [][]model.Value
		for _, v := range w.others(w.d, row[i]) {
			out = append(out, []model.Value{v})
		}
		if s.Where.Match == model.Every && !m.Tenant.Null { // take everything over
			out = append(out, []model.Value{m.Tenant})
		}
		return out
	}
	if in := tp.inside(i); in != nil {
		return w.rehoused(s.Table, in, row[i])
	}
	for _, k := range tp.keys {
		for j, c := range k.Columns {
			if c == i {
				return w.references(m, k, j, row[i])
			}
		}
	}
	if w.rekeys(s.Table, i) {
		w.fresh++
		return [][]model.Value{{w.key(s.Table, i, w.d.next[s.Table.ID]+w.fresh)}}
	}
	if plainText(s.Table, i) {
		w.fresh++
		return [][]model.Value{{text("set-1")}}
	}
	for _, v := range tp.columns[i].pool {
		if v != row[i] {
			return [][]model.Value{{v}}
		}
	}
	return nil
}

// references lists a row of the own tenant and one of another that a key may name.
func (w *walk) references(m *Member, k *model.ForeignKey, j int, now model.Value) [][]model.Value {
	var out [][]model.Value
	own, other := w.pair(m, k.Target)
	for _, row := range []model.Row{own, other} {
		if row != nil && row[k.Targets[j]] != now {
			out = append(out, []model.Value{row[k.Targets[j]]})
		}
	}
	for _, row := range w.d.State.Rows(k.Target.ID) { // a session without a tenant has none of its own
		if len(out) == 0 && row[k.Targets[j]] != now {
			out = append(out, []model.Value{row[k.Targets[j]]})
		}
	}
	return out
}

// FreshCells lists the cells of sessions without a tenant on connections that nobody
// used before: each table is read.
func (p *Plan) FreshCells(d *Dataset) []model.Step {
	var steps []model.Step
	for _, s := range p.Contract.Sessions {
		if !s.Tenantless && !slices.Contains(p.lost, s) {
			continue
		}
		list := p.inPart(s, d)
		for i := range list {
			steps = append(steps, model.Step{Session: s, Tenant: null, User: null, Fresh: true, Op: model.Op{Shape: list[i].selects[0].shape}})
		}
	}
	return steps
}
