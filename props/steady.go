package props

import (
	"context"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// unlike reports whether the output of a call in a world is another one than in the first, what is
// new in each run aside. Where they differ in nothing but what looks new, such as a hash or a token,
// both run twice again: what a call gives each time is not new. That is asked once of a path that
// does not repeat itself.
func (o *observer) unlike(first, other []string, again func() (first, other [][]string, err error)) (bool, error) {
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
	if err != nil || slices.ContainsFunc(slices.Concat(a, b), func(lines []string) bool { return lines == nil }) {
		return false, err
	}
	compared := judge.Repeated(a, b, known)
	differ := compared != nil && o.differ(compared(a[0]), compared(b[0]))
	o.fresh[path] = !differ
	return differ, nil
}

// unlikeWorld is unlike of one of some worlds, by their outputs.
func (o *observer) unlikeWorld(ctx context.Context, worlds []run.World, lines [][]string, i int) (bool, error) {
	return o.unlike(lines[0], lines[i], func() (first, other [][]string, err error) {
		again, err := o.outputs(ctx, []run.World{worlds[0], worlds[i], worlds[0], worlds[i]})
		if err != nil {
			return nil, nil, err
		}
		return [][]string{again[0], again[2]}, [][]string{again[1], again[3]}, nil
	})
}
