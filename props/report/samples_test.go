package report_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/report"
)

// TestSamples reads what sessions leave: lines of other kinds, a cut line, a session that
// began anew, two lines of one moment.
func TestSamples(t *testing.T) {
	dir := t.TempDir()
	if got, err := report.Samples(dir); err != nil || got != nil {
		t.Errorf("of an empty folder: %v, %v", got, err)
	}
	for name, text := range map[string]string{
		"events.jsonl": `{"event": "sample", "elapsed_s": 50, "counters": {"elapsed_s": 50, "checks": 100, "cells": 9}}
{"event": "begin", "elapsed_s": 0}
{"event": "sample", "elapsed_s": 1, "counters": {"elapsed_s": 1, "checks": 100, "cells": 3, "steps": 7}}
not JSON
{"event": "sample", "elapsed_s": 60, "counters": {"elapsed_s": 60, "checks": 4000, "cells": 8}}
{"event": "end", "elapsed_s": 60, "counters": {"elapsed_s": 60, "checks": 4100, "cells": 9}}
{"event": "sample", "elapsed_s": 80, "che`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := report.Samples(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []report.Sample{{Elapsed: 1, Checks: 100, Cells: 3}, {Elapsed: 60, Checks: 4100, Cells: 9}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
