package props

import (
	"context"
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// A tie is a row that a session puts in, or changes, and that refers to another tenant's: Postgres
// checks a foreign key whoever may see the row to which it leads. What a path then makes of the
// reference must not tell of that row. In second worlds it has other values; it is not removed, since the
// key itself tells that it is there.

// valued is the variants that neither add rows nor remove any. What is heard on a channel is tried in
// them too: whether something is sent at all may well depend on rows that the listener may not see.
var valued = []gen.Variant{gen.Change, gen.Columns}

// newTied divides pairs of a tie and a call into lots, by who calls.
func (l *lab) newTied(ctx context.Context, d *gen.Dataset, list [][]model.Step) (*calls, error) {
	c := &calls{}
	for _, pairs := range grouped(list, func(pair *[]model.Step) string { return observerKey(&(*pair)[1]) }) {
		x, err := l.newLot(ctx, &model.Scenario{Data: d.Data, Steps: pairs[0][1:]}, valued)
		if err != nil {
			return nil, err
		}
		if x == nil {
			l.unjudged["calls whose rules could not be evaluated"] += len(pairs)
			continue
		}
		x.tied = true
		x.pairs, x.calls = l.bound(d, pairs, 0)
		c.lots = append(c.lots, x)
	}
	return c, nil
}

// settleTied judges calls after ties: those whose output is another one in some world, and is not
// when they are made alone.
func (l *lab) settleTied(ctx context.Context, d *gen.Dataset, x *lot, see func(s *model.Scenario, v *judge.Verdict) bool) (bool, error) {
	l.fast.Stepped(len(x.calls)*len(x.worlds), 0)
	kept, _, err := l.differing(ctx, d, x) // what differs alone too is found alone
	if err != nil {
		return false, err
	}
	for _, pair := range kept {
		cell := judge.PathCell(pair[1].Session.ID, pair[1].Op.Path)
		key := fmt.Sprint("tied ", pair[0].Op.Shape.Table.ID, " ", pair[1].Session.ID, " ", pair[1].Op.Path.ID)
		if l.telling[cell] || l.refuted[key] >= mostRefuted {
			continue
		}
		s := &model.Scenario{Data: d.Data, Steps: pair}
		v, err := l.verdict(ctx, s)
		if err != nil {
			return false, err
		}
		if !slices.ContainsFunc(v.Divergences, func(d judge.Divergence) bool { return d.Step == 1 }) {
			l.refuted[key]++
		}
		if slices.ContainsFunc(v.Divergences, func(d judge.Divergence) bool { return d.Step == 0 && d.Class != judge.Existence }) {
			continue // the row must not have gone in: that is found without the call
		}
		if !see(s, v) {
			return false, nil
		}
	}
	return true, nil
}

// ties looks at what the session wrote before it calls, in the first world: what it may see by then is
// the same in every world. known is false where some rule could not be evaluated.
func (o *observer) ties(ctx context.Context) (known bool, err error) {
	before, after, _, err := o.written(ctx, o.s.Data)
	if err != nil || after == nil {
		return after == nil, err // nothing could be written: the call is as any other
	}
	rows := make([][]model.Row, len(after))
	for i, t := range o.Contract.Schema.Tables {
		rows[i] = model.Without(after[i], t.Seed)
	}
	ask, err := o.fast.Answers(ctx, rows, o.id)
	if err != nil || !o.worlds.Reveal(after, ask) {
		return false, err
	}
	o.tied = o.worlds.Tied(before, after)
	return true, nil
}

// written runs the steps before the call on some rows: all rows before and after them, and what they
// answered. after is nil where the rows could not be loaded.
func (o *observer) written(ctx context.Context, data [][]model.Row) (before, after [][]model.Row, answers []string, err error) {
	runs, err := o.fast.Worlds(ctx, []run.World{{Data: data}}, []run.Calls{{ID: o.ids[:o.at], Steps: o.s.Steps[:o.at]}}, true, o.under)
	if err != nil || runs[0][0].Invalid != "" {
		return nil, nil, nil, err
	}
	r := &runs[0][0]
	for i := range r.Steps {
		answers = append(answers, r.Steps[i].Output.Lines()...)
	}
	return r.Before, r.After, answers, nil
}

// early reports whether what the session wrote tells two worlds apart before the call: by its answer, or
// by rows that the session may see.
func (o *observer) early(ctx context.Context, second [][]model.Row) (bool, error) {
	var traces [2][]string
	for i, data := range [][][]model.Row{o.s.Data, second} {
		before, after, answers, err := o.written(ctx, data)
		if err != nil || after == nil {
			return false, err
		}
		traces[i] = append(answers, o.made(before, after)...)
		slices.Sort(traces[i])
	}
	return !slices.Equal(traces[0], traces[1]), nil
}

// byTie reports whether a scenario needs its ties to show a leak in one step. That they can be made is
// part of such a leak, so none of them may become a row of the dataset.
func (l *lab) byTie(ctx context.Context, k leak, s *model.Scenario, at int) (bool, error) {
	if !s.Tied(at) {
		return false, nil
	}
	v, err := l.verdict(ctx, &model.Scenario{Data: s.Data, Steps: s.Steps[at : at+1], Committed: s.Committed})
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(v.Divergences, func(d judge.Divergence) bool { return k.alike(&d) }), nil
}
