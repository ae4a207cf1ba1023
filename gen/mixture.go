package gen

import (
	"math/bits"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// mostMixed is up to how many arguments that name rows are mixed in all ways. Of more, one is another
// tenant's, or one is the caller's own.
const mostMixed = 3

// mixtures lists which arguments of a call come from another tenant's row while the others come
// from an own one, with a bit for each: what checks one of its arguments may forget the other. 0
// stands for lists that have one of each.
func (c *callPlan) mixtures() []uint {
	var out []uint
	if slices.ContainsFunc(c.args, func(a argPlan) bool { return a.column.Table >= 0 && !a.row && a.array || a.records() }) {
		out = append(out, 0)
	}
	var list []int
	for i := range c.args[:min(len(c.args), bits.UintSize)] {
		if a := &c.args[i]; a.names || a.column.Table >= 0 && !a.row && c.repeats(i) {
			list = append(list, i)
		}
	}
	if len(list) < 2 || c.path.Puts != nil {
		return out
	}
	return append(out, subsets(list)...)
}

// subsets is the sets of some numbers, but for none of them and all, with a bit for each number. Of
// more than mostMixed, those without one number, and those of one.
func subsets(list []int) []uint {
	var out []uint
	if len(list) <= mostMixed {
		for some := uint(1)<<len(list) - 2; some > 0; some-- {
			set := uint(0)
			for at, i := range list {
				set |= some >> at & 1 << i
			}
			out = append(out, set)
		}
		return out
	}
	all := uint(0)
	for _, i := range list {
		all |= 1 << i
	}
	for _, i := range list {
		out = append(out, all&^(1<<i))
	}
	for _, i := range list {
		out = append(out, 1<<i)
	}
	return out
}

// twoTenants lists the ways in which the walk makes a call about rows of two tenants.
func (c *callPlan) twoTenants() []try {
	var out []try
	for _, theirs := range c.mixes {
		for n := range walkRows {
			out = append(out, try{kind: Both, theirs: theirs, nth: n})
			if c.path.Really() { // a program takes long
				return out
			}
		}
	}
	return out
}

// mixed draws whose row each argument comes from, where a call is about rows of two tenants.
func (c *callPlan) mixed(t try, dice *choices) try {
	if t.kind == Both && len(c.mixes) > 0 {
		t.theirs = c.mixes[dice.upTo(len(c.mixes))]
	}
	return t
}

// several reports whether a call may name several rows: a batch.
func (c *callPlan) several() bool {
	for i := range c.args {
		a := &c.args[i]
		if a.column.Table >= 0 && !a.row && (a.array || c.again(i)) || a.records() {
			return true
		}
	}
	return false
}

// records reports whether an argument is a list of records.
func (a *argPlan) records() bool { return a.payload != nil && a.payload.list }

// again reports whether an argument before one comes from the same column.
func (c *callPlan) again(i int) bool { return c.same(i, c.args[:i]) }

// repeats reports whether an argument before or after one comes from the same column.
func (c *callPlan) repeats(i int) bool { return c.again(i) || c.same(i, c.args[i+1:]) }

func (c *callPlan) same(i int, args []argPlan) bool {
	return c.args[i].column.Table >= 0 && slices.ContainsFunc(args, func(o argPlan) bool { return o.column == c.args[i].column })
}

// tells reports whether a column tells rows of tenants apart: it is of their key or a unique one,
// holds the tenant, or refers to such a row.
func (p *Plan) tells(ref model.ColumnRef) bool {
	owned := func(t *model.Table) bool { return p.Contract.Belongs[t.ID].How == model.Owned }
	t := p.Contract.Schema.Tables[ref.Table]
	for i := range t.ForeignKeys {
		if k := &t.ForeignKeys[i]; slices.Contains(k.Columns, ref.Column) {
			return owned(t) && k.Target != nil && owned(k.Target)
		}
	}
	return owned(t) && (slices.Contains(t.Key, ref.Column) || slices.Contains(p.tables[t.ID].tenant, ref.Column) ||
		slices.ContainsFunc(t.Unique, func(u model.Unique) bool { return slices.Contains(u.Columns, ref.Column) }))
}
