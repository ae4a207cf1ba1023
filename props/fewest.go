package props

import (
	"context"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// fewest finds the smallest set of hidden rows that makes the difference, in the variant
// that shows it: first the rows whose tokens are in it, then those that the arguments
// name, then ever smaller parts of all (ddmin).
func (l *lab) fewest(ctx context.Context, s *model.Scenario, d *judge.Divergence) error {
	if d.Worlds == nil {
		return nil
	}
	o, err := l.observe(ctx, s, d.Step)
	if err != nil || o == nil {
		return err
	}
	w := *d.Worlds
	d.Worlds = &w
	f := &fewest{observer: o, ctx: ctx, v: w.Variant, keys: d.Class == judge.Existence}
	all := o.worlds.Hidden()
	switch {
	case o.observed() || d.Cross:
		all = o.foreign()
	case w.Variant == gen.Columns:
		all = o.worlds.Visible()
	}
	places, err := f.search(all, slices.Concat(w.First, w.Second))
	if err != nil {
		return err
	}
	w.Hidden, w.Edits = nil, nil
	for _, at := range places {
		w.Hidden = append(w.Hidden, judge.Hidden{Table: l.Contract.Schema.Tables[at.Table], Row: o.worlds.Row(at)})
	}
	data, ok, err := o.second(ctx, w.Variant, places)
	if err != nil || !ok {
		return err
	}
	w.Edits = judge.Edits(l.Contract.Schema, s.Data, data)
	return nil
}

// fewest searches hidden rows.
type fewest struct {
	*observer
	ctx  context.Context
	v    gen.Variant
	keys bool // what a key tells is what is looked for
}

// differs reports whether some rows alone make a difference.
func (f *fewest) differs(places []gen.Place) (bool, error) {
	if len(places) == 0 {
		return false, nil
	}
	data, ok, err := f.second(f.ctx, f.v, places)
	if err != nil || !ok {
		return false, err
	}
	worlds := []run.World{{Data: f.s.Data}, {Data: data}}
	lines, err := f.outputs(f.ctx, worlds)
	if err != nil || lines[0] == nil || lines[1] == nil {
		return false, err
	}
	if differ, err := f.unlikeWorld(f.ctx, worlds, lines, 1); err != nil || !differ || f.keys || !keyError(lines[0]) && !keyError(lines[1]) {
		return differ, err
	}
	// A row that is referred to, or has a key, makes this difference whoever it concerns.
	without := f.keyless()
	if lines, err = without.outputs(f.ctx, worlds); err != nil || lines[0] == nil || lines[1] == nil {
		return false, err
	}
	return without.unlikeWorld(f.ctx, worlds, lines, 1)
}

// keyError reports whether a call ended by an error that a key raises: that it is taken, or that
// what refers to it, or what it refers to, is missing.
func keyError(lines []string) bool {
	return slices.ContainsFunc(lines, func(l string) bool {
		return slices.ContainsFunc([]string{"23503", "23505", "23P01"}, func(code string) bool { return strings.HasPrefix(l, "ERROR "+code) })
	})
}

func (f *fewest) search(all []gen.Place, lines []string) ([]gen.Place, error) {
	if whole, err := f.differs(all); err != nil || !whole {
		return all, err // by another observation: nothing to search
	}
	for _, guess := range [][]gen.Place{f.bearing(all, lines), f.named(all)} {
		for _, at := range guess {
			if ok, err := f.differs([]gen.Place{at}); err != nil || ok {
				return []gen.Place{at}, err
			}
		}
	}
	return f.ddmin(all)
}

// mostGuesses bounds the rows that are tried first as a guess.
const mostGuesses = 4

// bearing lists the rows whose tokens are in some lines.
func (f *fewest) bearing(all []gen.Place, lines []string) []gen.Place {
	var out []gen.Place
	for _, at := range all {
		if slices.ContainsFunc(lines, func(l string) bool { return judge.Bears(f.worlds.Row(at), l) }) && len(out) < mostGuesses {
			out = append(out, at)
		}
	}
	return out
}

// named lists the rows that the arguments come from.
func (f *fewest) named(all []gen.Place) []gen.Place {
	var out []gen.Place
	for _, at := range all {
		t := f.Contract.Schema.Tables[at.Table]
		for i, v := range f.s.Steps[f.at].Op.Args {
			ref, ok := f.Plan.Drawn(&f.s.Steps[f.at], i)
			if ok && ref.Table == t.ID && f.worlds.Row(at)[ref.Column] == v && !slices.Contains(out, at) && len(out) < mostGuesses {
				out = append(out, at)
			}
		}
	}
	return out
}

// ddmin halves the set for as long as a part, or what a part leaves, still differs.
func (f *fewest) ddmin(all []gen.Place) ([]gen.Place, error) {
	n := 2
	for len(all) > 1 {
		size := (len(all) + n - 1) / n
		smaller := false
		for i := 0; i < len(all); i += size {
			part := all[i:min(i+size, len(all))]
			rest := slices.Concat(all[:i], all[min(i+size, len(all)):])
			for k, set := range [][]gen.Place{part, rest} {
				if k == 1 && n == 2 {
					continue // the other half
				}
				ok, err := f.differs(set)
				if err != nil {
					return all, err
				}
				if ok {
					all, smaller = slices.Clone(set), true
					n = max(2, n-k)
					if k == 0 {
						n = 2
					}
					break
				}
			}
			if smaller {
				break
			}
		}
		if !smaller {
			if n >= len(all) {
				break
			}
			n = min(len(all), 2*n)
		}
	}
	return all, nil
}
