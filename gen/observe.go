package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// observedShare is how many of a hundred calls that somebody may observe are observed; the others
// are judged by what they write and what they return.
const observedShare = 60

// global reports whether a call is made for no tenant and may read the rows of all, such as a
// nightly job. What it returns cannot be too much, but what it writes for one tenant may hold what
// is another's. A function with arguments does not count: they may say whose rows go to whom.
func (p *Plan) global(c *callPlan, s *model.Session) bool {
	u := c.path.User(s)
	if c.path.Kind == "function" && len(c.path.Args) > 0 {
		return false
	}
	return (c.lasts || c.path.Program != nil) && u.Rules.Tenantless && slices.ContainsFunc(p.Contract.Schema.Tables, func(t *model.Table) bool {
		r := u.Sees[t.ID].Rule
		return r != nil && r.Kind == model.RuleAll && len(p.Contract.Belongs[t.ID].Paths) > 0
	})
}

// observers lists those of a dataset's cast in whose place a member's call may be observed: of
// each session that may see rows of a table which the call may write, one of each tenant.
func (p *Plan) observers(c *callPlan, m *Member, d *Dataset) []*Member {
	if !m.Tenant.Null || !p.global(c, m.Session) {
		return nil
	}
	var out []*Member
	for i := range d.Cast {
		o := &d.Cast[i]
		if o.Tenant.Null || o.handed() || slices.ContainsFunc(out, func(x *Member) bool { return x.Session == o.Session && x.Tenant == o.Tenant }) {
			continue
		}
		if p.made(c.path.User(m.Session), o.Session) {
			out = append(out, o)
		}
	}
	return out
}

// made reports whether a session may see rows of a table that another one may write through a path.
func (p *Plan) made(u *model.PathUser, s *model.Session) bool {
	return slices.ContainsFunc(p.Contract.Schema.Tables, func(t *model.Table) bool {
		w := &u.Writes[t.ID]
		return (allows(w.Insert) || allows(w.To)) && allows(s.Sees[t.ID].Rule)
	})
}

// looks reports whether a session may observe some call that is tried.
func (p *Plan) looks(s *model.Session) bool {
	return !s.Tenantless && slices.ContainsFunc(p.Contract.Sessions, func(by *model.Session) bool {
		return slices.ContainsFunc(p.calls[by.ID], func(c *callPlan) bool { return p.global(c, by) && p.made(c.path.User(by), s) })
	})
}

func allows(r *model.Rule) bool { return r != nil && r.Kind != model.RuleNone }

func (m *Member) observer() model.Observer {
	return model.Observer{Session: m.Session, Tenant: m.Tenant, User: m.User}
}

// observed draws who observes a call, if anybody does.
func (p *Plan) observed(step *model.Step, c *callPlan, m *Member, d *Dataset, dice *choices) {
	if list := p.observers(c, m, d); len(list) > 0 && dice.percent(observedShare) {
		step.Observer = list[dice.upTo(len(list))].observer()
	}
}

// watched is a call of the walk in the place of each observer in turn; of a program, which takes
// long, in that of the first one.
func (p *Plan) watched(call Call, c *callPlan, m *Member, d *Dataset) []Call {
	list := p.observers(c, m, d)
	if c.path.Really() {
		list = list[:min(len(list), 1)]
	}
	var out []Call
	for _, o := range list {
		call.Step.Observer = o.observer()
		out = append(out, call)
	}
	return out
}
