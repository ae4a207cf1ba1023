package gen

import (
	"github.com/rlsfuzz/rlsfuzz/model"
)

// Simplest is the simplest value of a column that names nothing: NULL where it may
// be, else the first of its pool. ok is false for keys, references, tenants and
// columns whose values nobody may choose.
func (p *Plan) Simplest(t *model.Table, i int) (v model.Value, ok bool) {
	if !p.Free(t, i) {
		return null, false
	}
	col := &p.tables[t.ID].columns[i]
	switch {
	case col.null:
		return null, true
	case len(col.pool) > 0:
		return col.pool[0], true
	}
	return null, false
}

// Free reports whether a column's value names nothing: it is no key, no reference
// and no tenant.
func (p *Plan) Free(t *model.Table, i int) bool {
	tp := &p.tables[t.ID]
	return tp.columns[i].how == fromPool && !model.Contains(t.Key, i) && !isReference(t, i) && !model.Contains(tp.tenant, i) && !tp.source(i)
}

// Other is the simplest value of a column that differs from a row's; row may be nil.
func (p *Plan) Other(t *model.Table, i int, row model.Row) model.Value {
	if p.Free(t, i) && plainText(t, i) {
		return text(limit("set-1", t.Columns[i].Type.Length))
	}
	for _, v := range p.tables[t.ID].columns[i].pool {
		if row == nil || v != row[i] {
			return v
		}
	}
	return null
}

// TenantValue is the n-th tenant of a contract without a tenants' table, from 0.
func (p *Plan) TenantValue(n int) model.Value { return p.tenantValue(p.Contract.Tenancy.Type, n+1) }

// KeyValue is the n-th key of a table, from 0: of the tenants' own, where it names roles,
// the n-th role.
func (p *Plan) KeyValue(t *model.Table, i, n int) model.Value {
	if t == p.Contract.Tenancy.Table {
		if v, ok := p.tenantRoles(n)[i]; ok {
			return v
		}
	}
	return key(&t.Columns[i], p.first[t.ID]+n)
}

// Counted reports whether a column is a key whose values are counted.
func (p *Plan) Counted(t *model.Table, i int) bool { return p.tables[t.ID].columns[i].how == counted }

// HoldsTenant reports whether a column holds a tenant's value.
func (p *Plan) HoldsTenant(t *model.Table, i int) bool {
	return model.Contains(p.tables[t.ID].tenant, i)
}
