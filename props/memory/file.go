package memory

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rlsfuzz/rlsfuzz/props/disk"
)

// File is a kind of memory.
type File struct {
	Name    string // in the folder
	Version int    // changes when older files no longer mean the same
}

// Error says that a memory cannot be read.
type Error struct {
	Path string
	Err  error
}

// Error names the file and the remedy.
func (e *Error) Error() string {
	return fmt.Sprintf("%s: %v; remove it, and the next check writes it anew", e.Path, e.Err)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// state is what stands in a file.
type state[T any] struct {
	Version   int           `json:"version"`
	Contracts map[string]*T `json:"contracts"` // by path, as seen from the folder
}

// Load reads what a folder remembers of a contract; nil when that is nothing. Errors are an *Error.
func Load[T any](f File, dir, contract string) (*T, error) {
	s, err := load[T](f, dir)
	if err != nil {
		return nil, err
	}
	return s.Contracts[disk.Relative(dir, contract)], nil
}

// load reads a file; an empty state where there is none.
func load[T any](f File, dir string) (*state[T], error) {
	path := filepath.Join(dir, f.Name)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return empty[T](f), nil
	}
	if err != nil {
		return nil, &Error{path, err}
	}
	s := &state[T]{}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, &Error{path, fmt.Errorf("it is not what a check writes: %w", err)}
	}
	if s.Version != f.Version {
		return nil, &Error{path, fmt.Errorf("it has version %d, this is %d", s.Version, f.Version)}
	}
	if s.Contracts == nil {
		s.Contracts = map[string]*T{}
	}
	return s, nil
}

func empty[T any](f File) *state[T] {
	return &state[T]{Version: f.Version, Contracts: map[string]*T{}}
}

// Save has a folder remember a contract, beside others: the file is replaced whole or not at all. A
// file that cannot be read is written anew.
func Save[T any](f File, dir, contract string, value *T) error {
	s, err := load[T](f, dir)
	if err != nil {
		s = empty[T](f)
	}
	s.Contracts[disk.Relative(dir, contract)] = value
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetIndent("", " ")
	if err := enc.Encode(s); err != nil {
		return err
	}
	return disk.Replace(filepath.Join(dir, f.Name), text.Bytes())
}
