package gen

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// mutation is a second world under construction.
type mutation struct {
	*Worlds
	out     [][]model.Row
	chosen  func(Place) bool
	fresh   int
	differs bool
}

func (m *mutation) make(v Variant) {
	switch v {
	case Remove:
		m.remove(m.each(func(Place) bool { return true }))
	case Change:
		m.edit(m.each(func(Place) bool { return true }), m.changed)
	case Multiply:
		m.multiply(m.each(func(Place) bool { return true }), copies)
	case Half:
		m.multiply(m.each(func(at Place) bool { return at.Row%4 == 1 }), 1)
		m.remove(m.each(func(at Place) bool { return at.Row%2 == 0 }))
	case Rekey:
		m.edit(m.each(func(Place) bool { return true }), m.rekeyed)
	case Columns:
		m.columns()
	case Mixed:
		all := m.each(func(Place) bool { return true })
		m.edit(all, m.renewed)
		m.columns()
		m.multiply(all, copies)
	}
}

// renewed is changed and re-keyed.
func (m *mutation) renewed(t *model.Table, row model.Row) model.Row {
	out := m.changed(t, row)
	if out == nil {
		return m.rekeyed(t, row)
	}
	if again := m.rekeyed(t, out); again != nil {
		return again
	}
	return out
}

// each lists the hidden rows that are chosen and wanted.
func (m *mutation) each(want func(Place) bool) []Place {
	return slices.DeleteFunc(m.Hidden(), func(at Place) bool { return !m.chosen(at) || !want(at) })
}

// remove takes rows away, but none that a row which stays refers to.
func (m *mutation) remove(list []Place) {
	gone := map[Place]bool{}
	for _, at := range list {
		gone[at] = len(m.stays) == 0 || len(m.stays[at.Table]) == 0 || !m.stays[at.Table][at.Row]
	}
	for again := true; again; {
		again = false
		for i, t := range m.Contract.Schema.Tables {
			for k := range m.tables[i].keys {
				again = m.keepTargets(t, m.tables[i].keys[k], gone) || again
			}
		}
	}
	for i := range m.data {
		var rows []model.Row
		for j, row := range m.out[i] {
			if j < len(m.data[i]) && gone[Place{i, j}] {
				m.differs = true
			} else {
				rows = append(rows, row)
			}
		}
		m.out[i] = rows
	}
}

// keepTargets keeps the rows to which rows that stay refer through a key.
func (m *mutation) keepTargets(t *model.Table, k *model.ForeignKey, gone map[Place]bool) bool {
	kept := false
	if t.ID >= len(m.out) || k.Target.ID >= len(m.data) {
		return false
	}
	for j, row := range m.out[t.ID] {
		if j < len(m.data[t.ID]) && gone[Place{t.ID, j}] {
			continue
		}
		for n, target := range m.data[k.Target.ID] {
			at := Place{k.Target.ID, n}
			if gone[at] && refersTo(row, k, target) {
				delete(gone, at)
				kept = true
			}
		}
	}
	return kept
}

func refersTo(row model.Row, k *model.ForeignKey, target model.Row) bool {
	for i, c := range k.Columns {
		if row[c].Null || row[c].Text != target[k.Targets[i]].Text {
			return false
		}
	}
	return true
}

// edit replaces rows by what change makes of them.
func (m *mutation) edit(list []Place, change func(t *model.Table, row model.Row) model.Row) {
	for _, at := range list {
		t := m.Contract.Schema.Tables[at.Table]
		row := change(t, m.data[at.Table][at.Row])
		if row == nil {
			continue
		}
		if &m.out[at.Table][0] == &m.data[at.Table][0] {
			m.out[at.Table] = slices.Clone(m.data[at.Table])
		}
		m.out[at.Table][at.Row] = row
		m.differs = true
	}
}

// changed gives other values to the columns that no key, no rule and no tenant is in.
func (m *mutation) changed(t *model.Table, row model.Row) model.Row {
	return m.altered(t, row, func(i int) bool { return !m.fixed[t.ID][i] && !unique(t, i) })
}

// altered gives other values to some of the free columns of a row; nil when none changes.
func (m *mutation) altered(t *model.Table, row model.Row, want func(int) bool) model.Row {
	var out model.Row
	for i := range row {
		if !want(i) || !m.Free(t, i) {
			continue
		}
		v := m.other(t, i, row[i])
		if v == row[i] {
			continue
		}
		if out == nil {
			out = slices.Clone(row)
		}
		out[i] = v
	}
	return out
}

// unique reports whether a unique key other than the primary one holds a column.
func unique(t *model.Table, i int) bool {
	return slices.ContainsFunc(t.Unique, func(u model.Unique) bool { return slices.Contains(u.Columns, i) })
}

// other is another value for a column.
func (m *mutation) other(t *model.Table, i int, old model.Value) model.Value {
	col := &m.tables[t.ID].columns[i]
	c := &t.Columns[i]
	m.fresh++
	if in := m.tables[t.ID].inside(i); in != nil {
		return m.retold(in, old)
	}
	switch {
	case col.canary && !old.Null:
		at := strings.Index(old.Text, model.TokenPrefix)
		return text(old.Text[:max(0, at)] + Token(t, 5000+m.fresh))
	case plainText(t, i) && !col.cycle && !c.Type.Array:
		return text(limit("other-"+strconv.Itoa(m.fresh), c.Type.Length))
	case c.Type.Kind == sql.Int && !checked(t, i) && !col.cycle:
		return text(strconv.Itoa(7000 + m.fresh))
	}
	for n := range col.pool {
		if v := col.pool[(n+m.fresh)%len(col.pool)]; v != old {
			return v
		}
	}
	if col.null {
		return null
	}
	return old
}

