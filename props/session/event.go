package session

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// EventsFile is the name of the events of a session in its folder.
const EventsFile = "events.jsonl"

// Kind is what an event is about.
type Kind string

// The kinds of events.
const (
	Begin   Kind = "begin"   // a process began the session
	Resume  Kind = "resume"  // a process goes on with it
	Sample  Kind = "sample"  // how far it is: every few seconds
	Found   Kind = "found"   // a finding, on disk already
	Known   Kind = "known"   // a saved case still leaks
	Trouble Kind = "trouble" // the surroundings failed, and the session goes on
	End     Kind = "end"     // the process ended
)

// Event is a line of the events. What its kind does not need is left out.
type Event struct {
	At       time.Time `json:"at"`
	Kind     Kind      `json:"event"`
	ElapsedS float64   `json:"elapsed_s"` // of the session: the axis of what is drawn over time

	Seed    uint64 `json:"seed,omitempty"`    // begin, resume
	Workers int    `json:"workers,omitempty"` // begin, resume
	Server  string `json:"server,omitempty"`  // begin, resume

	Counters *Counters `json:"counters,omitempty"` // sample, end

	Key     string `json:"key,omitempty"`      // found, known: the finding
	Class   string `json:"class,omitempty"`    // found, known
	Cell    string `json:"cell,omitempty"`     // found, known: session, command and object
	Dir     string `json:"dir,omitempty"`      // found, known: its folder
	AtCheck int    `json:"at_check,omitempty"` // found: the check that showed it first

	Text string `json:"text,omitempty"` // trouble: what was met; end: why; found: why it is not on disk
}

// ReadEvents reads the events of the session in a folder, in the order in which they happened;
// none where there is no file. A line that is not a whole event is passed over.
func ReadEvents(dir string) ([]Event, error) {
	data, err := os.ReadFile(filepath.Join(dir, EventsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the events of the session: %w", err)
	}
	var out []Event
	lines := bufio.NewScanner(bytes.NewReader(data[:whole(data)]))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e Event
		if json.Unmarshal(lines.Bytes(), &e) == nil {
			out = append(out, e)
		}
	}
	return out, lines.Err()
}

// whole is how many bytes the whole lines of a file take.
func whole(data []byte) int { return bytes.LastIndexByte(data, '\n') + 1 }
