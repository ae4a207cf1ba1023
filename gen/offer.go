package gen

import "github.com/rlsfuzz/rlsfuzz/model"

// offering makes a builder whose rows are made for one tenant.
func (p *Plan) offering(d *Dataset, tenant model.Value, n int) *builder {
	b := &builder{Plan: p, rows: d.Data, next: append([]int(nil), d.next...), tokens: 1000 + n, tenant: append([]model.Value{tenant}, p.others(d, tenant)...)}
	b.owner = make([][]int, len(p.tables))
	for i := range b.rows {
		b.owner[i] = p.owners(d, i, tenant)
	}
	return b
}

// offer makes a new row of a tenant.
func (w *walk) offer(t *model.Table, tenant model.Value, n int) model.Row {
	b := w.offering(w.d, tenant, n)
	b.next[t.ID] += n
	c := choices{}
	return b.proposed(t, 0, &c)
}
