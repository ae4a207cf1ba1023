package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// act is what one step of a play does.
type act uint8

const (
	enqueues act = iota // puts work into the queue of the path, where the contract says how
	runs                // calls the path
	breaks              // calls it, and the call ends half-way
	begins              // calls it, and comes half-way
	goesOn              // goes on with that
	changes             // writes a row of a table that the path names: the tenant's settings
	touches             // writes the row that the arguments come from, or deletes it
)

// scene is one step of a play.
type scene struct {
	act act
	who int // 0: of the one tenant, 1: of the other, -1: a session whose tenant was never set
}

// play is what several sessions do around a path that works off a queue or is called from
// outside. Its calls have the same arguments, whoever makes them.
type play struct {
	name   string
	weight int
	scenes []scene
}

// plays is what may go wrong with a job: it runs twice, with work of two tenants, with the
// other's work before its own, half-way and again, half-way before the other runs it, at the
// same time as the other's, after what it needs was changed, with what the other tenant put
// in. At last it is started without a tenant.
//
// At the same time is between two transactions of a call, on another connection of the pool.
// All else that a pool of several connections can show, one of one connection shows as well:
// what a session leaves, it leaves on its connection, and the next one finds most where it
// gets that very connection. Transactions that are open at the same time wait for each other's
// locks, and which of them does is a matter of time: these are not drawn.
var plays = []play{
	{"once", 15, []scene{{runs, 0}}},
	{"again", 10, []scene{{enqueues, 0}, {runs, 0}, {runs, 0}}},
	{"two tenants", 25, []scene{{enqueues, 1}, {enqueues, 0}, {runs, 0}, {runs, 1}}},
	{"half-way", 15, []scene{{enqueues, 0}, {breaks, 0}, {touches, 0}, {runs, 0}}},
	{"half-way, then the other", 15, []scene{{enqueues, 0}, {enqueues, 1}, {breaks, 0}, {runs, 1}}},
	{"at the same time", 15, []scene{{enqueues, 0}, {enqueues, 1}, {begins, 0}, {begins, 1}, {goesOn, 0}, {goesOn, 1}}},
	{"changed settings", 10, []scene{{runs, 0}, {changes, 0}, {runs, 0}}},
	{"moved row", 10, []scene{{enqueues, 0}, {touches, 0}, {runs, 0}}},
	{"the other's payload", 10, []scene{{runs, 1}, {runs, 0}}},
}

// halfWay reports whether a call of a play ends half-way.
func (p *play) halfWay() bool {
	return slices.ContainsFunc(p.scenes, func(s scene) bool { return s.act == breaks })
}

// unset ends each play about a path that must fail without a tenant.
var unset = scene{runs, -1}

// Jobs lists the paths that plays are about: those of the contract that are jobs or
// webhooks, have a queue, or run outside of SQL.
func (p *Plan) Jobs() []*model.Path {
	var out []*model.Path
	for _, path := range p.Contract.Paths {
		if (path.Job() || path.Really()) && path.Untried == "" && slices.ContainsFunc(path.Users, func(u model.PathUser) bool { return planOf(p.calls[u.Session.ID], path) != nil }) {
			out = append(out, path)
		}
	}
	return out
}

// callOf is a member's call of a path; nil where it has none.
func (p *Plan) callOf(m *Member, path *model.Path) *callPlan { return planOf(p.callsOf(m), path) }

func planOf(list []*callPlan, path *model.Path) *callPlan {
	i := slices.IndexFunc(list, func(c *callPlan) bool { return c.path == path })
	if i < 0 {
		return nil
	}
	return list[i]
}

// Play draws a play about a path; none where the dataset has nobody who may call it.
func (p *Plan) Play(bits Bits, d *Dataset, path *model.Path) []model.Step {
	c := seeded(bits.Next(), -8)
	total := 0
	for i := range plays {
		total += plays[i].weight
	}
	n := c.upTo(total)
	for i := range plays {
		if n -= plays[i].weight; n < 0 {
			s := p.newStage(d, path, c.upTo(len(d.Cast)), &c)
			return s.play(&plays[i])
		}
	}
	return nil
}

// Plays lists the plays that the walk tries about a path, with a row of the caller's tenant
// and with one of another: those that do more than call it again. A call that ends half-way
// ends at each place where it may; a program, which takes long, does so with a row of the
// caller's tenant only.
func (p *Plan) Plays(d *Dataset, path *model.Path) [][]model.Step {
	var out [][]model.Step
	for i := range plays {
		for _, kind := range []Kind{Own, Other} {
			if kind != Own && path.Really() && plays[i].halfWay() {
				continue
			}
			for n := range max(1, places(path)) {
				s := p.newStage(d, path, 0, &choices{})
				s.kind, s.cut = kind, n+1
				for k := range max(1, len(s.lookers)) {
					if len(s.lookers) > 0 {
						s.looks = s.lookers[k].observer()
					}
					steps := s.play(&plays[i])
					more := slices.ContainsFunc(steps, func(st model.Step) bool { return st.Op.Path != path || st.Cut > 0 })
					if more && !slices.ContainsFunc(out, func(o []model.Step) bool { return slices.EqualFunc(o, steps, sameStep) }) {
						out = append(out, steps)
					}
				}
			}
		}
	}
	return out
}

// mostPlaces is after how many of a program's statements it may end half-way: how many it
// has, nobody knows.
const mostPlaces = 3

// places is in how many places a call of a path may end half-way.
func places(path *model.Path) int {
	if path.Really() {
		return mostPlaces
	}
	return len(path.SQL) - 1
}

func sameStep(a, b model.Step) bool {
	return a.Session == b.Session && a.Tenant == b.Tenant && a.User == b.User && a.Observer == b.Observer && a.Cut == b.Cut && a.From == b.From &&
		a.Op.Path == b.Op.Path && a.Op.Shape == b.Op.Shape && slices.Equal(a.Op.Args, b.Op.Args)
}
