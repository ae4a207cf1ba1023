package props

import (
	"context"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// unlike reports whether the output of a call in a world is another one than in the first, what is
// new in each run aside. Where they differ in nothing but what looks new, such as a hash or a token,
// both run again: what a call gives each time is not new. That is asked once of a path that does not
// repeat itself.
func (o *observer) unlike(first, other []string, again func() (first, other []string, err error)) (bool, error) {
	if !o.differ(first, other) {
		return false, nil
	}
	path, known := o.s.Steps[o.at].Op.Path.ID, judge.Known(o.s, o.Contract.Schema)
	if o.differ(judge.Mask(first, known), judge.Mask(other, known)) {
		return true, nil
	}
	if o.fresh[path] {
		return false, nil
	}
	a, b, err := again()
	if err != nil || a == nil || b == nil {
		return false, err
	}
	o.fresh[path] = !slices.Equal(first, a) || !slices.Equal(other, b)
	return !o.fresh[path], nil
}

// unlikeWorld is unlike of one of some worlds, by their outputs.
func (o *observer) unlikeWorld(ctx context.Context, worlds []run.World, lines [][]string, i int) (bool, error) {
	return o.unlike(lines[0], lines[i], func() (first, other []string, err error) {
		again, err := o.outputs(ctx, []run.World{worlds[0], worlds[i]})
		if err != nil {
			return nil, nil, err
		}
		return again[0], again[1], nil
	})
}
