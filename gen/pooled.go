package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// pooledShare is how many of a hundred committed checks are about what calls leave, where
// some may leave anything; mostLeavers bounds the calls of one.
const (
	pooledShare = 80
	mostLeavers = 12
)

// Pooled draws the steps of a committed check whose connections are used again: calls of
// one tenant that may leave something, then looks of others on the same connections. It is
// nil in the other checks, and where no call leaves anything.
func (p *Plan) Pooled(bits Bits, d *Dataset) []model.Step {
	c := seeded(bits.Next(), -10)
	all, binders := p.leavers(d, null), p.binders(d, null)
	if len(all)+len(binders)+len(p.frozen) == 0 || !c.percent(pooledShare) {
		return nil
	}
	tenant := null
	if n := len(all) + len(binders); n > 0 {
		if i := c.upTo(n); i < len(all) {
			tenant = all[i].who.Tenant
		} else {
			tenant = binders[i-len(all)].Tenant
		}
	}
	if most := fullest(all); c.percent(50) && most != null {
		tenant = most
	}
	var list []leaver
	for _, l := range all {
		if l.who.Tenant == tenant && !slices.ContainsFunc(list, func(o leaver) bool { return o.plan == l.plan }) {
			list = append(list, l)
		}
	}
	var steps []model.Step
	for len(list) > 0 && len(steps) < mostLeavers {
		i := c.upTo(len(list))
		l := list[i]
		list = slices.Delete(list, i, i+1)
		if args, ok := p.callArgs(l.plan, l.who, d, try{kind: Own}, l.plan.counts[0], &c); ok {
			step := p.callStep(l.plan, l.who, args)
			halve(&step, &c)
			steps = append(steps, step)
		}
	}
	steps = append(steps, p.binders(d, tenant)...)
	steps = append(steps, p.lookers(d, tenant, &c)...)
	if list := p.prepared(d); len(list) > 0 {
		steps = append(steps, list[c.upTo(len(list))]...)
	}
	return steps
}

// fullest is the tenant of which the most calls are that may leave something; null without any.
func fullest(all []leaver) model.Value {
	calls := map[model.Value]map[*callPlan]bool{}
	most := null
	for _, l := range all {
		tenant := l.who.Tenant
		if calls[tenant] == nil {
			calls[tenant] = map[*callPlan]bool{}
		}
		calls[tenant][l.plan] = true
		if most == null || len(calls[tenant]) > len(calls[most]) {
			most = tenant
		}
	}
	return most
}

// halve has half of the calls of several transactions end in a rollback: of one after the
// first, which stay, as when something fails half-way and the application gives the
// connection back. What a call of one transaction sets is gone after a rollback.
func halve(step *model.Step, c *choices) {
	if n := len(step.Transactions()); n > 1 && c.percent(50) {
		step.Undone, step.Cut = true, 1+c.upTo(n-1)
	}
}

// halves lists the ways in which a call of several transactions may fail half-way.
func halves(step model.Step) []model.Step {
	var out []model.Step
	for n := 1; n < len(step.Transactions()); n++ {
		half := step
		half.Undone, half.Cut = true, n
		out = append(out, half)
	}
	return out
}

// undone lists what shows that a ROLLBACK takes a session's binding back: somebody is bound
// on a connection, then one of another tenant, and that is undone. The looks after it are
// made with what the application takes for its own settings.
func (p *Plan) undone(d *Dataset) [][]model.Step {
	var out [][]model.Step
	for _, first := range p.binders(d, null) {
		for i := range d.Cast {
			m := &d.Cast[i]
			if !first.Session.Within() || m.Session != first.Session || m.Tenant.Null || m.Tenant == first.Tenant {
				continue
			}
			if next, ok := p.look(m, d); ok {
				next.Undone = true
				out = append(out, []model.Step{first, next})
			}
			break
		}
	}
	return out
}

// lookers is one look of each session without a tenant, and one of a member of another
// tenant. Where a ROLLBACK takes its binding back, that comes first.
func (p *Plan) lookers(d *Dataset, not model.Value, c *choices) []model.Step {
	var steps []model.Step
	for _, s := range p.Contract.Sessions {
		if tables := p.inPart(s, d); s.Tenantless && len(tables) > 0 {
			steps = append(steps, model.Step{Session: s, Tenant: null, User: null, Op: model.Op{Shape: tables[0].selects[0].shape}})
		}
	}
	var others []model.Step
	for i := range d.Cast {
		if m := &d.Cast[i]; !m.Tenant.Null && m.Tenant != not {
			if look, ok := p.look(m, d); ok {
				others = append(others, look)
			}
		}
	}
	if len(others) > 0 {
		look := others[c.upTo(len(others))]
		look.Undone = look.Session.Within()
		steps = append(steps, look)
	}
	return steps
}

// PooledCells lists the committed checks that the walk tries: each call that may leave
// something, whole and failing half-way, and each session whose settings stay, then a look
// of a session without a tenant, and of one of another; what a rollback takes back, and what
// a statement that stays prepared keeps.
func (p *Plan) PooledCells(d *Dataset) [][]model.Step {
	var out [][]model.Step
	var seen []leaver
	for _, l := range p.leavers(d, null) {
		if slices.ContainsFunc(seen, func(o leaver) bool { return o.plan == l.plan }) {
			continue
		}
		seen = append(seen, l)
		args, ok := p.callArgs(l.plan, l.who, d, try{kind: Own}, l.plan.counts[0], &choices{})
		if !ok {
			continue
		}
		call := p.callStep(l.plan, l.who, args)
		for _, look := range p.lookers(d, l.who.Tenant, &choices{}) {
			for _, call := range append([]model.Step{call}, halves(call)...) {
				out = append(out, []model.Step{call, look})
			}
		}
	}
	for _, step := range p.binders(d, null) {
		for _, look := range p.lookers(d, step.Tenant, &choices{}) {
			out = append(out, []model.Step{step, look})
		}
	}
	return slices.Concat(out, p.undone(d), p.prepared(d))
}
