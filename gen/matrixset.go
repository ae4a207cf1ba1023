package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// matrixSets is how many fixed datasets of each part the matrix is walked on.
const matrixSets = 2

// MatrixSets is how many fixed datasets the matrix is walked on.
func (p *Plan) MatrixSets() int { return matrixSets * len(p.parts) }

// MatrixDataset is the n-th fixed dataset of the matrix walk: every session has its
// user in both tenants. In the first one of each part, which come first, everybody is
// in two tenants, in the others nobody, and users do not share the numbers of their tenants.
func (p *Plan) MatrixDataset(n int) *Dataset {
	guests, set := 100, n/len(p.parts)
	if set > 0 {
		guests = -1
	}
	d := p.Dataset(&Counted{N: uint64(set) * 1000}, Options{Cast: 1 << 20, Rows: 3, Guests: guests, part: 1 + n%len(p.parts), abroad: set == 0, swapped: set > 0})
	if set > 0 {
		p.vacate(d)
	}
	return d
}

// vacate takes the rows of all tenants but the last out of the tables in which a key lets each
// tenant have only one row. A session that gives another tenant a row would meet the key, and not
// the policy, if that tenant had one. The last tenant keeps its row, so that the others are less
// than it: a wrong policy with <= shows then.
func (p *Plan) vacate(d *Dataset) {
	data := slices.Clone(d.Data)
	for i := range p.tables {
		tp := &p.tables[i]
		if column := tp.single(); column >= 0 && len(data[i]) > 0 && tp.table != p.Contract.Tenancy.Table && !p.named(tp.table) {
			last := data[i][len(data[i])-1][column]
			data[i] = slices.DeleteFunc(slices.Clone(data[i]), func(row model.Row) bool { return row[column] != last })
		}
	}
	state := model.Initial(p.Contract.Schema, data)
	for i := range d.Cast {
		m := &d.Cast[i]
		if _, ok := p.Contract.Bind(m.Session, m.Tenant, m.User, state); !ok {
			return // its users are who they are by such a row
		}
	}
	d.Data, d.State, d.owned = data, state, nil
}

// single is the column of the tenant of whom a table has one row; -1 where it may have more.
func (tp *tablePlan) single() int {
	for _, column := range tp.tenant {
		if slices.Equal(tp.table.Key, []int{column}) || slices.ContainsFunc(tp.table.Unique, func(u model.Unique) bool { return !u.Partial && slices.Equal(u.Columns, []int{column}) }) {
			return column
		}
	}
	return -1
}

// named reports whether rows of other tables refer to a table's.
func (p *Plan) named(t *model.Table) bool {
	return slices.ContainsFunc(p.tables, func(o tablePlan) bool {
		return slices.ContainsFunc(o.keys, func(k *model.ForeignKey) bool { return k.Target == t })
	})
}

// abroad gives the cast rows in the other tenants that its users are in, in each table of
// theirs that refers to people: a rule that compares the person alone shows in such rows.
// It reports whether it made any.
func (b *builder) abroad(d *Dataset, bits Bits) bool {
	made := false
	for i := range d.Cast {
		m := &d.Cast[i]
		if m.User.Null {
			continue
		}
		users := m.Session.User.Table
		var home []model.Value
		for _, row := range d.State.Rows(users.ID) {
			if row[users.Key[0]] == m.User {
				b.Contract.Tenants(d.State, users, row, func(v model.Value) bool {
					home = append(home, v)
					return true
				})
			}
		}
		for k, tenant := range b.tenant {
			if tenant.Text == m.Tenant.Text || !slices.ContainsFunc(home, func(v model.Value) bool { return v.Text == tenant.Text }) {
				continue
			}
			list := b.tablesOf(m, d)
			for n := range list {
				made = b.about(m, list[n].table, k, bits) || made
			}
		}
	}
	return made
}

// aboutRows is how many rows of a tenant refer to somebody who is abroad, but for the walk's datasets:
// one alone may be deleted, or closed.
const aboutRows = 2

// about adds a row of a tenant that refers to a member's user, where there are too few.
func (b *builder) about(m *Member, t *model.Table, k int, bits Bits) bool {
	for _, key := range b.tables[t.ID].keys {
		if len(key.Columns) > 1 || !b.userKey(m.Session.User.Table, key.Target, key.Targets[0], 0) {
			continue
		}
		col := key.Columns[0]
		missing := aboutRows
		if b.walk > 0 {
			missing = 1
		}
		for _, row := range b.ofTenant(t, k) {
			if row[col] == m.User {
				missing--
			}
		}
		made := false
		for range missing {
			made = b.add(t, b.ownerOf(t, k), map[int]model.Value{col: m.User}, seeded(bits.Next(), t.ID)) != nil || made
		}
		return made
	}
	return false
}
