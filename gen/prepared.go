package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// mostPrepared bounds the pairs of one statement for a session.
const mostPrepared = 12

// prepared lists pairs of steps that run one prepared statement on one connection, as members of
// two tenants, so that the second may run with the plan made for the first. Postgres plans anew for
// another role, and reads settings on each run; only a function that claims to be IMMUTABLE brings
// a tenant into a plan. So the pairs are about tables whose policies call such a function, and
// about paths that do; without one there is nothing to find.
func (p *Plan) prepared(d *Dataset) [][]model.Step {
	if len(p.frozen) == 0 {
		return nil
	}
	var out [][]model.Step
	for _, s := range p.Contract.Sessions {
		two := p.two(d, s)
		if two == nil || s.Via != "" { // PgBouncer lets no statement stay prepared before 1.21
			continue
		}
		var pairs [][]model.Step
		tables := p.tablesOf(two[0], d)
		for i := range tables {
			c := &tables[i]
			if len(c.selects) > 0 && p.asksFrozen(c.table) {
				pairs = append(pairs, bothDo(two, model.Op{Shape: c.selects[0].shape}))
			}
		}
		for _, c := range p.inSQL(two[0]) {
			if !p.callsFrozen(c.path) {
				continue
			}
			if args, ok := p.callArgs(c, two[0], d, try{kind: Own}, c.counts[0], &choices{}); ok {
				pairs = append(pairs, bothDo(two, model.Op{Path: c.path, Args: args}))
			}
		}
		out = append(out, pairs[:min(len(pairs), mostPrepared)]...)
	}
	return out
}

// two is a member of a session, and one of another tenant; nil where there are not both.
func (p *Plan) two(d *Dataset, s *model.Session) []*Member {
	var out []*Member
	for i := range d.Cast {
		if m := &d.Cast[i]; m.Session == s && !m.Tenant.Null && (len(out) == 0 || out[0].Tenant != m.Tenant) {
			if out = append(out, m); len(out) == 2 {
				return out
			}
		}
	}
	return nil
}

// bothDo is the same by each member.
func bothDo(members []*Member, op model.Op) []model.Step {
	var steps []model.Step
	for _, m := range members {
		steps = append(steps, model.Step{Session: m.Session, Tenant: m.Tenant, User: m.User, Prepared: true, Op: op})
	}
	return steps
}

// freeze names what brings the result of a function that claims to be IMMUTABLE into a plan:
// those functions, and the views and functions that name them.
func (p *Plan) freeze() {
	for _, f := range p.Contract.Schema.Frozen {
		p.frozen = append(p.frozen, f.Name)
	}
	p.frozen = p.namers(p.frozen)
}

func (p *Plan) namesFrozen(text string) bool { return mentionsAny(text, p.frozen) }

// asksFrozen reports whether a policy of a table names something frozen.
func (p *Plan) asksFrozen(t *model.Table) bool {
	return t.RowSecurity && slices.ContainsFunc(t.Policies, func(o model.Policy) bool { return p.namesFrozen(o.Using) })
}

// callsFrozen reports whether a path is, or names, something frozen.
func (p *Plan) callsFrozen(path *model.Path) bool {
	switch {
	case path.View != nil:
		return slices.Contains(p.frozen, path.View.Name)
	case path.Routine != nil:
		return slices.Contains(p.frozen, path.Routine.Name)
	}
	return slices.ContainsFunc(path.Run, p.namesFrozen)
}
