package gen

import "github.com/rlsfuzz/rlsfuzz/model"

// owners tells for each row of a table whether it is of the tenant, 0, or of others, -2; -1 where
// no row of it is a tenant's.
func (p *Plan) owners(d *Dataset, table int, tenant model.Value) []int {
	if d.owned == nil {
		d.owned = map[string][][]int{}
	}
	by := d.owned[tenant.Text]
	if by == nil {
		by = make([][]int, len(p.tables))
		d.owned[tenant.Text] = by
	}
	if by[table] == nil {
		t := p.Contract.Schema.Tables[table]
		list := make([]int, len(d.Data[table]))
		for i, row := range d.Data[table] {
			list[i] = -2
			if p.Contract.Belongs[table].How != model.Owned {
				list[i] = -1
				continue
			}
			p.Contract.Tenants(d.State, t, row, func(v model.Value) bool {
				if v.Text == tenant.Text {
					list[i] = 0
				}
				return true
			})
			for _, in := range p.tables[table].insides { // of which Go may not know how to read it
				for _, v := range in.takes(row[in.column]) {
					if v.Text == tenant.Text {
						list[i] = 0
					}
				}
			}
		}
		by[table] = list
	}
	return append([]int(nil), by[table]...)
}

// others lists the tenants of the dataset besides one.
func (p *Plan) others(d *Dataset, own model.Value) []model.Value {
	var out []model.Value
	if root := p.Contract.Tenancy.Table; root != nil {
		for _, row := range d.State.Rows(root.ID) {
			if v := row[p.Contract.Tenancy.Key]; v.Text != own.Text {
				out = append(out, v)
			}
		}
		return out
	}
	for n := 1; n <= 2; n++ {
		if v := p.tenantValue(p.Contract.Tenancy.Type, n); v.Text != own.Text {
			out = append(out, v)
		}
	}
	return out
}

// foreign lists the rows of a table that are other tenants'.
func (p *Plan) foreign(d *Dataset, t *model.Table, tenant model.Value) []model.Row {
	var out []model.Row
	for i, of := range p.owners(d, t.ID, tenant) {
		if of == -2 {
			out = append(out, d.Data[t.ID][i])
		}
	}
	return out
}

// anyTenant is a tenant's value, of any row that has one.
func (p *Plan) anyTenant(d *Dataset, c *choices) model.Value {
	if root := p.Contract.Tenancy.Table; root != nil {
		if rows := d.State.Rows(root.ID); len(rows) > 0 {
			return rows[c.upTo(len(rows))][p.Contract.Tenancy.Key]
		}
		return null
	}
	return p.tenantValue(p.Contract.Tenancy.Type, 1+c.upTo(2))
}
