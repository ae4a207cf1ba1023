package mutate

import (
	"context"
	"errors"
	"maps"
	"runtime"
	"slices"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props"
)

// Kill is what random search from several seeds made of one mutant.
type Kill struct {
	Mutant *Mutant
	// Shots is one search a seed.
	Shots []Shot
	// Classes is each class of divergence that the walk sees of it, one of which alone would
	// be enough. They are as they were found: the referee did not see them.
	Classes []string
	// Refused is Postgres' message, or why no search is made; empty for others.
	Refused string
}

// Shot is one search that ended with its first finding, or found nothing.
type Shot struct {
	Killed  bool
	Class   string // that saw it first
	Finding string // the case's key: equal ones are one canonical case
	Checks  int
	Size    int
	Time    time.Duration
}

// Sample says which mutants a kill table is made of: at most each of a kind, spread over
// those that no rule shows to be equivalent; 0 is all.
type Sample struct{ Seeds, Each int }

// Kills searches mutants from several seeds, at random alone, a few at the same time.
// each is called with all that are done, in their order.
func Kills(ctx context.Context, t *props.Target, cfg Config, sample Sample, each func([]*Kill)) error {
	if cfg.Checks == 0 {
		cfg.Checks = defaultChecks
	}
	if cfg.Workers <= 0 {
		cfg.Workers = runtime.NumCPU()
	}
	made := t.Made()
	r := &runner{target: t, cfg: cfg, first: firstValue(t)}
	r.list = slices.DeleteFunc(Mutants(t.Contract, func(role string) bool { return slices.Contains(made, role) }), func(m Mutant) bool {
		return m.Equivalent != "" || cfg.Keep != nil && !cfg.Keep(&m)
	})
	r.list = sample.of(r.list)
	done := make([]*Kill, len(r.list))
	return r.all(ctx, func(ctx context.Context, i, _ int) error {
		k, err := r.kill(ctx, &r.list[i], sample.Seeds)
		if err != nil {
			return err
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		done[i] = &k
		each(slices.DeleteFunc(slices.Clone(done), func(k *Kill) bool { return k == nil }))
		return nil
	})
}

// of takes the sample of a list, in its order.
func (s Sample) of(list []Mutant) []Mutant {
	if s.Each == 0 {
		return list
	}
	all, seen := map[Kind]int{}, map[Kind]int{}
	for i := range list {
		all[list[i].Kind]++
	}
	return slices.DeleteFunc(slices.Clone(list), func(m Mutant) bool {
		n := seen[m.Kind]
		seen[m.Kind]++
		for part := range s.Each {
			if part*all[m.Kind]/s.Each == n { // the first of a part
				return false
			}
		}
		return true
	})
}

// kill searches one mutant.
func (r *runner) kill(ctx context.Context, m *Mutant, n int) (k Kill, err error) {
	k = Kill{Mutant: m}
	_, k.Refused = unsearched(r.target.Plan, m)
	if k.Refused == "" && m.strict {
		k.Refused = "not searched at random: only the walk asks so, and only a check that is --strict fails of it"
	}
	if k.Refused != "" {
		return k, nil
	}
	t, err := r.plant(ctx, m)
	defer func() { err = errors.Join(err, r.undo(m)) }()
	if err != nil {
		var res Result
		err = res.refused(err)
		k.Refused = res.Reason
		return k, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	for seed := range n {
		start := time.Now()
		found, err := props.Run(ctx, t, props.Config{Workers: 1, Checks: r.cfg.Checks, Seed: r.cfg.Seed + uint64(seed), SkipMatrix: true, First: true})
		var res Result
		if err != nil {
			err = res.refused(err)
			k.Refused = res.Reason
			return k, err
		}
		s := Shot{Killed: res.killed(found), Time: time.Since(start)}
		s.Class, s.Finding, s.Checks, s.Size = res.Class, res.Finding, res.Checks, res.Size
		k.Shots = append(k.Shots, s)
	}
	k.Classes, err = r.classes(ctx, t, m)
	return k, err
}

// classes lists what the walk sees of a mutant, unconfirmed.
func (r *runner) classes(ctx context.Context, t *props.Target, m *Mutant) ([]string, error) {
	reach := r.reach(t)
	found, err := props.Run(ctx, t, props.Config{Workers: 1, SkipRandom: true, Raw: true, Seed: r.cfg.Seed, Only: reach.swift(reach.scope(m))})
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, b := range found.Blocks {
		seen[b.Finding.Class.String()] = true
	}
	return slices.Sorted(maps.Keys(seen)), nil
}