// retold is another value that names the same tenant.
func (m *mutation) retold(in *inside, old model.Value) model.Value {
	mine, ok := in.take(old)
	pool := m.tables[in.table].columns[in.column].pool
	for n := range pool {
		v := in.drop(pool[(n+m.fresh)%len(pool)])
		if ok {
			v = in.put(v, mine)
		}
		if v != old {
			return v
		}
	}
	return old
}

// rekeyed gives another value to one column of each unique key that is free to have one:
// neither part of the primary key, nor of a reference, nor what others refer to.
func (m *mutation) rekeyed(t *model.Table, row model.Row) model.Row {
	var out model.Row
	for k := range t.Unique {
		i := m.freest(t, t.Unique[k].Columns)
		if i < 0 || m.referred(t, i) || slices.Contains(t.Key, i) {
			continue
		}
		if out == nil {
			out = slices.Clone(row)
		}
		m.fresh++
		out[i] = m.varied(t, i, row[i], m.fresh)
	}
	return out
}

// referred reports whether a foreign key refers to a column.
func (p *Plan) referred(t *model.Table, i int) bool {
	for j := range p.tables {
		for _, k := range p.tables[j].keys {
			if k.Target == t && slices.Contains(k.Targets, i) {
				return true
			}
		}
	}
	return false
}

// freest is the column of a unique key that means least: never a tenant, a reference or
// what a rule reads; -1 when there is none.
func (m *mutation) freest(t *model.Table, columns []int) int {
	rank := func(i int) int {
		switch t.Columns[i].Type.Kind {
		case sql.Other:
			return 1
		case sql.Int:
			return 2
		case sql.Text:
			return 3
		case sql.UUID:
			return 4
		default:
			return 9 // few values
		}
	}
	best := -1
	for _, i := range columns {
		col := &m.tables[t.ID].columns[i]
		free := !isReference(t, i) && !m.fixed[t.ID][i] && !slices.Contains(m.tables[t.ID].tenant, i) && col.how != absent && rank(i) < 9 && !checked(t, i)
		if t.Columns[i].Type.Kind == sql.Other && len(col.pool) < 2 {
			free = false
		}
		if free && (best < 0 || rank(i) < rank(best)) {
			best = i
		}
	}
	return best
}

// varied is the n-th other value for a column of a unique key.
func (m *mutation) varied(t *model.Table, i int, old model.Value, n int) model.Value {
	c := &t.Columns[i]
	switch {
	case m.tables[t.ID].columns[i].how == counted:
		return key(c, m.first[t.ID]+9000+n)
	case c.Type.Kind == sql.Int:
		return text(strconv.Itoa(90000 + n))
	case c.Type.Kind == sql.UUID:
		return uuid(90000 + n)
	case c.Type.Kind == sql.Text:
		return text(bumped(old.Text, 9000+n, c.Type.Length))
	}
	pool := m.tables[t.ID].columns[i].pool
	return pool[n%len(pool)]
}

// multiply adds copies of rows, each with other values in one column of each key. A row
// whose keys leave no column free is not copied.
func (m *mutation) multiply(list []Place, n int) {
	for _, at := range list {
		t := m.Contract.Schema.Tables[at.Table]
		row := m.out[at.Table][at.Row]
		vary, ok := m.vary(t)
		if !ok {
			continue
		}
		rows := slices.Clone(m.out[at.Table])
		for range n {
			m.fresh++
			c := slices.Clone(row)
			for _, i := range vary {
				c[i] = m.varied(t, i, row[i], m.fresh)
			}
			rows = append(rows, c)
			m.differs = true
		}
		m.out[at.Table] = rows
	}
}

// vary lists one column of each key of a table.
func (m *mutation) vary(t *model.Table) ([]int, bool) {
	keys := [][]int{}
	if len(t.Key) > 0 {
		keys = append(keys, t.Key)
	}
	for k := range t.Unique {
		keys = append(keys, t.Unique[k].Columns)
	}
	var out []int
	for _, key := range keys {
		if slices.ContainsFunc(key, func(i int) bool { return slices.Contains(out, i) }) {
			continue
		}
		i := m.freest(t, key)
		if i < 0 {
			return nil, false
		}
		out = append(out, i)
	}
	return out, true
}

// columns changes the columns of visible rows that the observer may not see.
func (m *mutation) columns() {
	for i := range m.Contract.Schema.Tables {
		mask := m.id.Session.Sees[i].Columns
		if mask == nil || i >= len(m.data) {
			continue
		}
		var list []Place
		for j := range m.data[i] {
			if at := (Place{i, j}); !m.hidden[i][j] && !m.own[i][j] && m.chosen(at) {
				list = append(list, at)
			}
		}
		m.edit(list, func(t *model.Table, row model.Row) model.Row {
			return m.altered(t, row, func(c int) bool { return !mask[c] && !m.fixed[t.ID][c] && !unique(t, c) })
		})
	}
}
