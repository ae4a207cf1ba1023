package session_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/session"
)

func open(t *testing.T, dir string, anew bool) *session.Folder {
	t.Helper()
	f, err := session.Open(dir, anew)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func kinds(t *testing.T, dir string) []session.Kind {
	t.Helper()
	events, err := session.ReadEvents(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []session.Kind
	for i := range events {
		out = append(out, events[i].Kind)
	}
	return out
}

// TestRoundTrip reads what was written, also after another process went on.
func TestRoundTrip(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	f := open(t, dir, true)
	want := &session.Stats{
		Hash: "h", Seed: 7, Next: 16, Runs: 1, Workers: 2, Began: time.Unix(100, 0).UTC(), Updated: time.Unix(200, 0).UTC(), Walked: true,
		Counters: session.Counters{ElapsedS: 1.5, Checks: 10, New: 1, Trouble: map[string]int{"connection lost": 2}},
		Matrix:   []session.Cell{{Session: "s", Object: "t", Command: "select", Allowed: 1, Forbidden: 2}},
	}
	if err := errors.Join(f.Keep(want), f.Add(session.Event{Kind: session.Begin}), f.Add(session.Event{Kind: session.Found, Key: "k"})); err != nil {
		t.Fatal(err)
	}
	f.Close()
	got, err := session.ReadStats(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
	f = open(t, dir, false)
	defer f.Close()
	if err := f.Add(session.Event{Kind: session.Resume}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]session.Kind{session.Begin, session.Found, session.Resume}, kinds(t, dir)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestTorn cuts the events at every byte, as a killed process or a full disk leaves them:
// what was whole is read, and the next event is whole too.
func TestTorn(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir, true)
	for _, kind := range []session.Kind{session.Begin, session.Found} {
		if err := f.Add(session.Event{Kind: kind}); err != nil {
			t.Fatal(err)
		}
	}
	f.Close()
	path := filepath.Join(dir, session.EventsFile)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(data) {
		if err := os.WriteFile(path, data[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		whole := bytes.Count(data[:n], []byte("\n"))
		if got := kinds(t, dir); !slices.Equal(got, []session.Kind{session.Begin, session.Found}[:whole]) {
			t.Fatalf("cut at %d: %v", n, got)
		}
		f := open(t, dir, false)
		if err := f.Add(session.Event{Kind: session.End}); err != nil {
			t.Fatal(err)
		}
		f.Close()
		if got := kinds(t, dir); len(got) != whole+1 || got[whole] != session.End {
			t.Fatalf("cut at %d, then %v", n, got)
		}
	}
}

// TestBusy refuses a folder that another session has.
func TestBusy(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir, true)
	var busy *session.BusyError
	if _, err := session.Open(dir, false); !errors.As(err, &busy) {
		t.Errorf("%v", err)
	}
	f.Close()
	open(t, dir, false).Close()
}

// TestDamaged names the file, and what to do.
func TestDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), session.StatsFile)
	for name, text := range map[string]string{"damaged": `{"version": 1,`, "of another version": `{"version": 99}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := session.ReadStats(filepath.Dir(path))
		if err == nil || !strings.Contains(err.Error(), path+" is "+name) || !strings.Contains(err.Error(), "delete it to begin anew") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
