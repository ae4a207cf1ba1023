package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

const (
	mostListening = 6  // sessions that listen at the same time, each on a connection of its own
	mostAtOnce    = 8  // statements over tables while they do
	mostOfKind    = 48 // updates, inserts, deletes, and calls
	mostWriting   = 2  // sessions that write, for each trigger and command
	mostSets      = 2  // columns that an update sets, one at a time
	mostGone      = 2  // rows that are deleted, one at a time
	mostSent      = 3  // calls of a path that notifies, by each session
)

// newListens lists the channels that a session listens to.
func (p *Plan) newListens(s *model.Session) []*model.Path {
	var out []*model.Path
	for _, path := range p.Contract.Paths {
		if path.Channel != nil && path.User(s) != nil {
			out = append(out, path)
		}
	}
	return out
}

// Channels lists the paths that listen.
func (p *Plan) Channels() []*model.Path {
	var out []*model.Path
	for _, list := range p.listens {
		for _, path := range list {
			if !slices.Contains(out, path) {
				out = append(out, path)
			}
		}
	}
	return out
}

// Listens lists what the walk tries about a channel: somebody of each session and tenant listens,
// another one does what may notify, and then they look what came.
func (p *Plan) Listens(d *Dataset, path *model.Path) [][]model.Step {
	var out [][]model.Step
	for _, kind := range p.sent(d, path.Channel) {
		most := mostAtOnce
		if len(kind) > 0 && kind[0].Op.Path != nil { // one call may be in the way of the next
			most = 1
		}
		for sent := range slices.Chunk(kind[:min(len(kind), mostOfKind)], most) {
			for chunk := range slices.Chunk(p.listeners(d, path), mostListening) {
				var steps []model.Step
				for _, m := range chunk {
					steps = append(steps, p.listening(m, path, true))
				}
				steps = append(steps, sent...)
				for _, m := range chunk {
					steps = append(steps, p.listening(m, path, false))
				}
				out = append(out, steps)
			}
		}
	}
	return out
}

// listening is one half of what a listening session does: it begins to listen, or it looks what
// came. A session that uses a pooler begins on a connection to the server itself, since the
// pooler's own connection would get the notifications.
func (p *Plan) listening(m *Member, path *model.Path, begins bool) model.Step {
	step := m.step(model.Op{Path: path})
	if begins {
		step.Cut, step.Fresh = 1, m.Session.Via != ""
	} else {
		step.From = 1
	}
	return step
}

// listeners lists the members that may listen, each session, tenant and user once.
func (p *Plan) listeners(d *Dataset, path *model.Path) []*Member {
	var out []*Member
	for i := range d.Cast {
		m := &d.Cast[i]
		known := slices.ContainsFunc(out, func(o *Member) bool { return *o == *m })
		if !known && !m.handed() && slices.Contains(p.listens[m.Session.ID], path) {
			out = append(out, m)
		}
	}
	return out
}

// sent lists the steps that may notify on a channel, of each kind: writes of what the contract lets a
// session write to the tables at which something fires, on rows of its tenant, and calls of paths.
func (p *Plan) sent(d *Dataset, ch *model.Channel) [][]model.Step {
	if p.whole != nil { // whoever is listened to
		p = p.whole
	}
	w := walk{Plan: p, d: d}
	var tables []*model.Table
	for i := range ch.Fired {
		if t := ch.Fired[i].Table; !slices.Contains(tables, t) {
			tables = append(tables, t)
			w.fires(t, ch)
		}
	}
	steps := slices.Concat(w.cells...)
	var out [][]model.Step
	for _, command := range []model.Command{model.Update, model.Insert, model.Delete} {
		out = append(out, slices.DeleteFunc(slices.Clone(steps), func(st model.Step) bool { return st.Op.Shape.Command != command }))
	}
	return append(out, p.calling(d, ch))
}

// calling lists the calls of paths that notify on a channel, by one member of each session.
func (p *Plan) calling(d *Dataset, ch *model.Channel) []model.Step {
	var out []model.Step
	for _, path := range ch.Paths {
		var by []*model.Session
		for i := range d.Cast {
			m := &d.Cast[i]
			if p.callOf(m, path) == nil || slices.Contains(by, m.Session) {
				continue
			}
			by = append(by, m.Session)
			n := 0
			for _, call := range p.Calls(d, m) {
				if call.Step.Op.Path == path && call.Kind == Own && !call.Step.Observed() && n < mostSent {
					out = append(out, call.Step)
					n++
				}
			}
		}
	}
	return out
}

