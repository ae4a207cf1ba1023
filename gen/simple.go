package gen

import (
	"github.com/rlsfuzz/rlsfuzz/model"
)

// Simplest is the simplest value of a column that names nothing: NULL where it may
// be, else the first of its pool; of a reference to rows of the schema's own files, which no
// relabelling names anew, the first of these. ok is false for keys, other references, tenants
// and columns whose values nobody may choose.
func (p *Plan) Simplest(t *model.Table, i int) (v model.Value, ok bool) {
	col := &p.tables[t.ID].columns[i]
	if first, ok := p.firstSeed(t, i); ok {
		if col.null {
			return null, true
		}
		return first, true
	}
	if !p.Free(t, i) {
		return null, false
	}
	switch {
	case col.null:
		return null, true
	case len(col.pool) > 0:
		return col.pool[0], true
	}
	return null, false
}

// firstSeed is what the first row of the schema's own files has in the column that a reference of
// one column names; ok is false where there is none.
func (p *Plan) firstSeed(t *model.Table, i int) (v model.Value, ok bool) {
	tp := &p.tables[t.ID]
	for _, k := range tp.keys {
		if len(k.Columns) == 1 && k.Columns[0] == i && len(k.Target.Seed) > 0 && !model.Contains(tp.tenant, i) && !model.Contains(t.Key, i) {
			return k.Target.Seed[0][k.Targets[0]], true
		}
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
	return p.key(t, i, p.first[t.ID]+n)
}

// Counted reports whether a column is a key whose values are counted.
func (p *Plan) Counted(t *model.Table, i int) bool { return p.tables[t.ID].columns[i].how == counted }

// HoldsTenant reports whether a column holds a tenant's value.
func (p *Plan) HoldsTenant(t *model.Table, i int) bool {
	return model.Contains(p.tables[t.ID].tenant, i)
}
