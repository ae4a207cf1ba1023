package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// taking is a reference through which a row of one tenant may be removed or changed when a row of
// another tenant is deleted. Foreign keys are checked and followed without row security.
type taking struct {
	table *model.Table // whose rows go along
	key   *model.ForeignKey
}

// takings lists the references that remove or change the referring row when their target is deleted.
// References by which a row belongs to its target's tenant are left out: such a row is also the
// other tenant's.
func (p *Plan) takings() []taking {
	var out []taking
	for i := range p.tables {
		t := p.tables[i].table
		for _, k := range p.tables[i].keys {
			follows := slices.ContainsFunc(p.Contract.Belongs[t.ID].Paths, func(o model.TenantPath) bool {
				return o.Key != nil && slices.Equal(o.Key.Columns, k.Columns)
			})
			if k.Takes() && len(k.Columns) == 1 && !follows && k.Target != p.Contract.Tenancy.Table {
				out = append(out, taking{t, k})
			}
		}
	}
	return out
}

// along is two steps: a member inserts a row of its own that names a row of another tenant, and a
// member of that tenant deletes the named row. It is nil where one of them has no statement for it,
// where there is no row, and where the insert is forbidden.
func (p *Plan) along(d *Dataset, k taking, m, other *Member, n int) []model.Step {
	if m.Tenant.Null || other.Tenant.Null || m.Tenant == other.Tenant {
		return nil
	}
	remove := p.simplest(other, d, k.key.Target, model.Delete)
	insert, ok := p.inserting(d, k.table, k.key, m, other.Tenant, n)
	if remove == nil || !ok {
		return nil
	}
	w := walk{Plan: p, d: d}
	return []model.Step{
		insert.step,
		other.step(model.Op{Shape: remove, Args: w.compared(remove, nil, insert.target)}),
	}
}

// simplest is a member's plain insert into a table, or its delete of one row, where the contract
// allows it any.
func (p *Plan) simplest(m *Member, d *Dataset, t *model.Table, c model.Command) *model.Shape {
	list := p.tablesOf(m, d)
	for i := range list {
		if list[i].table != t {
			continue
		}
		writes := &m.Session.Writes[t.ID]
		if c == model.Insert && writes.Insert != nil {
			for _, w := range list[i].inserts {
				if w.shape.Command == model.Insert && len(w.shape.Returning) == 0 {
					return w.shape
				}
			}
		}
		if c == model.Delete && writes.Delete != nil {
			for _, w := range list[i].deletes {
				if w.shape.Where.Match == model.Equal && len(w.shape.Returning) == 0 && slices.Equal(w.shape.Where.Columns, t.Key) {
					return w.shape
				}
			}
		}
	}
	return nil
}

// taken adds, for each such reference, one try of each two sessions, for both tenants.
func (w *walk) taken() {
	type pair struct{ a, b *model.Session }
	for _, k := range w.takes {
		for tenant := range 2 {
			seen := map[pair]bool{}
			for i := range w.d.Cast {
				for j := range w.d.Cast {
					m, other := &w.d.Cast[i], &w.d.Cast[j]
					if seen[pair{m.Session, other.Session}] || w.tenantIndex(w.d, m.Tenant) != tenant {
						continue
					}
					w.fresh++
					if steps := w.along(w.d, k, m, other, w.fresh); steps != nil {
						seen[pair{m.Session, other.Session}] = true
						w.cells = append(w.cells, steps)
					}
				}
			}
		}
	}
}

// takenShare is how many of a hundred sequences are such two steps, where there is such a reference.
const takenShare = 6

// takenSequence draws one; nil where there is none.
func (p *Plan) takenSequence(d *Dataset, c *choices) []model.Step {
	if len(p.takes) == 0 || len(d.Cast) == 0 || !c.percent(takenShare) {
		return nil
	}
	k, first := p.takes[c.upTo(len(p.takes))], c.upTo(len(d.Cast)*len(d.Cast))
	for n := range len(d.Cast) * len(d.Cast) {
		at := (first + n) % (len(d.Cast) * len(d.Cast))
		if steps := p.along(d, k, &d.Cast[at/len(d.Cast)], &d.Cast[at%len(d.Cast)], 1+n%walkRows); steps != nil {
			return steps
		}
	}
	return nil
}
