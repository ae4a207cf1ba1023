package inventory

import (
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/props/memory"
)

// CoverageFile is the name of the state that a check leaves in its folder.
const CoverageFile = "coverage.json"

var coverageFile = memory.File{Name: CoverageFile, Version: 1}

// Coverage is what the last check of a contract knew and tested.
type Coverage struct {
	Seed   uint64 `json:"seed"`
	Checks int    `json:"checks"`
	// Objects is the hash of each object, role and path of the contract, by its ID, as it
	// was when a check last walked it.
	Objects map[string]string `json:"objects"`
	// Cells are those in which something was at stake.
	Cells []Cell `json:"cells"`
}

// Cell is a session, an object and a command in which something was at stake.
type Cell struct {
	Session   string `json:"session"`
	Object    string `json:"object"` // the ID of a table, a view, a routine or a path
	Command   string `json:"command"`
	Allowed   int    `json:"allowed"`
	Forbidden int    `json:"forbidden"`
}

// is reports whether two are the same session, object and command.
func (c Cell) is(o Cell) bool {
	return c.Session == o.Session && c.Object == o.Object && c.Command == o.Command
}

// LoadCoverage reads what the last check of a contract left in a folder; nil when there
// was none. Errors are a *memory.Error.
func LoadCoverage(dir, contract string) (*Coverage, error) {
	return memory.Load[Coverage](coverageFile, dir, contract)
}

// Save puts the coverage of a contract into a folder's state. A state that cannot be read is
// written anew.
func (c *Coverage) Save(dir, contract string) error {
	if err := memory.Save(coverageFile, dir, contract, c); err != nil {
		return fmt.Errorf("write the coverage: %w", err)
	}
	return nil
}

// Scope is what a check was limited to.
type Scope struct {
	Whole    bool            // it was not limited, and walked all that it could
	Sessions map[string]bool // those that it tried
	Objects  map[string]bool // IDs that it tried with every session of the contract
	Tried    map[string]bool // IDs that it tried with the sessions above
}

// Merge adds to a check's own cells what earlier ones tested and this one left out, as
// long as the object is still the same; and notes which objects were walked. c may be nil.
func (c *Coverage) Merge(now *Coverage, scope Scope) *Coverage {
	current := now.Objects
	out := &Coverage{Seed: now.Seed, Checks: now.Checks, Objects: map[string]string{}, Cells: slices.Clone(now.Cells)}
	for id, print := range current {
		if scope.Whole || scope.Objects[id] {
			out.Objects[id] = print
		} else if c != nil && c.Objects[id] != "" {
			out.Objects[id] = c.Objects[id]
		}
	}
	if c == nil || scope.Whole {
		return out
	}
	for _, cell := range c.Cells {
		tried := scope.Sessions[cell.Session] && scope.Tried[cell.Object] || slices.ContainsFunc(now.Cells, cell.is)
		if !tried && c.Objects[cell.Object] != "" && c.Objects[cell.Object] == current[cell.Object] {
			out.Cells = append(out.Cells, cell)
		}
	}
	return out
}
