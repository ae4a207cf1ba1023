package gen

import "github.com/rlsfuzz/rlsfuzz/model"

// What a session writes about itself may widen what it sees next: a membership of its
// own user in another tenant, its own role, a claim in its profile.

// selfColumns are the columns by which a table's rows refer to the user of a session, or to
// what has the user's key for its own, such as a profile.
func (p *Plan) selfColumns(s *model.Session, t *model.Table) []int {
	if s.User == nil {
		return p.tenantMentions(s, t)
	}
	var out []int
	for _, k := range p.tables[t.ID].keys {
		for i, col := range k.Columns {
			if p.userKey(s.User.Table, k.Target, k.Targets[i], 0) {
				out = append(out, col)
			}
		}
	}
	return out
}

// tenantMentions are the columns by which a table's rows name a tenant that they do not belong to:
// where the tenants are the users, a session writes about itself by them.
func (p *Plan) tenantMentions(s *model.Session, t *model.Table) []int {
	if s.Tenantless || t == p.Contract.Tenancy.Table {
		return nil
	}
	var out []int
	for _, k := range p.tables[t.ID].keys {
		if len(k.Columns) == 1 && p.mentions(t, k) {
			out = append(out, k.Columns[0])
		}
	}
	return out
}

// self is what a session writes about itself by: its user, else its tenant.
func (m *Member) self() model.Value {
	if m.Session.User == nil {
		return m.Tenant
	}
	return m.User
}

// userKey reports whether a column is the key of the users' table, or the whole key of
// another that refers to that by it.
func (p *Plan) userKey(users, t *model.Table, column, depth int) bool {
	switch {
	case len(t.Key) == 0 || t.Key[0] != column || depth > deepestUser:
		return false
	case t == users:
		return true
	case len(t.Key) > 1:
		return false
	}
	for _, k := range p.tables[t.ID].keys {
		if len(k.Columns) == 1 && k.Columns[0] == column && p.userKey(users, k.Target, k.Targets[0], depth+1) {
			return true
		}
	}
	return false
}

// deepestUser bounds how many tables may lie between a row and its user.
const deepestUser = 4

// aboutSelf makes a new row of a tenant that refers to the session's user; nil where
// the table refers to no user.
func (p *Plan) aboutSelf(d *Dataset, m *Member, t *model.Table, tenant model.Value, n int, c *choices) model.Row {
	columns := p.selfColumns(m.Session, t)
	if len(columns) == 0 || m.self().Null {
		return nil
	}
	return p.naming(d, t, tenant, n, map[int]model.Value{columns[0]: m.self()}, c)
}

// naming makes a new row of a tenant that has some values of another one.
func (p *Plan) naming(d *Dataset, t *model.Table, tenant model.Value, n int, fixed map[int]model.Value, c *choices) model.Row {
	b := p.offering(d, tenant, n)
	b.next[t.ID] += n
	for i := range b.owner { // whom it names is of another tenant
		clear(b.owner[i])
	}
	kept := b.rows
	b.rows = append([][]model.Row(nil), kept...)
	row := b.row(t, 0, fixed, c)
	b.rows = kept
	if row != nil {
		b.unique(t, row, fixed)
	}
	return row
}

// ownRow is the row of a session's user in a table: the user's own, or one that refers to it.
func (p *Plan) ownRow(d *Dataset, m *Member, t *model.Table) model.Row {
	if m.Session.User == nil || m.User.Null {
		return nil
	}
	columns := p.selfColumns(m.Session, t)
	if t == m.Session.User.Table {
		columns = t.Key
	}
	if len(columns) == 0 {
		return nil
	}
	for _, row := range d.State.Rows(t.ID) {
		if row[columns[0]] == m.User {
			return row
		}
	}
	return nil
}

// mostRoles bounds the values that are tried of a column of the session's own row.
const mostRoles = 6

// promotions are the other values of a column whose values are few and named.
func (p *Plan) promotions(t *model.Table, i int, row model.Row) []model.Value {
	col := &p.tables[t.ID].columns[i]
	if !col.cycle || !p.Free(t, i) {
		return nil
	}
	var out []model.Value
	for _, v := range col.pool {
		if v != row[i] && len(out) < mostRoles {
			out = append(out, v)
		}
	}
	return out
}
