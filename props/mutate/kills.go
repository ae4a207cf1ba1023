package mutate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props"
)

// Kill is what random search from several seeds made of one mutant.
type Kill struct {
	Mutant *Mutant
	// Shots is one search a seed.
	Shots []Shot
	// Classes is each class of divergence that the walk and random search see of it, one
	// of which alone would be enough.
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

// Kills searches each mutant that no rule shows to be equivalent from n seeds, at random
// alone. One after the other, each with all workers' processors free.
func Kills(ctx context.Context, t *props.Target, cfg Config, n int, each func(Kill)) error {
	if cfg.Checks == 0 {
		cfg.Checks = defaultChecks
	}
	made := t.Made()
	r := &runner{target: t, cfg: cfg, first: firstValue(t)}
	list := Mutants(t.Contract, func(role string) bool { return slices.Contains(made, role) })
	for i := range list {
		m := &list[i]
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if m.Equivalent != "" || cfg.Keep != nil && !cfg.Keep(m) {
			continue
		}
		k, err := r.kill(ctx, m, n)
		if err != nil {
			return err
		}
		each(k)
	}
	return nil
}

// kill searches one mutant.
func (r *runner) kill(ctx context.Context, m *Mutant, n int) (k Kill, err error) {
	k = Kill{Mutant: m}
	_, k.Refused = unsearched(m)
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

// classes lists what a whole search sees of a mutant, cell by cell.
func (r *runner) classes(ctx context.Context, t *props.Target, m *Mutant) ([]string, error) {
	found, err := props.Run(ctx, t, r.whole(scope(t.Contract, m)))
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, b := range found.Blocks {
		seen[b.Finding.Class.String()] = true
		for _, cell := range b.Like { // support: SELECT tickets (read)
			if i := strings.LastIndexByte(cell, '('); i >= 0 {
				seen[strings.Trim(cell[i:], "()")] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen)), nil
}

// Rate is the share of the seeds that killed, in per cent.
func (k *Kill) Rate() float64 {
	killed := 0
	for _, s := range k.Shots {
		if s.Killed {
			killed++
		}
	}
	return 100 * float64(killed) / float64(max(1, len(k.Shots)))
}

// Columns is the head of the kill table.
const Columns = "| mutant | killed | checks, median | p90 | seconds, median | p90 | size | cases | first seen by | alone enough |\n|---|---|---|---|---|---|---|---|---|---|\n"

// Row writes a line of the kill table, in Markdown.
func (k *Kill) Row(w io.Writer) error {
	name := strings.ReplaceAll(k.Mutant.Key(), "|", "\\|")
	if k.Refused != "" {
		_, err := fmt.Fprintf(w, "| %s | – | | | | | | | | %s |\n", name, strings.ReplaceAll(k.Refused, "\n", " "))
		return err
	}
	var checks, sizes []int
	var times []time.Duration
	first, cases := map[string]int{}, map[string]bool{}
	for _, s := range k.Shots {
		if s.Killed {
			checks, sizes, times = append(checks, s.Checks), append(sizes, s.Size), append(times, s.Time)
			first[s.Class]++
			cases[s.Finding] = true
		}
	}
	var by []string
	for _, class := range slices.Sorted(maps.Keys(first)) {
		by = append(by, fmt.Sprintf("%s %d", class, first[class]))
	}
	_, err := fmt.Fprintf(w, "| %s | %.0f %% | %d | %d | %.1f | %.1f | %d | %d | %s | %s |\n", name, k.Rate(),
		at(checks, 50), at(checks, 90), at(times, 50).Seconds(), at(times, 90).Seconds(), at(sizes, 50), len(cases),
		strings.Join(by, ", "), strings.Join(k.Classes, ", "))
	return err
}

// at is a percentile of some values, 0 of none.
func at[T int | time.Duration](list []T, percent int) T {
	if len(list) == 0 {
		return 0
	}
	list = slices.Sorted(slices.Values(list))
	return list[(len(list)*percent+99)/100-1]
}
