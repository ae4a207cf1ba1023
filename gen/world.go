package gen

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Place names a row of a dataset.
type Place struct{ Table, Row int }

// Worlds makes second worlds for one observer: rows that differ from the first
// world's only where the observer may not see it, so that nothing which the observer
// receives may differ.
type Worlds struct {
	*Plan
	id     *model.Identity
	data   [][]model.Row
	state  *model.State
	ask    func(*model.Rule, model.Row) (bool, bool)
	hidden [][]bool // by Table.ID and row
	own    [][]bool // rows that make the observer who it is: they never differ
	shown  [][]bool // hidden rows that the observer's own steps let it see: they never differ; nil: none
	stays  [][]bool // rows that are never taken away: the tenants of others who act
	fixed  [][]bool // by Table.ID and column: a rule reads it
}

// Worlds looks at a dataset as an observer may see it. ask answers rules that Go cannot
// evaluate; nil leaves them open. known is false when some rule could not be evaluated.
func (p *Plan) Worlds(id *model.Identity, data [][]model.Row, ask func(*model.Rule, model.Row) (bool, bool)) (w *Worlds, known bool) {
	w = &Worlds{Plan: p, id: id, data: data, state: model.Initial(p.Contract.Schema, data), ask: ask}
	if w.hidden, known = w.hides(w.state, data); !known {
		return w, false
	}
	w.own = make([][]bool, len(w.tables))
	for i := range data {
		w.own[i] = make([]bool, len(data[i]))
	}
	w.Spare(id)
	w.fixed = w.rules()
	return w, true
}

// Keep is for another identity that acts before the observer, so that what it does is the same in
// every world: the rows that make it who it is do not change, and its tenants' rows are not taken
// away.
func (w *Worlds) Keep(id *model.Identity) {
	if w.stays == nil {
		w.stays = make([][]bool, len(w.tables))
		for i := range w.data {
			w.stays[i] = make([]bool, len(w.data[i]))
		}
	}
	w.makes(id, w.stays)
}

// Reveal is for what the observer's own steps make of the rows before it looks: what it may see by then
// is the same in every world. after is all rows, also the schema's own; ask answers rules as for
// [Plan.Worlds]; known is false when some rule could not be evaluated.
func (w *Worlds) Reveal(after [][]model.Row, ask func(*model.Rule, model.Row) (bool, bool)) (known bool) {
	p := model.Predictor{Contract: w.Contract, Ask: ask}
	st := model.NewState(w.Contract.Schema, after)
	w.shown = make([][]bool, len(w.data))
	for i, t := range w.Contract.Schema.Tables[:len(w.data)] {
		w.shown[i] = make([]bool, len(w.data[i]))
		for j, row := range w.data[i] {
			now := t.Same(after[i], row)
			if !w.hidden[i][j] || now == nil {
				continue
			}
			ok, known := p.Holds(w.id.Session.Sees[i].Rule, w.id, st, now)
			if !known {
				return false
			}
			w.shown[i][j] = ok
		}
	}
	return true
}

// Tied reports whether a new row, or a changed one, refers to a row that may differ.
func (w *Worlds) Tied(before, after [][]model.Row) bool {
	hidden := w.Hidden()
	for i := range after {
		for _, row := range model.Without(after[i], before[i]) {
			for _, k := range w.tables[i].keys {
				if slices.ContainsFunc(hidden, func(at Place) bool { return at.Table == k.Target.ID && refersTo(row, k, w.Row(at)) }) {
					return true
				}
			}
		}
	}
	return false
}

// Spare keeps the rows that make an identity who it is as they are in all worlds: those of its
// tenants and its user, and the memberships that tie them.
func (w *Worlds) Spare(id *model.Identity) { w.makes(id, w.own) }

// hides evaluates what the observer may see of every row.
func (w *Worlds) hides(st *model.State, data [][]model.Row) ([][]bool, bool) {
	p := model.Predictor{Contract: w.Contract, Ask: w.ask}
	out := make([][]bool, len(w.tables))
	for i := range data {
		out[i] = make([]bool, len(data[i]))
		for j, row := range data[i] {
			ok, known := p.Holds(w.id.Session.Sees[i].Rule, w.id, st, row)
			if !known {
				return nil, false
			}
			out[i][j] = !ok
		}
	}
	return out, true
}

