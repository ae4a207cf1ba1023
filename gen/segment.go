package gen

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// besideShare is how many of a hundred texts that name the row's tenant in a piece name another
// tenant, or a row, in a piece beside it.
const besideShare = 25

// mostPieces is up to how many pieces behind the tenant's a text may get one more.
const mostPieces = 2

// beside is a text with another value in the piece behind the tenant's, or in the one before it. It is
// the text itself where that has no room.
func (in *inside) beside(v, other model.Value, before bool) model.Value {
	pieces := strings.Split(v.Text, in.separator)
	if in.keys != nil || in.list || v.Null || other.Null || len(pieces) < in.nth+2 {
		return v
	}
	switch {
	case before && in.nth > 0:
		pieces[in.nth-1] = other.Text
	case len(pieces) > in.nth+1+mostPieces:
		pieces[in.nth+1] = other.Text
	default:
		pieces = slices.Insert(pieces, in.nth+1, other.Text)
	}
	return text(strings.Join(pieces, in.separator))
}

// roomy reports whether a text that names the tenant in a piece may name more beside it: nothing
// checks how long it is or what it consists of.
func (p *Plan) roomy(t *model.Table, in *inside) bool {
	return in.keys == nil && !in.list && !checked(t, in.column) && !p.referred(t, in.column) && t.Columns[in.column].Type.Length == 0
}

// asked lists the tables of tenants whose rows the policies of a table ask for: its texts may name
// such a row.
func (p *Plan) asked(t *model.Table) []*model.Table {
	var out []*model.Table
	for _, o := range p.Contract.Schema.Tables {
		if o == t || o == p.Contract.Tenancy.Table || len(o.Key) != 1 || p.Contract.Belongs[o.ID].How != model.Owned {
			continue
		}
		if slices.ContainsFunc(t.Policies, func(policy model.Policy) bool {
			return mentionsName(policy.Using, o.Name) || mentionsName(policy.Check, o.Name)
		}) {
			out = append(out, o)
		}
	}
	return out
}

// namedBeside lists what a text of the k-th tenant may name beside it: the other tenants, then rows.
func (b *builder) namedBeside(t *model.Table, k int) []model.Value {
	var out []model.Value
	for n, v := range b.tenant {
		if n != k && !v.Null {
			out = append(out, v)
		}
	}
	for _, o := range b.tables[t.ID].beside {
		for _, row := range b.rows[o.ID] {
			out = append(out, row[o.Key[0]])
		}
	}
	return out
}

// besides gives every second row of the walk's datasets that names its tenant in a piece of a text one
// more piece, now that all rows are there.
func (b *builder) besides() {
	for _, t := range b.Order {
		for n := range b.tables[t.ID].insides {
			in := &b.tables[t.ID].insides[n]
			if !b.roomy(t, in) {
				continue
			}
			for i, row := range b.rows[t.ID] {
				list := b.namedBeside(t, b.owner[t.ID][i])
				if i%2 == 0 || len(list) == 0 {
					continue
				}
				v := in.beside(row[in.column], list[i/2%len(list)], i%4 == 3)
				if !slices.ContainsFunc(b.rows[t.ID], func(o model.Row) bool { return o[in.column] == v }) {
					row[in.column] = v
				}
			}
		}
	}
}

// besides proposes rows of a tenant whose texts name another beside it: of another tenant the
// session's own, of the session's own another, and rows of theirs.
func (w *walk) besides(m *Member, s *model.Shape, tenant model.Value) {
	for n := range w.tables[s.Table.ID].insides {
		in := &w.tables[s.Table.ID].insides[n]
		if !w.roomy(s.Table, in) || m.Tenant.Null {
			continue
		}
		var list []model.Value
		if tenant != m.Tenant {
			list = append(list, m.Tenant)
		} else if others := w.others(w.d, tenant); len(others) > 0 {
			list = append(list, others[0])
		}
		for _, o := range w.tables[s.Table.ID].beside {
			own, other := w.pair(m, o)
			if tenant == m.Tenant {
				own = other
			}
			if own != nil {
				list = append(list, own[o.Key[0]])
			}
		}
		for _, v := range list {
			for _, before := range []bool{false, true} {
				if before && in.nth == 0 {
					continue
				}
				w.fresh++
				if row := w.offer(s.Table, tenant, w.fresh); row != nil {
					row = slices.Clone(row)
					row[in.column] = in.beside(row[in.column], v, before)
					w.add(m, s, values(row, s.Columns))
				}
			}
		}
	}
}
