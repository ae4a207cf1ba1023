package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props/disk"
)

// StatsFile is the name of the state of a session in its folder.
const StatsFile = "stats.json"

// version is that of the format; a file of another one is refused.
const version = 1

// Stats is how far a session is, and all that it needs to go on.
type Stats struct {
	Version  int       `json:"version"`
	Hash     string    `json:"hash"`    // of what contract and schema mean
	Seed     uint64    `json:"seed"`    // where random search began
	Next     int       `json:"next"`    // number of the next batch
	Runs     int       `json:"runs"`    // processes that took part: 1, and one for each --resume
	Workers  int       `json:"workers"` // of the last one
	Server   string    `json:"server"`
	Began    time.Time `json:"began"`
	Updated  time.Time `json:"updated"`
	Ended    string    `json:"ended,omitempty"`    // why the last process ended; empty while it runs, or if it was killed
	Walked   bool      `json:"walked"`             // the matrix was walked to its end
	GivenUp  int       `json:"given_up,omitempty"` // batches that trouble kept from being judged
	Counters           // of all processes together
	Matrix   []Cell    `json:"matrix"`
}

// Counters grow while a session runs.
type Counters struct {
	ElapsedS     float64        `json:"elapsed_s"`
	Checks       int            `json:"checks"`        // walk and random search
	RandomChecks int            `json:"random_checks"` // random search alone: what --checks bounds
	Guided       int            `json:"guided_checks"` // of these, the ones that went on where a scenario of the corpus ended
	Steps        int            `json:"steps"`         // statements of scenarios
	AllowedSteps int            `json:"allowed_steps"` // of these, the ones that nothing refused
	Cells        int            `json:"cells"`         // of the matrix, with something at stake
	Possible     int            `json:"cells_possible"`
	Corpus       int            `json:"corpus"`         // scenarios that came to something new, of this process
	Reached      int            `json:"reached"`        // outcomes of operations, and of two in a row, that this process saw
	New          int            `json:"findings_new"`   // cells that leak, found by this session
	Known        int            `json:"findings_known"` // cells that leak, saved before or accepted
	Reruns       int            `json:"reruns"`         // checks that ran twice
	Stable       int            `json:"reruns_stable"`  // of these, the ones with the same result
	Trouble      map[string]int `json:"trouble,omitempty"`
}

// Troubles is how often the surroundings failed, of all kinds.
func (c *Counters) Troubles() int {
	n := 0
	for _, k := range c.Trouble {
		n += k
	}
	return n
}

// Cell is what was at stake in a cell of the matrix: how often something allowed, how
// often something forbidden.
type Cell struct {
	Session   string `json:"session"`
	Object    string `json:"object"`
	Command   string `json:"command"`
	Allowed   int    `json:"allowed"`
	Forbidden int    `json:"forbidden"`
}

// ReadStats reads the state of the session in a folder; nil where there is none.
func ReadStats(dir string) (*Stats, error) {
	path := filepath.Join(dir, StatsFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the state of the session: %w", err)
	}
	var s Stats
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w; delete it to begin anew", path, err)
	}
	if s.Version != version {
		return nil, fmt.Errorf("%s is of another version of rlsfuzz; delete it to begin anew", path)
	}
	return &s, nil
}

// write replaces the state of the session in a folder.
func (s *Stats) write(dir string) error {
	s.Version = version
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("keep the state of the session: %w", err)
	}
	if err := disk.Replace(filepath.Join(dir, StatsFile), append(data, '\n')); err != nil {
		return fmt.Errorf("keep the state of the session: %w", err)
	}
	return nil
}
