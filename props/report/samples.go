package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Beside is what a folder holds of a run besides its document; all of it may be missing.
type Beside struct {
	Samples []Sample
	Mutants *Mutants
}

// Sample is how far a session was at one moment. A session writes a line of JSON with these
// keys, and with others that do not matter here, to events.jsonl now and then; stats.json
// has the last of them. They may stand under counters:
//
//	{"elapsed_s": 12.5, "checks": 41000, "cells": 96}
//	{"event": "sample", "counters": {"elapsed_s": 12.5, "checks": 41000, "cells": 96}}
type Sample struct {
	Elapsed float64 `json:"elapsed_s"`
	Checks  int     `json:"checks"`
	Cells   int     `json:"cells"` // of the matrix, with something at stake
}

// Mutants is the score of the last rlsfuzz mutate.
type Mutants struct {
	Killed, Survived, Equivalent, Refused int
	Rate                                  float64 // per cent of killed and survived
	Survivors                             []string
}

// The files that a session writes, one line an event, and the last state.
const (
	eventsFile = "events.jsonl"
	statsFile  = "stats.json"
)

// Samples reads a folder's samples in the order of time; none where no session wrote any.
// A last line that was cut off, and lines of other kinds, are passed over. Where a resumed
// session begins again at zero, only its last part counts.
func Samples(dir string) ([]Sample, error) {
	var lines [][]byte
	for _, name := range []string{eventsFile, statsFile} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the samples of the session: %w", err)
		}
		if name == statsFile {
			lines = append(lines, data)
			continue
		}
		in := bufio.NewScanner(bytes.NewReader(data))
		in.Buffer(nil, len(data)+1)
		for in.Scan() {
			lines = append(lines, bytes.Clone(in.Bytes()))
		}
	}
	var out []Sample
	for _, line := range lines {
		s, ok := sample(line)
		switch {
		case !ok:
			continue
		case len(out) > 0 && s.Elapsed == out[len(out)-1].Elapsed:
			out[len(out)-1] = s
			continue
		case len(out) > 0 && s.Elapsed < out[len(out)-1].Elapsed:
			out = out[:0]
		}
		out = append(out, s)
	}
	return out, nil
}

// sample reads one line; ok is false for one of another kind.
func sample(line []byte) (s Sample, ok bool) {
	type keys struct {
		Elapsed *float64 `json:"elapsed_s"`
		Checks  *int     `json:"checks"`
		Cells   *int     `json:"cells"`
	}
	var has struct {
		keys
		Counters *keys `json:"counters"`
	}
	err := json.Unmarshal(line, &has)
	if has.Counters != nil {
		has.keys = *has.Counters
	}
	if err != nil || has.Elapsed == nil || has.Checks == nil || has.Cells == nil {
		return s, false
	}
	return Sample{*has.Elapsed, *has.Checks, *has.Cells}, true
}
