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

// lot is calls whose sessions may see the same rows, so that they can share second worlds.
type lot struct {
	o        *observer
	steps    []model.Step   // each a call by itself
	pairs    [][]model.Step // or two calls each, of which the second one is looked at
	tied     bool           // of which the first is a tie
	variants []gen.Variant  // of the second worlds
	worlds   []run.World    // the first one, then these
	calls    []run.Calls
	runs     [][]run.WorldRun // by world, then by call
}

// calls is a sequence of calls of one member: programs, which run by themselves, and lots.
type calls struct {
	programs []model.Step
	lots     []*lot
}

// newCalls divides calls, each by itself, into lots that are tried in the worlds of some variants.
func (l *lab) newCalls(ctx context.Context, d *gen.Dataset, steps []model.Step, variants []gen.Variant) (*calls, error) {
	c := &calls{}
	var left []model.Step
	for i := range steps {
		if steps[i].Runs() {
			c.programs = append(c.programs, steps[i])
		} else {
			left = append(left, steps[i])
		}
	}
	for _, steps := range grouped(left, observerKey) {
		x, err := l.newLot(ctx, &model.Scenario{Data: d.Data, Steps: steps[:1]}, variants)
		if err != nil {
			return nil, err
		}
		if x == nil {
			l.unjudged["calls whose rules could not be evaluated"] += len(steps)
			continue
		}
		x.steps = steps
		for i := range steps {
			id, _ := l.Contract.BindStep(&steps[i], d.State)
			x.calls = append(x.calls, run.Calls{ID: []*model.Identity{id}, Steps: steps[i : i+1]})
		}
		c.lots = append(c.lots, x)
	}
	return c, nil
}

// newPairs divides pairs of calls likewise, by who makes the second one.
func (l *lab) newPairs(ctx context.Context, d *gen.Dataset, list [][]model.Step, variants []gen.Variant) (*calls, error) {
	c := &calls{}
	for _, pairs := range grouped(list, func(pair *[]model.Step) string { return observerKey(&(*pair)[1]) }) {
		x, err := l.newLot(ctx, &model.Scenario{Data: d.Data, Steps: pairs[0]}, variants)
		if err != nil {
			return nil, err
		}
		if x == nil {
			continue
		}
		x.pairs, x.calls = l.bound(d, pairs, 0)
		c.lots = append(c.lots, x)
	}
	return c, nil
}

// grouped divides a list by a key, in the order of their first ones.
func grouped[T any](list []T, key func(*T) string) [][]T {
	var out [][]T
	var keys []string
	for i := range list {
		k := key(&list[i])
		at := slices.Index(keys, k)
		if at < 0 {
			at, keys, out = len(keys), append(keys, k), append(out, nil)
		}
		out[at] = append(out[at], list[i])
	}
	return out
}

// observerKey is a key that is equal for calls whose sessions may see the same rows.
func observerKey(s *model.Step) string {
	if o := &s.Observer; s.Observed() {
		return fmt.Sprintf("seen by %d %s %s", o.Session.ID, o.Tenant.Text, o.User.Text)
	}
	key := fmt.Sprintf("%d %s %s", s.Session.ID, s.Tenant.Text, s.User.Text)
	u := s.Op.Path.User(s.Session)
	if u == nil || u.Rules == u.Session {
		return key
	}
	key += " " + s.Op.Path.Name
	for _, v := range u.Vars {
		if v.Source == model.FromArgument {
			return key + string(model.AppendRecord(nil, s.Op.Args, nil))
		}
	}
	return key
}

// newLot makes the worlds of calls of which one is the last step of a scenario. It is nil where
// the rules of its session cannot be evaluated.
func (l *lab) newLot(ctx context.Context, s *model.Scenario, variants []gen.Variant) (*lot, error) {
	o, err := l.observe(ctx, s, len(s.Steps)-1)
	if err != nil || o == nil {
		return nil, err
	}
	x := &lot{o: o}
	x.worlds, x.variants, err = o.some(ctx, variants)
	return x, err
}

// some is the first world and those of some variants, with the variants whose worlds could be
// made. Where only one is asked for and cannot be made, the next that can takes its place.
func (o *observer) some(ctx context.Context, variants []gen.Variant) ([]run.World, []gen.Variant, error) {
	worlds := []run.World{{Data: o.s.Data}}
	var made []gen.Variant
	for _, v := range variants {
		for n := range gen.Variants {
			at := v
			if n > 0 {
				at = gen.Variants[(int(v)+n)%len(gen.Variants)]
			}
			data, ok, err := o.second(ctx, at, nil)
			if err != nil {
				return nil, nil, err
			}
			if ok {
				worlds, made = append(worlds, run.World{Data: data}), append(made, at)
			}
			if ok || len(variants) > 1 {
				break
			}
		}
	}
	return worlds, made, nil
}

// try runs the calls of lots over one dataset, all in one transaction: in the first world,
// which is the same for all, and each lot's in its own.
func (l *lab) try(ctx context.Context, d *gen.Dataset, list []*lot) error {
	worlds, all := []run.World{{Data: d.Data}}, []run.Calls(nil)
	for _, x := range list {
		for _, w := range x.worlds[1:] {
			w.First, w.Until = len(all), len(all)+len(x.calls)
			worlds = append(worlds, w)
		}
		all = append(all, x.calls...)
	}
	if len(all) == 0 {
		return nil
	}
	runs, err := l.fast.Worlds(ctx, worlds, all, false, run.Variant{})
	if err != nil {
		return err
	}
	first, rest := runs[0], runs[1:]
	for _, x := range list {
		n := len(x.worlds) - 1
		x.runs = append([][]run.WorldRun{first[:len(x.calls)]}, rest[:n]...)
		first, rest = first[len(x.calls):], rest[n:]
	}
	return l.foresee(ctx, d, list)
}

// call tries a sequence of calls and judges them.
func (l *lab) call(ctx context.Context, d *gen.Dataset, c *calls, see func(s *model.Scenario, v *judge.Verdict) bool) (bool, error) {
	if err := l.try(ctx, d, c.lots); err != nil {
		return false, err
	}
	return l.called(ctx, d, c, see)
}

// called judges a sequence of calls: programs first, then its lots, which were tried. What
// differs or is suspicious is handed to see, each as a scenario of its own. see says whether to
// go on, and so does the answer.
func (l *lab) called(ctx context.Context, d *gen.Dataset, c *calls, see func(s *model.Scenario, v *judge.Verdict) bool) (bool, error) {
	if more, err := l.runPrograms(ctx, d, c.programs, see); err != nil || !more {
		return more, err
	}
	for _, x := range c.lots {
		settle := l.settle
		switch {
		case x.tied:
			settle = l.settleTied
		case x.pairs != nil:
			settle = l.settlePairs
		}
		if more, err := settle(ctx, d, x, see); err != nil || !more {
			return more, err
		}
	}
	return true, nil
}
