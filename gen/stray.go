package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// strays lists the sessions that may lose their tenant: the application forgets to set it, or a pool
// hands the connection to somebody else. A session whose login or role is its tenant cannot. One of
// each role is enough, and none where the contract has a session without a tenant of that role:
// that one shows the same, judged by rules of its own.
func (p *Plan) strays() []*model.Session {
	role := func(s *model.Session) string {
		if s.Role.IsZero() {
			return s.Login.Text
		}
		return s.Role.Text
	}
	var out []*model.Session
	for _, s := range p.Contract.Sessions {
		_, binds := p.Contract.Bind(s, null, null, nil)
		if !s.Tenantless && binds && told(s) && !slices.ContainsFunc(p.Contract.Sessions, func(o *model.Session) bool { return o.Tenantless && role(o) == role(s) }) &&
			!slices.ContainsFunc(out, func(o *model.Session) bool { return role(o) == role(s) }) {
			out = append(out, s)
		}
	}
	return out
}

// told reports whether settings alone say whose a session is, and not its login or role.
func told(s *model.Session) bool {
	if u := s.User; u != nil && u.Where != nil {
		for _, name := range []string{s.Login.Text, s.Role.Text} {
			if name != "" && slices.ContainsFunc(sql.Tokens(u.Where.Text), func(t sql.Token) bool { return t.Kind == sql.Str && t.Text == name }) {
				return false
			}
		}
	}
	return slices.ContainsFunc(s.Settings, func(set model.Setting) bool { return set.Follows() })
}

// stray adds what such a session does: it reads, and writes to each table once in each way. What it
// sees of all tables is looked at after each statement.
func (w *walk) stray() {
	for _, s := range w.lost {
		m := &Member{Session: s, Tenant: null, User: null}
		list := w.tablesOf(m, w.d)
		for i := range list {
			c := &list[i]
			_, other := w.pair(m, c.table)
			w.add(m, c.selects[0].shape, nil)
			if len(c.inserts) > 0 {
				w.insert(m, c.inserts[0].shape)
			}
			for _, u := range slices.Concat(c.updates, c.deletes) {
				if u.shape.Where.Match == model.Every && other != nil {
					for _, set := range w.sets(m, u.shape, other) {
						w.add(m, u.shape, set)
					}
				}
			}
		}
	}
}

// strayShare is how many of a hundred statements of such sessions lose their tenant.
const strayShare = 3

// lose makes a step that of a session without its tenant, now and then.
func (p *Plan) lose(step *model.Step, c *choices) {
	if slices.Contains(p.lost, step.Session) && c.percent(strayShare) {
		step.Tenant, step.User = null, null
	}
}