// fires adds the writes to a table at which something fires that notifies.
func (w *walk) fires(t *model.Table, ch *model.Channel) {
	var on model.ViewWrite
	for i := range ch.Fired {
		if n := &ch.Fired[i]; n.Table == t {
			on.Insert, on.Update, on.Delete = on.Insert || n.Trigger.On.Insert, on.Update || n.Trigger.On.Update, on.Delete || n.Trigger.On.Delete
		}
	}
	writers := map[model.Command][]*model.Session{}
	for i := range w.d.Cast {
		m := &w.d.Cast[i]
		list := w.tablesOf(m, w.d)
		at := slices.IndexFunc(list, func(c choice) bool { return c.table == t })
		if at < 0 || m.Tenant.Null {
			continue
		}
		rules := &m.Session.Writes[t.ID]
		writes := func(command model.Command, on bool, rule *model.Rule) bool {
			if !on || rule == nil || rule.Kind == model.RuleNone || slices.Contains(writers[command], m.Session) || len(writers[command]) >= mostWriting {
				return false
			}
			writers[command] = append(writers[command], m.Session)
			return true
		}
		own, _ := w.pair(m, t)
		if writes(model.Insert, on.Insert, rules.Insert) {
			w.puts(m, &list[at])
		}
		if own != nil && writes(model.Update, on.Update, rules.From) {
			w.alters(m, &list[at], own)
		}
		if own != nil && writes(model.Delete, on.Delete, rules.Delete) {
			w.removes(m, &list[at])
		}
	}
}

// puts adds the insert of a new row of the session's tenant.
func (w *walk) puts(m *Member, c *choice) {
	for _, s := range c.inserts {
		w.fresh++
		if row := w.offer(c.table, m.Tenant, w.fresh); row != nil && s.shape.Command == model.Insert {
			w.add(m, s.shape, values(row, s.shape.Columns))
			return
		}
	}
}

// alters adds updates of a row, of one column each: first those that leave the row whose it is.
func (w *walk) alters(m *Member, c *choice, row model.Row) {
	var plainly, other []*model.Shape
	for _, s := range c.updates {
		if !byKey(s.shape) {
			continue
		}
		column := s.shape.Columns[0]
		if tp := &w.tables[c.table.ID]; model.Contains(tp.tenant, column) || tp.inside(column) != nil || isReference(c.table, column) {
			other = append(other, s.shape)
		} else {
			plainly = append(plainly, s.shape)
		}
	}
	n := 0
	for _, s := range append(plainly, other...) {
		sets := w.sets(m, s, row)
		if len(sets) == 0 || n >= mostSets {
			continue
		}
		n++
		if w.fresh++; slices.Contains(plainly, s) { // a new row's value, which can be traced
			if o := w.offer(c.table, m.Tenant, w.fresh); o != nil && o[s.Columns[0]] != row[s.Columns[0]] {
				sets[0] = []model.Value{o[s.Columns[0]]}
			}
		}
		w.add(m, s, w.compared(s, sets[0], row))
	}
}

// removes adds deletes of rows of the session's tenant, one by one: others may refer to some.
func (w *walk) removes(m *Member, c *choice) {
	at := slices.IndexFunc(c.deletes, func(s weighted) bool { return byKey(s.shape) })
	if at < 0 {
		return
	}
	list, n := w.owners(w.d, c.table.ID, m.Tenant), 0
	for i, row := range w.d.State.Rows(c.table.ID)[len(c.table.Seed):] {
		if list[i] == 0 && n < mostGone {
			n++
			w.add(m, c.deletes[at].shape, w.compared(c.deletes[at].shape, nil, row))
		}
	}
}

// byKey reports whether a statement is about the row of a key, and returns nothing.
func byKey(s *model.Shape) bool {
	return s.Where.Match == model.Equal && slices.Equal(s.Where.Columns, s.Table.Key) && len(s.Returning) == 0
}
