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

// State is the results of a run, as they are kept on disk and as a page may show them.
// Results of another contract, schema, seed or budget say nothing.
type State struct {
	Hash   string `json:"hash"` // of contract and schema
	Seed   uint64 `json:"seed"`
	Checks int    `json:"checks"`
	Summary
	Results []Result `json:"results"`
}

// ReadState reads the results that a folder holds for the same question; none where
// there is no file, or one for another question.
func ReadState(dir string, like State) (map[string]Result, error) {
	s, err := read(dir)
	if err != nil || s.Hash != like.Hash || s.Seed != like.Seed || s.Checks != like.Checks {
		return nil, err
	}
	done := map[string]Result{}
	for _, r := range s.Results {
		done[r.Key] = r
	}
	return done, nil
}

// ReadResults reads the results that a folder holds, whatever the question was; none
// where there is no file.
func ReadResults(dir string) ([]Result, error) {
	s, err := read(dir)
	return s.Results, err
}

func read(dir string) (s State, err error) {
	path := filepath.Join(dir, StateFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("read the results of an earlier run: %w", err)
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("%s is damaged: %w; delete it to begin anew", path, err)
	}
	return s, nil
}

// Write keeps results in a folder. The file is always whole.
func (s State) Write(dir string) error {
	s.Summary = SummaryOf(s.Results)
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("keep the results: %w", err)
	}
	if err := disk.Replace(filepath.Join(dir, StateFile), append(data, '\n')); err != nil {
		return fmt.Errorf("keep the results: %w", err)
	}
	return nil
}