// Bare is the first world without all rows but those that make the observer who it is.
func (w *Worlds) Bare() [][]model.Row {
	out := make([][]model.Row, len(w.tables))
	for i := range w.data {
		for j, row := range w.data[i] {
			if w.own[i][j] {
				out[i] = append(out[i], row)
			}
		}
	}
	return out
}

// Hidden lists the rows that the observer may not see and that may differ.
func (w *Worlds) Hidden() []Place {
	var out []Place
	for i := range w.hidden {
		for j, hidden := range w.hidden[i] {
			if hidden && !w.own[i][j] && !w.isShown(i, j) {
				out = append(out, Place{i, j})
			}
		}
	}
	return out
}

func (w *Worlds) isShown(table, row int) bool { return w.shown != nil && w.shown[table][row] }

// Visible lists the rows that the observer may see and that may differ in hidden columns: all but
// those that make it who it is.
func (w *Worlds) Visible() []Place {
	var out []Place
	for i := range w.hidden {
		for j, hidden := range w.hidden[i] {
			if !hidden && !w.own[i][j] {
				out = append(out, Place{i, j})
			}
		}
	}
	return out
}

// Row is a row of the first world.
func (w *Worlds) Row(at Place) model.Row { return w.data[at.Table][at.Row] }

// makes marks the rows that make an identity who it is as own, but those of its tenants in the
// list tenants.
func (w *Worlds) makes(id *model.Identity, tenants [][]bool) {
	mark := func(in [][]bool, t *model.Table, is func(row model.Row) bool) {
		if t.ID >= len(w.data) {
			return
		}
		for j, row := range w.data[t.ID] {
			in[t.ID][j] = in[t.ID][j] || is(row)
		}
	}
	if root := w.Contract.Tenancy.Table; root != nil {
		w.Contract.SessionTenants(id, w.state, func(v model.Value) bool {
			mark(tenants, root, func(row model.Row) bool { return row[w.Contract.Tenancy.Key].Text == v.Text })
			return true
		})
	}
	for i, v := range id.Session.Vars {
		if root := w.Contract.Tenancy.Table; v.Source == model.FromOther && root != nil && i < len(id.Vars) {
			column := v.Column
			if column < 0 {
				column = w.Contract.Tenancy.Key
			}
			mark(tenants, root, func(row model.Row) bool { return row[column] == id.Vars[i] })
		}
	}
	u := id.Session.User
	if u == nil || id.User.Null {
		return
	}
	mark(w.own, u.Table, func(row model.Row) bool { return row[u.Table.Key[0]].Text == id.User.Text })
	for _, t := range w.memberships(u) {
		for k := range t.ForeignKeys {
			key := &t.ForeignKeys[k]
			if key.Target == u.Table {
				mark(w.own, t, func(row model.Row) bool { return row[key.Columns[0]] == id.User })
			}
		}
	}
}

// memberships lists the tables that say of which tenants a user is: those that the
// contract asks, else those that refer to both.
func (w *Worlds) memberships(u *model.UserSource) []*model.Table {
	asked := map[int]bool{}
	if u.Where != nil {
		for _, id := range u.Where.Uses {
			asked[id] = true
		}
	}
	for _, path := range w.Contract.Belongs[u.Table.ID].Paths {
		if q := w.pathQueries[path.SQL]; q != nil {
			for _, f := range sql.QueryTables(q) {
				if t := w.Contract.Schema.Table(f.Schema, f.Name); t != nil {
					asked[t.ID] = true
				}
			}
		}
	}
	var out []*model.Table
	for _, t := range w.Contract.Schema.Tables {
		user, tenant := false, false
		for k := range t.ForeignKeys {
			user = user || t.ForeignKeys[k].Target == u.Table
			tenant = tenant || t.ForeignKeys[k].Target != nil && t.ForeignKeys[k].Target == w.Contract.Tenancy.Table
		}
		if asked[t.ID] || len(asked) == 0 && user && tenant {
			out = append(out, t)
		}
	}
	return out
}

