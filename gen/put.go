package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// put makes the row that a call inserts: a new one of the caller's tenant, or of another. Every
// second one of the caller's has the values of another tenant's row (see Plan.namesake): a trigger
// that looks a row up by them, and forgets the tenant, finds that one.
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
	_, list := a.rows(t)
	if a.c.path.Keyed != nil {
		a.row = a.taken(&w, t, list, n)
		return a.row != nil
	}
	if a.row = w.offer(t, tenant, n+1); a.row == nil {
		return false
	}
	if a.mine && n%2 == 0 && len(list) > 0 {
		a.row = a.namesake(t, a.row, list[n%len(list)])
	}
	a.lands(t, a.row, n)
	return true
}

// taken is a new row of the caller's tenant that is like one of some rows, and meets it in a key over
// all tenants; nil where none of them has values there.
func (a *arguments) taken(w *walk, t *model.Table, rows []model.Row, from int) model.Row {
	keys := a.c.path.Keyed
	for i := range keys {
		key := keys[(from+i)%len(keys)].Columns
		var full []model.Row
		for _, row := range rows {
			if !slices.ContainsFunc(key, func(c int) bool { return row[c].Null }) {
				full = append(full, row)
			}
		}
		row := w.offer(t, a.m.Tenant, from+1)
		if row == nil || len(full) == 0 {
			continue
		}
		like := full[from%len(full)]
		row = a.namesake(t, row, like)
		for _, c := range key {
			row[c] = like[c]
		}
		return row
	}
	return nil
}

// namesake is a row with the values of another one in all columns but tenants, references, keys, and
// those of a unique key without the tenant, in which the two would collide.
func (p *Plan) namesake(t *model.Table, row, like model.Row) model.Row {
	out := slices.Clone(row)
	tenant := p.tables[t.ID].tenant
	for i := range out {
		alone := slices.ContainsFunc(t.Unique, func(u model.Unique) bool {
			return slices.Contains(u.Columns, i) && !slices.ContainsFunc(u.Columns, func(c int) bool { return slices.Contains(tenant, c) })
		})
		if !alone && !slices.Contains(t.Key, i) && !slices.Contains(tenant, i) && !isReference(t, i) && p.tables[t.ID].inside(i) == nil {
			out[i] = like[i]
		}
	}
	return out
}
