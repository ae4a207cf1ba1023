package gen

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// stage is the members of a play.
type stage struct {
	*Plan
	d       *Dataset
	path    *model.Path
	cast    [2]*Member     // nil: nobody
	tenants [2]model.Value // for which work is put into the queue; NULL: none
	lookers []*Member      // in whose place the calls of a member without a tenant may be observed: one of each tenant
	looks   model.Observer // who of them is it
	kind    Kind
	dice    *choices
	row     model.Row // that the arguments come from
	args    []model.Value
	fresh   int
	cut     int // where a call ends half-way; 0: drawn
}

// newStage chooses who plays: a member that may call the path, from the nth on, and one of
// another tenant.
func (p *Plan) newStage(d *Dataset, path *model.Path, nth int, c *choices) *stage {
	s := &stage{Plan: p, d: d, path: path, dice: c, kind: Own}
	for i := range d.Cast {
		m := &d.Cast[(i+nth)%len(d.Cast)]
		if p.callOf(m, path) == nil {
			continue
		}
		if s.cast[0] == nil {
			s.cast[0] = m
		} else if s.cast[1] == nil && m.Tenant != s.cast[0].Tenant && m.Session == s.cast[0].Session {
			s.cast[1] = m
		}
	}
	s.tenants = [2]model.Value{null, null}
	for k, m := range s.cast {
		if m != nil {
			s.tenants[k] = m.Tenant
		}
	}
	if s.cast[0] != nil && s.cast[0].Tenant.Null {
		s.serves(nth)
	}
	if c.percent(40) {
		s.kind = Other
	} else if c.percent(15) {
		s.kind = Kind(c.upTo(int(Null) + 1))
	}
	return s
}

// serves chooses the tenants for which a member works that is of none: those of the cast that put
// work into the queue, from the nth on. Somebody of theirs observes what is made, or of any where
// there is no queue.
func (s *stage) serves(nth int) {
	n := 0
	for i := range s.d.Cast {
		m := &s.d.Cast[(i+nth)%len(s.d.Cast)]
		if q := s.path.Enqueue; n < 2 && q != nil && q.User(m.Session) != nil && !m.Tenant.Null && m.Tenant != s.tenants[0] {
			s.tenants[n] = m.Tenant
			n++
		}
	}
	list := s.observers(s.callOf(s.cast[0], s.path), s.cast[0], s.d)
	for _, tenant := range s.tenants {
		if of := slices.DeleteFunc(slices.Clone(list), func(m *Member) bool { return tenant != null && m.Tenant != tenant }); len(of) > 0 {
			s.lookers = append(s.lookers, of[s.dice.upTo(len(of))])
		}
	}
	if len(s.lookers) > 0 {
		s.looks = s.lookers[s.dice.upTo(len(s.lookers))].observer()
	}
}

// play is the steps of a play: none where its path cannot be called. A scene for which
// there is nobody is left out.
func (s *stage) play(p *play) []model.Step {
	if s.cast[0] == nil || !s.arguments() {
		return nil
	}
	var out []model.Step
	called := false
	for _, sc := range append(slices.Clone(p.scenes), unset) {
		step, ok := s.step(sc)
		if !ok {
			continue
		}
		out, called = append(out, step), called || step.Op.Path == s.path
	}
	if !called {
		return nil
	}
	return out
}

// arguments draws the arguments of all calls, from one row.
func (s *stage) arguments() bool {
	plan, who := s.callOf(s.cast[0], s.path), s.cast[0]
	if q := s.path.Enqueue; q != nil && (len(s.path.Args) == 0 || who.Tenant.Null) && len(q.Args) > 0 {
		if m := s.enqueuer(0); m != nil && s.callOf(m, q) != nil {
			plan, who = s.callOf(m, q), m
		}
	}
	if plan.several() && s.dice.percent(50) {
		s.kind = Both
	}
	for _, kind := range []Kind{s.kind, Own} {
		a := &arguments{Plan: s.Plan, c: plan, m: who, d: s.d, try: plan.mixed(try{kind: kind}, s.dice), dice: s.dice}
		if !a.base() {
			continue
		}
		s.row, s.args = a.row, make([]model.Value, plan.counts[0])
		for i := range s.args {
			s.args[i] = a.value(i)
		}
		return true
	}
	return false
}

// enqueuer is who puts work into the queue for the one or the other tenant.
func (s *stage) enqueuer(who int) *Member {
	for i := range s.d.Cast {
		if m := &s.d.Cast[i]; s.path.Enqueue.User(m.Session) != nil && m.Tenant == s.tenants[who] {
			return m
		}
	}
	return nil
}

