package props

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// notifies finds what sends the rows that come to a session which listens: the trigger or rule
// without which nothing of them comes, the function or the path that was called.
func (l *lab) notifies(ctx context.Context, s *model.Scenario, d *judge.Divergence) (Cause, error) {
	ch := d.Cell.Path.Channel
	told := func(key, what string, object carrier.Object) Cause {
		return Cause{Key: "notify " + ch.Name + " " + key, Text: fmt.Sprintf("%s sends rows to the channel %s, to which whoever is connected may listen", what, ch.Name), object: object}
	}
	for i := range ch.Fired {
		n := &ch.Fired[i]
		for _, c := range triggers(n.Table) {
			if c.object.Trigger != n.Trigger {
				continue
			}
			if gone, err := l.without(ctx, s, d, c); err != nil {
				return Cause{}, err
			} else if gone {
				what := c.object.Name()
				return told(what, what, c.object), nil
			}
		}
	}
	for i := range s.Steps {
		p := s.Steps[i].Op.Path
		if p == nil || !slices.Contains(ch.Paths, p) {
			continue
		}
		if p.View != nil {
			for _, c := range viewTriggers(p.View) {
				if gone, err := l.without(ctx, s, d, c); err != nil || gone {
					what := c.object.Name()
					return told(what, what, c.object), err
				}
			}
		}
		return told(p.Name, p.Name, l.does(p, carrier.Body)), nil
	}
	return told("", "what writes a row", carrier.Object{}), nil
}

// sent looks for what follows from rows that a session may not see, in what it hears and no token shows.
func (l *lab) sent(ctx context.Context, s *model.Scenario, v *judge.Verdict) error {
	at := len(s.Steps) - 1
	last := &s.Steps[at]
	if !listens(last) || last.From == 0 || listening(s.Steps) > 1 {
		return nil
	}
	cell := judge.PathCell(last.Session.ID, last.Op.Path)
	came := slices.ContainsFunc(v.Stakes, func(k judge.Stake) bool { return k.Cell == cell && k.Allowed > 0 })
	if told := slices.ContainsFunc(v.Divergences, func(d judge.Divergence) bool { return d.Cell == cell }); told || !came {
		return nil
	}
	d, reason, err := l.interfered(ctx, s, at)
	switch {
	case err != nil:
		return err
	case reason != "":
		v.Unclear = map[judge.Cell]string{cell: reason}
	case d != nil:
		v.Interferes(d)
	case l.brief == nil:
		written, err := l.written(ctx, s, at)
		if err != nil || !written {
			return err
		}
		v.Stakes = append(v.Stakes, judge.Stake{Cell: cell, Forbidden: 1})
	}
	return nil
}

// written reports whether a statement reached a row that differs in the listener's second world, so
// that what is sent about it could have told the worlds apart.
func (l *lab) written(ctx context.Context, s *model.Scenario, at int) (bool, error) {
	o, err := l.observe(ctx, s, at)
	if err != nil || o == nil {
		return false, err
	}
	data, ok, err := o.second(ctx, gen.Change, nil)
	if err != nil || !ok {
		return false, err
	}
	return slices.ContainsFunc(judge.Edits(l.Contract.Schema, s.Data, data), func(e judge.Edit) bool {
		return e.Old != nil && slices.ContainsFunc(s.Steps, func(st model.Step) bool {
			return st.Op.Shape != nil && st.Op.Shape.Table == e.Table && st.Op.Matches(e.Old)
		})
	}), nil
}

// listening is how many of the steps look what came after they began to listen.
func listening(steps []model.Step) int {
	n := 0
	for i := range steps {
		if listens(&steps[i]) && steps[i].From > 0 {
			n++
		}
	}
	return n
}

// hearing is a piece of the walk in which sessions listen.
type hearing struct {
	*lab
	piece *piece
	see   func(*model.Scenario, *judge.Verdict) bool
	told  map[judge.Cell]bool // where something was found
	tried map[string]bool
	lone  []lone
}

// lone is the steps in which one session alone listens.
type lone struct {
	cell  judge.Cell
	steps []model.Step
}