// rules marks the columns that decide what the observer may see, of any table: those
// that its rules and the ways to tenants read.
func (w *Worlds) rules() [][]bool {
	out := make([][]bool, len(w.tables))
	schema := w.Contract.Schema
	for i, t := range schema.Tables {
		out[i] = make([]bool, len(t.Columns))
		for _, c := range w.tables[i].tenant {
			out[i][c] = true
		}
	}
	for i := range schema.Tables {
		r := w.id.Session.Sees[i].Rule
		if r == nil {
			continue
		}
		for _, c := range r.Columns {
			out[i][c] = true
		}
		for _, o := range r.Uses { // by name: a column that the rule does not mean stays the same, too
			for c := range schema.Tables[o].Columns {
				out[o][c] = out[o][c] || mentionsName(r.SQL, schema.Tables[o].Columns[c].Name)
			}
		}
	}
	return out
}

// Make is the rows of a second world, and whether it differs at all and is valid.
// Where not every table can differ, those do that can. only limits it to some rows;
// nil takes all.
func (w *Worlds) Make(v Variant, only []Place) ([][]model.Row, bool) {
	all := func(int) bool { return true }
	if data, ok := w.try(v, only, all); ok {
		return data, true
	}
	kept := map[int]bool{}
	var best [][]model.Row
	for i := range w.tables {
		kept[i] = true
		data, ok := w.try(v, only, func(t int) bool { return kept[t] })
		if ok {
			best = data
		} else {
			delete(kept, i)
		}
	}
	return best, best != nil
}

// try makes a world in which only the tables differ for which let holds.
func (w *Worlds) try(v Variant, only []Place, let func(table int) bool) ([][]model.Row, bool) {
	chosen := func(at Place) bool {
		return let(at.Table) && (only == nil || slices.Contains(only, at))
	}
	m := &mutation{Worlds: w, out: make([][]model.Row, len(w.tables)), chosen: chosen, fresh: 1}
	copy(m.out, w.data)
	m.make(v)
	if !m.differs || !w.valid(m.out) {
		return nil, false
	}
	return m.out, true
}

// Valid reports whether the observer may see the same rows as in the first world; ask
// answers for the rows of the second one.
func (w *Worlds) Valid(data [][]model.Row, ask func(*model.Rule, model.Row) (bool, bool)) bool {
	o := *w
	o.ask = ask
	_, known := o.hides(model.Initial(w.Contract.Schema, data), data)
	return known && o.valid(data)
}

// valid reports whether the observer may see the same rows as in the first world.
func (w *Worlds) valid(data [][]model.Row) bool {
	st := model.Initial(w.Contract.Schema, data)
	id, ok := w.Contract.Bind(w.id.Session, w.id.Tenant, w.id.User, st)
	if !ok && !w.id.Tenant.Null {
		return false
	}
	if ok && w.Contract.Admits(w.id, w.state) && !w.Contract.Admits(id, st) { // it would be none of its session
		return false
	}
	for i, v := range w.id.Session.Vars { // what it claims of another tenant is the same
		if v.Source == model.FromOther && ok && i < len(w.id.Vars) && id.Vars[i] != w.id.Vars[i] {
			return false
		}
	}
	hidden, known := w.hides(st, data)
	if !known {
		return w.ask != nil // Postgres is asked about the new rows apart
	}
	for i := range data {
		mask := w.id.Session.Sees[i].Columns
		count := map[string]int{}
		for j, row := range w.data[i] {
			if !w.hidden[i][j] {
				count[string(model.AppendRecord(nil, row, mask))]++
			}
		}
		for j, row := range data[i] {
			if !hidden[i][j] {
				count[string(model.AppendRecord(nil, row, mask))]--
			}
		}
		for _, n := range count {
			if n != 0 {
				return false
			}
		}
	}
	return true
}

// mentionsName reports whether SQL has a name, quoted or not, as a word of its own.
func mentionsName(text, name string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], name)
		if i < 0 {
			return false
		}
		start, end := at+i, at+i+len(name)
		if (start == 0 || !wordByte(text[start-1])) && (end == len(text) || !wordByte(text[end])) {
			return true
		}
		at = end
	}
}

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
