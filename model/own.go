package model

import "github.com/rlsfuzz/rlsfuzz/model/sql"

// OwnUse says what the word own is asked about.
type OwnUse uint8

// The uses of own.
const (
	OwnRead   OwnUse = iota // a row that is read: shared rows are own
	OwnWrite                // a row that is changed or deleted: shared rows are nobody's
	OwnNew                  // a new row: every tenant of it is the session's, and there is one
	OwnShared               // not own, but the word shared: the row is everybody's
)

// Own is the meaning of the word own for a session's frames over rows of a table:
// True or False, never Unknown. It does not allocate, but for what queries need. It
// reports false when only Postgres can tell (see [Contract.OwnSQL]).
//
// The frame's variables are the session's; the first of them is its tenant.
func (c *Contract) Own(s *Session, t *Table, use OwnUse) (own func(*sql.Frame) sql.Tri, inGo bool) {
	o := &ownership{c: c, s: s, table: t}
	if s.AsksTenants() || !c.tenantsInGo(t, 0) {
		return nil, false
	}
	b := &c.Belongs[t.ID]
	switch {
	case b.How == Internal || b.How == Shared && use != OwnRead && use != OwnShared:
		return constantly(sql.False), true
	case b.How == Shared:
		return constantly(sql.True), true
	case use == OwnShared:
		return func(f *sql.Frame) sql.Tri { return truth(b.NullShared && !o.any(f, t, f.Row, 0)) }, true
	case len(b.Paths) == 1 && b.Paths[0].Column >= 0 && s.Tenants == nil:
		return oneColumn(b.Paths[0].Column, b.NullShared && use == OwnRead), true
	}
	shared := b.NullShared && use == OwnRead
	return func(f *sql.Frame) sql.Tri {
		some := o.some(f, t, f.Row, 0)
		switch {
		case some && use == OwnNew:
			return truth(o.every(f, t, f.Row, 0))
		case !some && shared:
			return truth(!o.any(f, t, f.Row, 0))
		}
		return truth(some)
	}, true
}

func truth(b bool) sql.Tri {
	if b {
		return sql.True
	}
	return sql.False
}

func constantly(t sql.Tri) func(*sql.Frame) sql.Tri { return func(*sql.Frame) sql.Tri { return t } }

// oneColumn is own where a column of the row is its only tenant: with one tenant,
// some is every.
func oneColumn(column int, nullShared bool) func(*sql.Frame) sql.Tri {
	return func(f *sql.Frame) sql.Tri {
		v, tenant := &f.Row[column], &f.Vars[0]
		if v.Null {
			return truth(nullShared)
		}
		return truth(!tenant.Null && v.Text == tenant.Text)
	}
}

// tenantsInGo reports whether Go can follow a table's ways to its tenants.
func (c *Contract) tenantsInGo(t *Table, depth int) bool {
	b := &c.Belongs[t.ID]
	if b.How != Owned || depth > deepest {
		return true
	}
	if !c.Tenancy.Type.Kind.Comparable() {
		return false
	}
	for i := range b.Paths {
		p := &b.Paths[i]
		switch {
		case p.Key != nil:
			for _, col := range p.Key.Columns {
				if !t.Columns[col].Comparable() {
					return false
				}
			}
			// The rows of a partitioned table are its partitions'.
			if target := p.Key.Target; target.Partitioned || !c.tenantsInGo(target, depth+1) {
				return false
			}
		case p.Column >= 0:
			if !t.Columns[p.Column].Comparable() {
				return false
			}
		case p.Query == nil:
			return false
		}
	}
	return true
}

// ownership answers for one session and table.
type ownership struct {
	c     *Contract
	s     *Session
	table *Table
}

// is reports whether a value is a tenant of the session.
func (o *ownership) is(f *sql.Frame, v Value) bool {
	if v.Null {
		return false
	}
	if o.s.Tenants == nil {
		return !f.Vars[0].Null && f.Vars[0].Text == v.Text
	}
	found := false
	o.s.Tenants.Each(f, func(mine Value) bool {
		found = !mine.Null && mine.Text == v.Text
		return !found
	})
	return found
}

// some reports whether a tenant of the row is the session's.
func (o *ownership) some(f *sql.Frame, t *Table, row Row, depth int) bool {
	return o.look(f, t, row, depth, func(v Value) bool { return o.is(f, v) })
}

// every reports whether no tenant of the row is another one.
func (o *ownership) every(f *sql.Frame, t *Table, row Row, depth int) bool {
	return !o.look(f, t, row, depth, func(v Value) bool { return !o.is(f, v) })
}

// any reports whether the row has a tenant.
func (o *ownership) any(f *sql.Frame, t *Table, row Row, depth int) bool {
	return o.look(f, t, row, depth, func(Value) bool { return true })
}

// look reports whether a tenant of the row is wanted.
func (o *ownership) look(f *sql.Frame, t *Table, row Row, depth int, wanted func(Value) bool) bool {
	b := &o.c.Belongs[t.ID]
	if b.How != Owned || depth > deepest {
		return false
	}
	for i := range b.Paths {
		p := &b.Paths[i]
		found := false
		switch {
		case p.Key != nil:
			found = o.through(f, p.Key, row, depth, wanted)
		case p.Column >= 0:
			found = !row[p.Column].Null && wanted(row[p.Column])
		case p.Query != nil:
			found = o.ask(f, p.Query, row, wanted)
		}
		if found {
			return true
		}
	}
	return false
}

// through follows a foreign key.
func (o *ownership) through(f *sql.Frame, k *ForeignKey, row Row, depth int, wanted func(Value) bool) bool {
	if k.Target == nil {
		return false
	}
	for _, target := range f.World.Rows(k.Target.ID) {
		if refers(row, k, target) && o.look(f, k.Target, target, depth+1, wanted) {
			return true
		}
	}
	return false
}

// ask runs a query for a row, in the frame.
func (o *ownership) ask(f *sql.Frame, q *sql.QueryProgram, row Row, wanted func(Value) bool) bool {
	outer := f.Row
	f.Row = row
	found := false
	q.Each(f, func(v Value) bool {
		inner := f.Row
		found = !v.Null && wanted(v)
		f.Row = inner
		return !found
	})
	f.Row = outer
	return found
}
