package mutate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rlsfuzz/rlsfuzz/props/disk"
)

// StateFile is the file of results in the folder of findings, by which a run that was
// interrupted goes on.
const StateFile = "mutants.json"

// State is the results of a run, as they are kept on disk. Results of another contract,
// schema, seed or budget say nothing.
type State struct {
	Hash    string   `json:"hash"` // of contract and schema
	Seed    uint64   `json:"seed"`
	Checks  int      `json:"checks"`
	Results []Result `json:"results"`
}

// ReadState reads the results that a folder holds for the same question; none where
// there is no file, or one for another question.
func ReadState(dir string, like State) (map[string]Result, error) {
	path := filepath.Join(dir, StateFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the results of an earlier run: %w", err)
	}
	var s State
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w; delete it to begin anew", path, err)
	}
	if s.Hash != like.Hash || s.Seed != like.Seed || s.Checks != like.Checks {
		return nil, nil
	}
	done := map[string]Result{}
	for _, r := range s.Results {
		done[r.Key] = r
	}
	return done, nil
}

// Write keeps results in a folder. The file is always whole.
func (s State) Write(dir string) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("keep the results: %w", err)
	}
	if err := disk.Replace(filepath.Join(dir, StateFile), append(data, '\n')); err != nil {
		return fmt.Errorf("keep the results: %w", err)
	}
	return nil
}
