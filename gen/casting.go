package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// role is one identity that a dataset is to have.
type role struct {
	session *model.Session
	tenant  int  // index; -1 without
	last    bool // its user is the last one who may be, not the first
}

// casting chooses the sessions and tenants that act on the dataset. The first two
// are of two tenants, so that something is at stake between them.
func (p *Plan) casting(c *choices, o Options) []role {
	var all []role
	for _, s := range p.Contract.Sessions {
		if !p.acts(s) && !p.looks(s) { // it has nothing to try
			continue
		}
		if s.Tenantless {
			if len(p.shapes[s.ID])+len(p.callsWith(s, false))+len(p.listens[s.ID]) > 0 {
				all = append(all, role{session: s, tenant: -1})
			}
			if len(p.callsWith(s, true)) == 0 {
				continue
			}
		}
		for k := range o.Tenants {
			if o.swapped {
				k = o.Tenants - 1 - k
			}
			all = append(all, role{session: s, tenant: k})
		}
	}
	if c.state != 0 {
		for i := range all {
			j := i + c.upTo(len(all)-i)
			all[i], all[j] = all[j], all[i]
		}
		if c.percent(twins) {
			p.twinFirst(all, c)
		}
		if c.percent(crossed) {
			crossFirst(all)
		}
		others := seeded(c.state, -3)
		for i := range all {
			all[i].last = o.part == 0 && others.percent(lastShare)
		}
	}
	least := 0
	if o.About != nil {
		least = aboutFirst(all, o.About)
	}
	return all[:min(len(all), max(o.Cast, least))]
}

// acts reports whether a session has anything to try; where some listen, to what others send too.
func (p *Plan) acts(s *model.Session) bool {
	q := p
	if p.whole != nil && len(p.Channels()) > 0 {
		q = p.whole
	}
	return len(q.shapes[s.ID])+len(q.calls[s.ID])+len(p.listens[s.ID]) > 0
}

// lastShare is per cent of the identities, but for the walk's, whose user is the last of its
// tenant: what takes the first one for whoever asks shows then.
const lastShare = 30

// twins is per cent of the datasets in which the first two roles are one session of two
// tenants: what the first leaves, the other may find.
const twins = 50

// mostTwin bounds how much likelier a session is to be the twins for calls that leave
// something: ten sequences are enough for several.
const mostTwin = 2

// twinFirst puts a session of two tenants first: if there are some whose calls leave
// something, one of these.
func (p *Plan) twinFirst(all []role, c *choices) {
	lasting := func(r role) int {
		if r.tenant < 0 {
			return 0
		}
		n := 0
		for _, call := range drawable(p.callsWith(r.session, true)) {
			if call.lasts {
				n++
			}
		}
		return min(n, mostTwin)
	}
	total := 0
	for _, r := range all {
		total += lasting(r)
	}
	if total > 0 {
		n := c.upTo(total)
		for i := range all {
			if n -= lasting(all[i]); n < 0 {
				all[0], all[i] = all[i], all[0]
				break
			}
		}
	}
	for i := 1; i < len(all); i++ {
		if all[i].session == all[0].session {
			all[1], all[i] = all[i], all[1]
			return
		}
	}
}

// crossed is per cent of the datasets in which the first user is of the second tenant and the
// second one of the first, so that a user's number is that of a tenant which is not the user's:
// what compares the one with the other shows then.
const crossed = 80

// crossFirst puts somebody of the second tenant first among those who are users, and somebody
// of the first tenant next.
func crossFirst(all []role) {
	at := 0
	for _, tenant := range []int{1, 0} {
		for at < len(all) && (all[at].tenant < 0 || all[at].session.User == nil) {
			at++
		}
		for i := at; i < len(all); i++ {
			if all[i].session.User != nil && all[i].tenant == tenant {
				all[at], all[i] = all[i], all[at]
				break
			}
		}
		at++
	}
}

// aboutFirst puts the roles that a path needs first, and counts them. Somebody of a tenant is among
// them, to see what a session of none makes.
func aboutFirst(all []role, p *model.Path) int {
	needs := func(r role) bool {
		return p.User(r.session) != nil || p.Enqueue != nil && p.Enqueue.User(r.session) != nil
	}
	slices.SortStableFunc(all, func(a, b role) int {
		switch {
		case needs(a) == needs(b):
			return 0
		case needs(a):
			return -1
		}
		return 1
	})
	n, tenants := 0, 0
	for n < len(all) && needs(all[n]) {
		if all[n].tenant >= 0 {
			tenants++
		}
		n++
	}
	if i := slices.IndexFunc(all, func(r role) bool { return r.tenant >= 0 }); tenants == 0 && i >= n {
		all[n], all[i] = all[i], all[n]
		n++
	}
	return n
}
