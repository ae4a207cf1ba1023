package gen

import (
	"maps"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// wants is values that a new row has on purpose: what the rule of a session asks of it, or a
// condition of the schema; nil for none.
func (b *builder) wants(t *model.Table, c *choices) map[int]model.Value {
	tp := &b.tables[t.ID]
	if len(tp.wanted) > 0 && c.percent(wantedShare) {
		return tp.wanted[c.upTo(len(tp.wanted))]
	}
	met := tp.met()
	switch {
	case len(met) == 0:
		return nil
	case b.walk > 0: // where there can be no further row, see satisfying
		n := (len(b.rows[t.ID]) + b.walk) % (len(met) + 1)
		if n < len(met) && (t == b.Contract.Tenancy.Table || tp.single() >= 0) {
			return met[n].met[0]
		}
		return nil
	case !c.percent(metShare):
		return nil
	}
	a := met[c.upTo(len(met))]
	return a.met[c.upTo(len(a.met))]
}

// met is the askings that some row can meet.
func (tp *tablePlan) met() []*asking {
	var out []*asking
	for i := range tp.askings {
		if len(tp.askings[i].met) > 0 {
			out = append(out, &tp.askings[i])
		}
	}
	return out
}

// satisfying adds rows, so that each tenant has one that meets each condition of the schema.
func (b *builder) satisfying(bits Bits) {
	for _, t := range b.Order {
		if t == b.Contract.Tenancy.Table || b.tables[t.ID].skip || b.Empty[t] != "" || !b.parts[b.part].all[t.ID] {
			continue
		}
		for _, a := range b.tables[t.ID].met() {
			for k := range b.tenant {
				guest := b.hosted(a, k)
				for n := 0; n < len(a.met) && !b.satisfied(t, k, a, guest); n++ {
					values := maps.Clone(guest)
					maps.Copy(values, a.met[n])
					b.add(t, b.ownerOf(t, k), values, seeded(bits.Next(), t.ID))
				}
			}
		}
	}
}

// hosted is the next tenant, in the columns of an asking that refer to one beside the row's own.
func (b *builder) hosted(a *asking, k int) map[int]model.Value {
	out := map[int]model.Value{}
	for _, i := range a.guests {
		if v := b.tenant[(k+1)%len(b.tenant)]; !v.Null {
			out[i] = v
		}
	}
	return out
}

// satisfied reports whether a row of a tenant, with some values, is known to meet what is asked.
func (b *builder) satisfied(t *model.Table, k int, a *asking, with map[int]model.Value) bool {
	return slices.ContainsFunc(b.ofTenant(t, b.ownerOf(t, k)), func(row model.Row) bool {
		return has(row, with) && slices.ContainsFunc(a.met, func(values map[int]model.Value) bool { return has(row, values) })
	})
}

// meeting proposes rows of another tenant that meet what the policies for new rows ask.
func (w *walk) meeting(m *Member, s *model.Shape, tenant model.Value) {
	for _, a := range w.tables[s.Table.ID].met() {
		if !a.adds {
			continue
		}
		w.fresh++
		row := w.offer(s.Table, tenant, w.fresh)
		if row == nil || has(row, a.met[0]) {
			continue
		}
		for i, v := range a.met[0] {
			row[i] = v
		}
		w.add(m, s, values(row, s.Columns))
	}
}
