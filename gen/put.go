package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// put makes the row that a call puts in: a new one of the caller's tenant, or of another. Each
// second one of the caller's is a namesake of a row of another tenant: what it meets on its way that
// does not ask for the tenant finds that one.
func (a *arguments) put() bool {
	t, tenant := a.c.table, a.m.Tenant
	a.mine = a.kind != Other && a.kind != Mine && !tenant.Null
	others := a.others(a.d, tenant)
	if !a.mine {
		if len(others) == 0 {
			return false
		}
		tenant = others[0]
	}
	n := a.nth + a.dice.upTo(walkRows)
	w := walk{Plan: a.Plan, d: a.d}
	if a.row = w.offer(t, tenant, n+1); a.row == nil {
		return false
	}
	_, list := a.rows(t)
	switch {
	case !a.mine || len(list) == 0:
	case a.c.path.Keyed:
		a.row = a.taken(t, a.row, list[n%len(list)])
	case n%2 == 0:
		a.row = a.namesake(t, a.row, list[n%len(list)])
	}
	return true
}

// taken is a row that meets another one in each key over all tenants.
func (p *Plan) taken(t *model.Table, row, like model.Row) model.Row {
	out := slices.Clone(row)
	for i := range out {
		if p.alone(t, i) {
			out[i] = like[i]
		}
	}
	return out
}

// alone reports whether a column is part of a key that does not hold the tenant.
func (p *Plan) alone(t *model.Table, column int) bool {
	tenant := p.tables[t.ID].tenant
	return slices.ContainsFunc(t.Unique, func(u model.Unique) bool {
		return slices.Contains(u.Columns, column) && !slices.ContainsFunc(u.Columns, func(c int) bool { return slices.Contains(tenant, c) })
	})
}

// namesake is a row with the values of another one, where these say neither whose it is nor to what
// it belongs, and no key over all tenants takes them for the same.
func (p *Plan) namesake(t *model.Table, row, like model.Row) model.Row {
	out := slices.Clone(row)
	tenant := p.tables[t.ID].tenant
	for i := range out {
		if !p.alone(t, i) && !slices.Contains(t.Key, i) && !slices.Contains(tenant, i) && !isReference(t, i) && p.tables[t.ID].inside(i) == nil {
			out[i] = like[i]
		}
	}
	return out
}
