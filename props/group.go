package props

import (
	"context"
	"errors"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// ahead runs the sequences that surprised carefully, all in one flush, and remembers what
// they showed. Those that cannot run together are left to run by themselves.
func (l *lab) ahead(ctx context.Context, d *gen.Dataset, sequences [][]model.Step, statuses []run.Status) error {
	var list []*model.Scenario
	for i, status := range statuses {
		if status == run.Unrun {
			break
		}
		s := &model.Scenario{Data: d.Data, Steps: sequences[i]}
		plain := !slices.ContainsFunc(s.Steps, func(st model.Step) bool { return st.Op.Path != nil || st.Fresh })
		if _, known := l.memo[l.memory(s)]; status == run.Surprise && plain && !known {
			list = append(list, s)
		}
	}
	return l.together(ctx, d, list)
}

// together runs scenarios over one dataset carefully, all in one flush, and remembers their verdicts.
// Those that cannot run together are left to run by themselves.
func (l *lab) together(ctx context.Context, d *gen.Dataset, list []*model.Scenario) error {
	if len(list) < 2 || l.quick { // one may be all that is asked for
		return nil
	}
	sequences := make([][]model.Step, len(list))
	for i, s := range list {
		sequences[i] = s.Steps
	}
	traces, err := l.fast.Carefuls(ctx, d.Data, d.State, sequences)
	if errors.Is(err, run.ErrInvalid) {
		return nil
	}
	if err != nil {
		return err
	}
	for i, s := range list {
		v := judge.Judge(l.Contract, s, traces[i])
		if err := l.compared(ctx, s, v); err != nil {
			return err
		}
		l.remember(s, v)
	}
	return nil
}

// group runs sequences on a dataset the fast way, carefully where something
// surprises, and hands every unmuted divergence to see. see says whether to go on.
func (l *lab) group(ctx context.Context, d *gen.Dataset, all [][]model.Step, see func(i int, s *model.Scenario, v *judge.Verdict) bool) error {
	sequences, calls := apart(all)
	for first := 0; first < len(sequences.list); {
		statuses, err := l.fast.Fast(ctx, d.Data, d.State, sequences.list[first:])
		if err != nil {
			return err
		}
		for _, n := range l.fast.Novel() {
			l.novel = append(l.novel, scene{set: d, steps: sequences.list[first+n.Sequence], features: n.Features, key: n.Key})
		}
		if err := l.ahead(ctx, d, sequences.list[first:], statuses); err != nil {
			return err
		}
		next := len(sequences.list)
		for i, status := range statuses {
			if status == run.Unrun {
				next = first + i
				break
			}
			if status != run.Surprise {
				continue
			}
			s := &model.Scenario{Data: d.Data, Steps: sequences.list[first+i]}
			v, err := l.verdict(ctx, s)
			if err != nil {
				return err
			}
			l.count(v)
			l.came(d, s.Steps, v)
			for _, reason := range v.Unjudged {
				l.unjudged[reason]++
			}
			if !see(sequences.index[first+i], s, v) {
				return nil
			}
		}
		first = next
	}
	return l.callAll(ctx, d, calls, see)
}

// callAll makes the calls of sequences of calls: what can run together does, then each is judged.
func (l *lab) callAll(ctx context.Context, d *gen.Dataset, all indexed, see func(i int, s *model.Scenario, v *judge.Verdict) bool) error {
	list := make([]*calls, len(all.list))
	var lots []*lot
	for i, steps := range all.list {
		var err error
		if pairs := gen.Pairs(steps); pairs != nil {
			list[i], err = l.newPairs(ctx, d, pairs, pairVariants)
		} else {
			list[i], err = l.newCalls(ctx, d, steps, drawn(d.Data, steps))
		}
		if err != nil {
			return err
		}
		lots = append(lots, list[i].lots...)
	}
	if err := l.try(ctx, d, lots); err != nil {
		return err
	}
	for i, c := range list {
		each := func(s *model.Scenario, v *judge.Verdict) bool { return see(all.index[i], s, v) }
		if more, err := l.called(ctx, d, c, each); err != nil || !more {
			return err
		}
	}
	return nil
}

// indexed is some sequences with their numbers among all.
type indexed struct {
	list  [][]model.Step
	index []int
}

// apart divides sequences of statements over tables from calls of paths.
func apart(sequences [][]model.Step) (tables, calls indexed) {
	for i, steps := range sequences {
		to := &tables
		if len(steps) > 0 && steps[0].Op.Path != nil {
			to = &calls
		}
		to.list, to.index = append(to.list, steps), append(to.index, i)
	}
	return tables, calls
}
