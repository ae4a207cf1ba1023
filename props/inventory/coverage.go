package inventory

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/props/disk"
)

// CoverageFile is the name of the state that a check leaves in its folder.
const CoverageFile = "coverage.json"

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

// state is the file: the coverage of each contract that writes to one folder.
type state struct {
	Version   int                  `json:"version"`
	Contracts map[string]*Coverage `json:"contracts"` // by path, as seen from the folder
}

// stateVersion changes when older files no longer mean the same.
const stateVersion = 1

// StateError says that the state of earlier checks cannot be read.
type StateError struct {
	Path string
	Err  error
}

// Error names the file and the remedy.
func (e *StateError) Error() string {
	return fmt.Sprintf("%s: %v; remove it, and the next check writes it anew", e.Path, e.Err)
}

// Unwrap gives the cause.
func (e *StateError) Unwrap() error { return e.Err }

// LoadCoverage reads what the last check of a contract left in a folder; nil when there
// was none. Errors are a *StateError.
func LoadCoverage(dir, contract string) (*Coverage, error) {
	s, err := load(dir)
	if err != nil {
		return nil, err
	}
	return s.Contracts[disk.Relative(dir, contract)], nil
}

// load reads the state in a folder; an empty one where there is no file.
func load(dir string) (*state, error) {
	path := filepath.Join(dir, CoverageFile)
	empty := &state{Version: stateVersion, Contracts: map[string]*Coverage{}}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return empty, nil
	}
	if err != nil {
		return nil, &StateError{path, err}
	}
	s := &state{}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, &StateError{path, fmt.Errorf("it is not what a check writes: %w", err)}
	}
	if s.Version != stateVersion {
		return nil, &StateError{path, fmt.Errorf("it has version %d, this is %d", s.Version, stateVersion)}
	}
	if s.Contracts == nil {
		s.Contracts = empty.Contracts
	}
	return s, nil
}

// Save puts the coverage of a contract into a folder's state: the file is replaced whole
// or not at all. A state that cannot be read is written anew.
func (c *Coverage) Save(dir, contract string) error {
	s, err := load(dir)
	if err != nil {
		s = &state{Version: stateVersion, Contracts: map[string]*Coverage{}}
	}
	s.Contracts[disk.Relative(dir, contract)] = c
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetIndent("", " ")
	if err := enc.Encode(s); err != nil {
		return fmt.Errorf("write the coverage: %w", err)
	}
	if err := disk.Replace(filepath.Join(dir, CoverageFile), text.Bytes()); err != nil {
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
