package model

import "github.com/rlsfuzz/rlsfuzz/model/sql"

// Tenants yields the tenants of a row, through each of its paths, until yield says
// stop. A tenant may come more than once. Rows of shared and internal tables have none.
func (c *Contract) Tenants(w sql.World, t *Table, row Row, yield func(Value) bool) {
	c.tenants(w, t, row, 0, yield)
}

// deepest bounds the foreign keys that are followed, against cycles.
const deepest = 8

func (c *Contract) tenants(w sql.World, t *Table, row Row, depth int, yield func(Value) bool) bool {
	b := &c.Belongs[t.ID]
	if b.How != Owned || depth > deepest {
		return true
	}
	for i := range b.Paths {
		p := &b.Paths[i]
		switch {
		case p.Key != nil:
			if !c.throughKey(w, p.Key, row, depth, yield) {
				return false
			}
		case p.Column >= 0:
			if !row[p.Column].Null && !yield(row[p.Column]) {
				return false
			}
		case p.Query != nil:
			more := true
			f := sql.Frame{World: w, Row: row}
			p.Query.Each(&f, func(v Value) bool {
				if !v.Null {
					more = yield(v)
				}
				return more
			})
			if !more {
				return false
			}
		}
	}
	return true
}

func (c *Contract) throughKey(w sql.World, k *ForeignKey, row Row, depth int, yield func(Value) bool) bool {
	if k.Target == nil {
		return true
	}
	for _, i := range k.Columns {
		if row[i].Null {
			return true
		}
	}
	for _, target := range w.Rows(k.Target.ID) {
		if refers(row, k, target) && !c.tenants(w, k.Target, target, depth+1, yield) {
			return false
		}
	}
	return true
}

// SessionTenants yields the tenants of an identity: its one tenant, or those that
// the session's query gives in the state. Where only Postgres can tell these, it is the one.
func (c *Contract) SessionTenants(id *Identity, w sql.World, yield func(Value) bool) {
	if q := id.Session.Tenants; q != nil {
		f := sql.Frame{World: w, Vars: id.Vars}
		q.Each(&f, func(v Value) bool { return v.Null || yield(v) })
		return
	}
	if !id.Tenant.Null {
		yield(id.Tenant)
	}
}
