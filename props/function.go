package props

import (
	"fmt"
	"maps"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// PathFunc is a path that is a Go function: see [Config.Paths].
type PathFunc = run.PathFunc

// PathCall is what a [PathFunc] is called with.
type PathCall = run.PathCall

// PathOutput is what a user would receive of a [PathFunc].
type PathOutput = run.PathOutput

// functions marks the paths whose functions nobody handed over, and looks for functions that
// no path asks for.
func (t *Target) functions() error {
	for _, p := range t.Contract.Paths {
		if p.Go != "" && t.Functions[p.Go] == nil {
			p.Untried = run.NoFunction
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Functions)) {
		if !slices.ContainsFunc(t.Contract.Paths, func(p *model.Path) bool { return p.Go == name }) {
			return input(fmt.Errorf("props.Config.Paths has the function %q, and no path of %s says go: %s", name, t.File.Path, name))
		}
	}
	return nil
}
