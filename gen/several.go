package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// severalShare is how many of a hundred rows that name tenants in several columns are two
// tenants': a message has a sender and a recipient.
const severalShare = 40

// agreement is what constraints ask of the columns of a row that hold tenants.
type agreement uint8

const (
	mayDiffer  agreement = iota // nothing
	mustAgree                   // they may not differ
	mustDiffer                  // they may not be the same
)

// name fills the columns of a row that hold tenants: with the row's own tenant, or with another one
// in all but one column. It reports whether there can be such a row.
func (b *builder) name(t *model.Table, k int, row model.Row, set []bool, c *choices) bool {
	tp := &b.tables[t.ID]
	if k < 0 || t == b.Contract.Tenancy.Table {
		return true
	}
	var open []int
	named := false // some column already holds the row's own tenant
	for _, i := range tp.tenant {
		if !set[i] {
			open = append(open, i)
		} else if row[i].Text == b.tenant[k].Text {
			named = true
		}
	}
	other, own := b.tenant[k], -1
	if several := len(tp.tenant) > 1 && len(open) > 0; several && (tp.named == mustDiffer || tp.named == mayDiffer && len(open) > 1 && len(b.tenant) > 1 && c.percent(severalShare)) {
		if len(b.tenant) < 2 {
			return false
		}
		other = b.tenant[(k+1+c.upTo(len(b.tenant)-1))%len(b.tenant)]
		if !named {
			own = open[c.upTo(len(open))]
		}
	}
	for _, i := range open {
		v := other
		if i == own {
			v = b.tenant[k]
		}
		row[i], set[i] = v, true
		if tp.columns[i].null && c.percent(15) {
			row[i] = null
		}
	}
	return true
}

// pairs reports whether a dataset needs a third tenant: where rows of some table always name two
// tenants, or say which tenants a session has, all would be everybody's with only two; and where
// tenants stand above others, none would have another beside it.
func (p *Plan) pairs() bool {
	if home := p.Contract.Tenancy.Table; home != nil && slices.ContainsFunc(home.ForeignKeys, func(k model.ForeignKey) bool { return k.Target == home }) {
		return true
	}
	return p.trees() || slices.ContainsFunc(p.tables, func(tp tablePlan) bool {
		return tp.named == mustDiffer || len(tp.tenant) > 1 && slices.ContainsFunc(p.Contract.Sessions, func(s *model.Session) bool {
			return s.TenantsSQL != "" && mentionsName(s.TenantsSQL, tp.table.Name)
		})
	})
}

// names learns whether the tenants that a row names must differ, or may not.
func (f *fitting) names(t *model.Table, base model.Row) error {
	tp := &f.tables[t.ID]
	if len(tp.tenant) < 2 || t == f.Contract.Tenancy.Table || !slices.ContainsFunc(tp.tenant, tp.tied) {
		return nil
	}
	same, differ := slices.Clone(base), slices.Clone(base)
	for n, i := range tp.tenant {
		same[i], differ[i] = f.tenantValue(t.Columns[i].Type, 1), f.tenantValue(t.Columns[i].Type, 1+min(n, 1))
	}
	answers, err := f.insert(t, []model.Row{same, differ})
	switch {
	case err != nil:
		return err
	case answers[1].Refused():
		tp.named = mustAgree
	case answers[0].Refused():
		tp.named = mustDiffer
	}
	return nil
}
