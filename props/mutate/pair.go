package mutate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props"
)

// Pair is the kind of two mutants at once.
const Pair Kind = "pair"

// pairs plants mutants two at a time, drawn from those that were killed by a finding.
func (r *runner) pairs(ctx context.Context) error {
	var killed []int
	for i, res := range r.results {
		if res != nil && res.found() {
			killed = append(killed, i)
		}
	}
	drawn := r.draw(killed)
	r.results = append(r.results, make([]*Result, len(drawn))...)
	alone := len(r.list)
	for k, p := range drawn {
		for _, i := range p {
			if err := r.explain(ctx, i); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		if err := r.judged(ctx, alone+k, pairKey(&r.list[p[0]], &r.list[p[1]]), func() (Result, error) { return r.pair(ctx, p[0], p[1]) }); err != nil {
			return err
		}
	}
	return nil
}

// explain finds the cause of a mutant alone, which one search for its first finding does
// not ask for.
func (r *runner) explain(ctx context.Context, i int) (err error) {
	m, res := &r.list[i], r.results[i]
	if res.Cause != "" || ctx.Err() != nil {
		return nil
	}
	t, err := r.plant(ctx, m)
	defer func() { err = errors.Join(err, r.undo(m)) }()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	found, err := props.Run(ctx, t, r.whole(r.reach(t).scope(m)))
	if err == nil && len(found.Blocks) > 0 {
		res.Cause = found.Blocks[0].Cause
	}
	return err
}

// whole is a search that explains all that it finds.
func (r *runner) whole(only []string) props.Config {
	return props.Config{Workers: r.cfg.Workers, Checks: quickChecks, Seed: r.cfg.Seed, Only: only}
}

// draw draws pairs of different objects, the same ones for the same seed.
func (r *runner) draw(killed []int) [][2]int {
	var all [][2]int
	for i, a := range killed {
		for _, b := range killed[i+1:] {
			if r.list[a].Object != r.list[b].Object {
				all = append(all, [2]int{a, b})
			}
		}
	}
	rng := rand.New(rand.NewPCG(r.cfg.Seed, 2)) //nolint:gosec // chance need not be secret
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(len(all), r.cfg.Pairs)]
}

func pairKey(a, b *Mutant) string { return a.Key() + " + " + b.Key() }

// pair asks whether both causes are reported.
func (r *runner) pair(ctx context.Context, i, j int) (res Result, err error) {
	a, b := &r.list[i], &r.list[j]
	res = Result{
		Key: pairKey(a, b), Object: a.Object + " + " + b.Object, Kind: Pair,
		Change: fmt.Sprintf("%s: %s + %s: %s", a.Kind, a.Change, b.Kind, b.Change), Pair: []string{a.Key(), b.Key()},
	}
	if rule := r.hides(i, j); rule != "" {
		res.Status, res.Reason = Equivalent, rule
		return res, nil
	}
	t, err := r.plant(ctx, a, b)
	defer func() { err = errors.Join(err, r.undo(a, b)) }()
	if err != nil {
		err = res.refused(err)
		return res, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	var only []string
	if of, with := r.reach(t).scope(a), r.reach(t).scope(b); of != nil && with != nil {
		only = slices.Concat(of, with)
	}
	found, err := props.Run(ctx, t, r.whole(only))
	if err != nil {
		err = res.refused(err)
		return res, err
	}
	var causes, lack []string
	for _, k := range found.Blocks {
		causes = append(causes, k.Cause)
	}
	for _, one := range []int{i, j} {
		if !r.told(one, causes) {
			lack = append(lack, r.list[one].Key())
		}
	}
	if len(lack) == 0 {
		res.by(found, found.Blocks[0])
		res.Cause = strings.Join(causes, "; ")
		return res, nil
	}
	res.Status, res.Wants = Survived, OfSearch
	res.Reason = fmt.Sprintf("no block tells of %s; they tell of: %s", strings.Join(lack, " and of "), strings.Join(causes, "; "))
	return res, nil
}

// told reports whether a cause is that of a mutant alone, or names its object.
func (r *runner) told(i int, causes []string) bool {
	object := r.list[i].Object
	return slices.ContainsFunc(causes, func(cause string) bool { return cause == r.results[i].Cause || strings.Contains(cause, object) })
}

// hides is the rule by which one mutant of a pair adds nothing to the other.
func (r *runner) hides(i, j int) string {
	a, b := &r.list[i], &r.list[j]
	if r.results[i].Cause == r.results[j].Cause {
		return "one cause carries both: " + r.results[i].Cause
	}
	for _, p := range [][2]*Mutant{{a, b}, {b, a}} {
		of, by := p[0], p[1]
		switch {
		case by.Kind == Disable && of.Table == by.Table && (of.policy != nil || of.Kind == NoForce):
			return "masked: without row security " + by.Table.Label() + "'s policies say nothing"
		case by.Kind == BypassRLS && of.Kind == NoForce:
			return "masked: " + by.Object + " bypasses row security, FORCE or not"
		case by.policy != nil && of.policy != nil && of.Table == by.Table && by.Kind == UsingTrue && masks(lets(by), of.policy):
			return "masked: " + by.Object + " lets every row through for the same command and roles"
		}
	}
	return ""
}

// lets is the policy that a mutant with USING (true) has.
func lets(m *Mutant) *model.Policy {
	p := *m.policy
	if p.Check == "" {
		p.Check = p.Using
	}
	p.Using = "true"
	return &p
}

// judged keeps the result of one more experiment, or that of an earlier run.
func (r *runner) judged(ctx context.Context, at int, key string, try func() (Result, error)) error {
	res, known := r.cfg.Done[key]
	if !known {
		start := time.Now()
		var err error
		if res, err = try(); err != nil || ctx.Err() != nil {
			return err
		}
		res.Seconds = time.Since(start).Seconds()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.results[at] = &res
	r.done++
	if r.cfg.Each != nil {
		r.cfg.Each(r.done, len(r.results), res)
	}
	return nil
}
