package gen

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// usedShare is how many of a hundred sequences of calls are pairs: a call, after one of
// another tenant that may leave something for it.
const usedShare = 40

// lasts reports whether a path may leave something behind: in a table, on its connection.
// What only reads leaves nothing, unless it sets something.
func (p *Plan) lasts(path *model.Path) bool {
	switch {
	case path.Program != nil || path.View != nil:
		return false
	case path.Routine != nil:
		return p.lasting(path.Routine)
	}
	for _, text := range path.Run {
		if !sql.Queries(text) || strings.Contains(strings.ToLower(text), "set_config") {
			return true
		}
		for _, r := range p.Contract.Schema.Routines {
			if p.lasting(r) && sql.Mentions(text, r.Name) {
				return true
			}
		}
	}
	return false
}

func (p *Plan) lasting(r *model.Routine) bool {
	return r.Volatile || strings.Contains(strings.ToLower(p.source(r)), "set_config")
}

// leaver is a call that may leave something, and by whom.
type leaver struct {
	who  *Member
	plan *callPlan
}

// leavers lists the calls of members that are not of a tenant and may leave something.
func (p *Plan) leavers(d *Dataset, not model.Value) []leaver {
	var out []leaver
	for i := range d.Cast {
		m := &d.Cast[i]
		if m.Tenant.Null || m.Tenant == not {
			continue
		}
		for _, c := range p.inSQL(m) {
			if c.lasts {
				out = append(out, leaver{m, c})
			}
		}
	}
	return out
}

// after is the call of a path that somebody else makes next: with the same arguments, but
// for what the session's own variables say. ok is false where its session has no such path.
func (p *Plan) after(l leaver, first *model.Step, who *Member, d *Dataset, dice *choices) (model.Step, bool) {
	for _, c := range p.inSQL(who) {
		if c.path != l.plan.path {
			continue
		}
		args, ok := p.callArgs(c, who, d, try{kind: Own}, len(first.Op.Args), dice)
		if !ok {
			return model.Step{}, false
		}
		for i := range args {
			if a := &c.args[i]; a.variable == "" && !slices.Contains(p.Contract.Secrets, a.column) { // a secret stays with who has it
				args[i] = first.Op.Args[i]
			}
		}
		return p.callStep(c, who, args), true
	}
	return model.Step{}, false
}

// binders lists one statement of each session whose settings last for a whole checkout: by
// a member of a tenant, or of any.
func (p *Plan) binders(d *Dataset, tenant model.Value) []model.Step {
	var out []model.Step
	for i := range d.Cast {
		m := &d.Cast[i]
		if m.Session.Local() || m.Tenant.Null || !tenant.Null && m.Tenant != tenant ||
			slices.ContainsFunc(out, func(s model.Step) bool { return s.Session == m.Session }) {
			continue
		}
		if look, ok := p.look(m, d); ok {
			out = append(out, look)
		}
	}
	return out
}

// look is the plainest statement of a member; ok is false where it has no table.
func (p *Plan) look(m *Member, d *Dataset) (look model.Step, ok bool) {
	tables := p.tablesOf(m, d)
	if len(tables) == 0 {
		return model.Step{}, false
	}
	return m.step(model.Op{Shape: tables[0].selects[0].shape}), true
}

// finder is who makes the second calls of pairs: a member, or else the first one of the cast
// whose session has a path that somebody of another tenant leaves something by. shared is
// what others leave by such paths, list whatever they leave.
func (p *Plan) finder(who *Member, d *Dataset) (finder *Member, shared, list []leaver) {
	members := []*Member{who}
	for i := range d.Cast {
		members = append(members, &d.Cast[i])
	}
	for _, m := range members {
		own, all := p.inSQL(m), p.leavers(d, m.Tenant)
		shared = slices.DeleteFunc(slices.Clone(all), func(l leaver) bool {
			return !slices.ContainsFunc(own, func(c *callPlan) bool { return c.path == l.plan.path })
		})
		if len(shared) > 0 {
			return m, shared, all
		}
	}
	return who, nil, p.leavers(d, who.Tenant)
}