// walkChannels has sessions listen while others write: first several at the same time, for tokens
// of hidden rows; then, where nothing was found, one session alone for each way of sending, in
// second worlds too.
func (l *lab) walkChannels(ctx context.Context, p *piece, n *noted, see func(*model.Scenario, *judge.Verdict) bool) error {
	h := &hearing{lab: l, piece: p, see: see, told: map[judge.Cell]bool{}, tried: map[string]bool{}}
	for target := range n.seen {
		h.told[target.Cell] = true
	}
	for _, steps := range p.channels {
		s := &model.Scenario{Data: p.set.Data, Steps: steps, Committed: true}
		v, err := l.glance(ctx, s, nil)
		if err != nil || !h.heard(s, v) {
			return err
		}
	}
	for _, o := range h.lone {
		if h.told[o.cell] {
			continue
		}
		s := &model.Scenario{Data: p.set.Data, Steps: o.steps, Committed: true}
		v, err := l.verdict(ctx, s)
		if err != nil || !h.heard(s, v) {
			return err
		}
	}
	return nil
}

// heard notes what came to those that listened, and reports whether to go on.
func (h *hearing) heard(s *model.Scenario, v *judge.Verdict) bool {
	h.piece.walked++
	h.count(v)
	for i := range v.Divergences {
		h.told[v.Divergences[i].Cell] = true
	}
	for _, k := range v.Stakes {
		if k.Cell.Path == nil || k.Cell.Path.Channel == nil || k.Allowed == 0 {
			continue
		}
		for i := range s.Steps {
			sent := &s.Steps[i]
			if listens(sent) {
				continue
			}
			key := fmt.Sprint(k.Cell.Session, " ", sends(sent))
			if steps := alone(s.Steps, sent, k.Cell); steps != nil && !h.tried[key] && len(h.lone) < mostLone {
				h.tried[key] = true
				h.lone = append(h.lone, lone{k.Cell, steps})
			}
		}
	}
	return h.see(s, v)
}

// mostLone bounds what is tried with one session alone.
const mostLone = 40

// listens reports whether a step begins to listen, or looks what came.
func listens(st *model.Step) bool { return st.Op.Path != nil && st.Op.Path.Channel != nil }

// sends is a key that is equal for steps that send in the same way: the call of a path, or a kind of
// statement over any table with the same triggers.
func sends(st *model.Step) string {
	if st.Op.Path != nil {
		return st.Op.Path.Name
	}
	out := fmt.Sprint(st.Op.Shape.Command, st.Op.Shape.Where.Match)
	if st.Op.Shape.Command == model.Update { // by the columns that it sets, whatever their values
		out += fmt.Sprint(st.Op.Shape.Columns)
	}
	for i := range st.Op.Shape.Table.Triggers {
		out += "\n" + st.Op.Shape.Table.Triggers[i].Body
	}
	return out
}

// alone is the steps in which one member of a cell's session listens while sent is run, and nothing
// else happens: a member of another tenant than the sender's, where there is one. It is nil where
// only the sender itself could listen.
func alone(steps []model.Step, sent *model.Step, cell judge.Cell) []model.Step {
	same := func(a, b *model.Step) bool { return a.Session == b.Session && a.Tenant == b.Tenant && a.User == b.User }
	var who *model.Step
	for i := range steps {
		st := &steps[i]
		if listens(st) && st.Session.ID == cell.Session && !same(st, sent) && (who == nil || who.Tenant == sent.Tenant && st.Tenant != sent.Tenant) {
			who = st
		}
	}
	if who == nil {
		return nil
	}
	var out []model.Step
	for i := range steps {
		if st := &steps[i]; st == sent || listens(st) && same(st, who) {
			out = append(out, *st)
		}
	}
	return out
}

// unheard notes what notifies on channels whose names nobody knows beforehand.
func (c *campaign) unheard() {
	if list := c.Contract.Unheard; len(list) > 0 {
		c.remark("not listened to: the channels that these put together, or are given: %s", strings.Join(list, ", "))
	}
}
