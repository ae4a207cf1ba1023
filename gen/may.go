package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// What a member may do: a session that nothing binds has its tenant only on the paths that
// hand one over, and no tenant elsewhere.

// tablesOf is the shapes of a member that a dataset is about.
func (p *Plan) tablesOf(m *Member, d *Dataset) []choice {
	if m.handed() {
		return nil
	}
	return p.inPart(m.Session, d)
}

// handed reports whether the member has its tenant from the paths that it calls.
func (m *Member) handed() bool { return m.Session.Tenantless && !m.Tenant.Null }

// step is a step of a member.
func (m *Member) step(op model.Op) model.Step {
	return model.Step{Session: m.Session, Tenant: m.Tenant, User: m.User, Op: op}
}

// callsOf lists the calls of a member.
func (p *Plan) callsOf(m *Member) []*callPlan {
	return p.callsWith(m.Session, !m.Tenant.Null)
}

// callsWith lists the calls of a session with a tenant, or those without.
func (p *Plan) callsWith(s *model.Session, tenant bool) []*callPlan {
	all := p.calls[s.ID]
	if !s.Tenantless {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(c *callPlan) bool { return tenant == c.path.User(s).Rules.Tenantless })
}

// inSQL lists the calls of a member that can be rolled back, and are drawn at random.
func (p *Plan) inSQL(m *Member) []*callPlan { return drawable(p.callsOf(m)) }

// Draws reports whether there is anything to draw at random: some paths only the walk calls.
func (p *Plan) Draws() bool {
	return slices.ContainsFunc(p.Contract.Sessions, func(s *model.Session) bool {
		return len(p.shapes[s.ID]) > 0 || slices.ContainsFunc(p.calls[s.ID], func(c *callPlan) bool { return !c.path.Asked() })
	})
}

func drawable(list []*callPlan) []*callPlan {
	var out []*callPlan
	for _, c := range list {
		if !c.path.Really() && !c.path.Asked() {
			out = append(out, c)
		}
	}
	return out
}