// usedSequence draws pairs of calls: of another tenant, then of one member. It is nil where
// nobody of another tenant leaves anything.
func (p *Plan) usedSequence(who *Member, d *Dataset, n int, bits Bits) []model.Step {
	who, shared, list := p.finder(who, d)
	own := p.inSQL(who)
	if len(list) == 0 || len(own) == 0 {
		return nil
	}
	turn := seeded(bits.Next(), -11)
	at := turn.upTo(len(list))
	var steps []model.Step
	for i := range n {
		c := seeded(bits.Next(), -9)
		if len(shared) > 0 && c.percent(75) { // what a path leaves, the same path is the likeliest to find
			l := c.leaver(shared, at+i)
			first, ok := p.leaves(l, d, &c)
			if !ok {
				continue
			}
			if next, ok := p.after(l, &first, who, d, &c); ok {
				steps = append(steps, first, next)
			}
			continue
		}
		first, ok := p.leaves(c.leaver(list, at+i), d, &c)
		if !ok {
			continue
		}
		if next, ok := p.leaves(leaver{who, own[c.upTo(len(own))]}, d, &c); ok {
			steps = append(steps, first, next)
		}
	}
	return steps
}

// leaves draws the call of a leaver.
func (p *Plan) leaves(l leaver, d *Dataset, c *choices) (model.Step, bool) {
	args, ok := p.callArgs(l.plan, l.who, d, l.plan.any(c), l.plan.counts[0], c)
	if !ok {
		return model.Step{}, false
	}
	return p.callStep(l.plan, l.who, args), true
}

// leaver takes the paths in turn, and draws who calls one.
func (c *choices) leaver(list []leaver, turn int) leaver {
	var paths []*model.Path
	for _, l := range list {
		if !slices.Contains(paths, l.plan.path) {
			paths = append(paths, l.plan.path)
		}
	}
	path := paths[turn%len(paths)]
	of := slices.DeleteFunc(slices.Clone(list), func(l leaver) bool { return l.plan.path != path })
	return of[c.upTo(len(of))]
}

// Pairs cuts a sequence into pairs of calls, where it consists of such pairs: a call that may leave
// something, and one of another tenant that may find it. It is nil for other sequences.
func Pairs(steps []model.Step) [][]model.Step {
	if len(steps) < 2 || len(steps)%2 != 0 {
		return nil
	}
	var out [][]model.Step
	for i := 0; i < len(steps); i += 2 {
		a, b := &steps[i], &steps[i+1]
		if a.Op.Path == nil || b.Op.Path == nil || a.Tenant == b.Tenant {
			return nil
		}
		out = append(out, steps[i:i+2])
	}
	return out
}

// mostCross bounds the pairs of two different paths that the walk tries for a member.
const mostCross = 8

// Used lists the pairs of calls that the walk tries for a member: each call of another
// tenant that may leave something, then the same call, then the member's others.
func (p *Plan) Used(d *Dataset, who *Member) [][]model.Step {
	var out [][]model.Step
	var seen []leaver
	cross := 0
	for _, l := range p.leavers(d, who.Tenant) {
		if slices.ContainsFunc(seen, func(o leaver) bool { return o.plan == l.plan }) {
			continue // a member of each session is enough
		}
		seen = append(seen, l)
		for n, kind := range []Kind{Own, Other} {
			args, ok := p.callArgs(l.plan, l.who, d, try{kind: kind}, l.plan.counts[0], &choices{})
			if !ok {
				continue
			}
			first := p.callStep(l.plan, l.who, args)
			if next, ok := p.after(l, &first, who, d, &choices{}); ok {
				out = append(out, []model.Step{first, next})
			}
			if n > 0 {
				continue
			}
			for _, c := range p.inSQL(who) {
				if args, ok := p.callArgs(c, who, d, try{kind: Own}, c.counts[0], &choices{}); ok && c.path != l.plan.path && cross < mostCross {
					out = append(out, []model.Step{first, p.callStep(c, who, args)})
					cross++
				}
			}
		}
	}
	return out
}