// step is one scene; ok is false where nobody can play it.
func (s *stage) step(sc scene) (step model.Step, ok bool) {
	m := s.cast[max(sc.who, 0)]
	switch {
	case sc.act == enqueues:
		if s.path.Enqueue == nil || s.tenants[sc.who].Null && !s.cast[0].Tenant.Null {
			return step, false
		}
		if m = s.enqueuer(sc.who); m == nil || s.callOf(m, s.path.Enqueue) == nil {
			return step, false
		}
		return s.call(m, s.path.Enqueue), true
	case m == nil:
		return step, false
	}
	switch sc.act {
	case changes, touches:
		return s.write(sc.act == touches)
	case breaks:
		n := places(s.path)
		if n < 1 {
			return step, false
		}
		step = s.call(m, s.path)
		if step.Cut = s.cut; step.Cut == 0 {
			step.Cut = 1 + s.dice.upTo(n)
			step.Undone = !s.path.Really() && s.dice.percent(50)
		}
		return step, true
	case begins, goesOn:
		n := places(s.path)
		if n < 1 || s.path.Really() || s.cast[1] == nil { // nobody knows how to hold a program up
			return step, false
		}
		if s.cut == 0 {
			s.cut = 1 + s.dice.upTo(n)
		}
		step = s.call(m, s.path)
		if sc.act == begins {
			step.Cut = s.cut
		} else {
			step.From = s.cut
		}
		return step, true
	case enqueues, runs:
	}
	step = s.call(m, s.path)
	if sc.who < 0 {
		if !s.path.MustFail || m.Tenant.Null {
			return step, false
		}
		step.Tenant, step.User = null, null
		for i, a := range s.path.Args {
			if a.Variable != "" {
				step.Op.Args[i] = null
			}
		}
	}
	return step, true
}

// call is a call by a member: with the arguments of the play, but for what is the caller's own.
func (s *stage) call(m *Member, path *model.Path) model.Step {
	step := m.step(model.Op{Path: path})
	if path == s.path && m.Tenant.Null {
		step.Observer = s.looks
	}
	for i := range path.Args {
		switch {
		case path.Args[i].Variable != "":
			a := &arguments{Plan: s.Plan, c: s.callOf(m, path), m: m, d: s.d, dice: s.dice}
			step.Op.Args = append(step.Op.Args, a.own(path.Args[i].Variable))
		case i < len(s.args):
			step.Op.Args = append(step.Op.Args, s.args[i])
		default:
			step.Op.Args = append(step.Op.Args, null)
		}
	}
	return step
}

// write is a write of somebody of the one tenant: to the row that the arguments come
// from, else to a row of the tenant in a table that the path names.
func (s *stage) write(touch bool) (step model.Step, ok bool) {
	type writer struct {
		m     *Member
		shape *model.Shape
	}
	var list []writer
	table := s.callOf(s.cast[0], s.path).table
	for i := range s.d.Cast {
		w := &s.d.Cast[i]
		if w.Tenant != s.tenants[0] || w.Session.Tenantless {
			continue
		}
		tables := s.tablesOf(w, s.d)
		for k := range tables {
			c := &tables[k]
			if touch && c.table != table || !touch && !s.mentions(c.table) || c.granted == 0 {
				continue
			}
			for _, o := range slices.Concat(c.updates, c.deletes) {
				if o.shape.Where.Match == model.Equal && slices.Equal(o.shape.Where.Columns, c.table.Key) && (touch || o.shape.Command == model.Update) {
					list = append(list, writer{w, o.shape})
				}
			}
		}
	}
	if len(list) == 0 || touch && s.row == nil {
		return step, false
	}
	by := list[s.dice.upTo(len(list))]
	row := s.row
	if !touch {
		w := walk{Plan: s.Plan, d: s.d}
		if row, _ = w.pair(by.m, by.shape.Table); row == nil {
			return step, false
		}
	}
	step = model.Step{Session: by.m.Session, Tenant: by.m.Tenant, User: by.m.User, Op: model.Op{Shape: by.shape}}
	for _, p := range by.shape.Params {
		v := row[p.Column]
		if p.Set {
			v = s.newValue(by.shape.Table, p.Column, by.m, s.d, &s.fresh, s.dice)
		}
		step.Op.Args = append(step.Op.Args, v)
	}
	return step, true
}

// mentions reports whether the path's SQL, or a function that it names, names a table. Of
// a program nobody knows.
func (s *stage) mentions(t *model.Table) bool {
	if len(s.path.Run) == 0 {
		return true
	}
	text := strings.Join(s.path.Run, ";\n")
	if sql.Mentions(text, t.Name) {
		return true
	}
	return slices.ContainsFunc(s.Contract.Schema.Routines, func(m *model.Routine) bool {
		return sql.Mentions(text, m.Name) && mentionsName(m.Source, t.Name)
	})
}
