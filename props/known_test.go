package props_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props"
)

// allNotes lets a session see and write notes of every tenant, by one policy.
const allNotes = "ALTER POLICY n ON notes USING (true);"

// TestKnown checks one leak three times in one folder, the last time after the schema changed beside
// it: a block reads each time as the first time, with its explanation and with what is like it.
func TestKnown(t *testing.T) {
	cfg := written(t, ownNotes, ownNotesContract)
	cfg.SkipRandom = true
	var first string
	for i, change := range []string{allNotes, allNotes, allNotes + "CREATE TABLE other (id int PRIMARY KEY);"} {
		applies(t, &cfg, change)
		if i == 2 {
			cfg.Contract = beside(t, cfg.Contract)
		}
		r, err := props.Run(t.Context(), opened(t, cfg), cfg)
		if err != nil || len(r.Blocks) != 1 {
			t.Fatal(r.Blocks, err)
		}
		b := r.Blocks[0]
		got := fmt.Sprintf("%d findings: %s\n%s\n%s\n%s\n%s", r.Findings(), strings.Join(b.Like, "; "), b.Finding.Carrier.Place(), b.Finding.Fixed(), b.Finding.Sure(), b.Finding.Whatever())
		if b.Known != (i > 0) {
			t.Errorf("check %d: known is %v", i+1, b.Known)
		}
		if i == 0 {
			first = got
		}
		if d := cmp.Diff(first, got); d != "" {
			t.Errorf("check %d (-first +got)\n%s", i+1, d)
		}
	}
	if !strings.Contains(first, "2 findings: app: select notes (read)\n") || !strings.Contains(first, "apply.sql:1\nALTER POLICY n ") {
		t.Errorf("the first check says\n%s", first)
	}
}

// beside has a contract say whose the rows of a new table are.
func beside(t *testing.T, contract string) string {
	t.Helper()
	text := strings.Replace(ownNotesContract, "tables: {", "tables: {other: {tenant: shared}, ", 1)
	if err := os.WriteFile(contract, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return contract
}

// TestAcceptKey accepts a finding by its key. Another cell with the same cause fails, whether it was
// there from the beginning or came later, and unless an entry accepts it too.
func TestAcceptKey(t *testing.T) {
	cfg, dir := saves(t, openNotes)
	key := dir[strings.LastIndexByte(dir, '/')+1:]
	accept := fmt.Sprintf("accept:\n  - {key: '%s', reason: meant}\n", key)
	tests := []struct {
		name, leak, accept string
		fresh              bool
		want, accepted     string
	}{
		{name: "itself", leak: openNotes, accept: accept, accepted: "app: insert notes (write)"},
		{name: "another cell, later", leak: allNotes, accept: accept, want: "app: select notes (read)", accepted: "app: insert notes (write)"},
		{name: "once more", leak: allNotes, accept: accept, want: "app: select notes (read)", accepted: "app: insert notes (write)"},
		{name: "another cell, at once", leak: allNotes, accept: accept, fresh: true, want: "app: select notes (read)", accepted: "app: insert notes (write)"},
		{name: "both", leak: allNotes, accept: accept + "  - {table: notes, class: read, reason: too}\n", fresh: true, accepted: "app: insert notes (write) app: select notes (read)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg := cfg
			if test.fresh {
				cfg.Out = t.TempDir()
			}
			applies(t, &cfg, test.leak)
			if err := os.WriteFile(cfg.Contract, []byte(ownNotesContract+test.accept), 0o600); err != nil {
				t.Fatal(err)
			}
			r := ran(t, cfg)
			if got := cells(r.Blocks); got != test.want {
				t.Errorf("found %q, want %q", got, test.want)
			}
			if got := cells(r.Accepted); got != test.accepted {
				t.Errorf("accepted %q, want %q", got, test.accepted)
			}
		})
	}
}

// cells is the cells of blocks.
func cells(blocks []*props.Block) string {
	var all []string
	for _, b := range blocks {
		all = append(append(all, fmt.Sprintf("%s: %s %s (%s)", b.Finding.Session, b.Finding.Action(), b.Finding.Object(), b.Finding.Class)), b.Like...)
	}
	return strings.Join(all, " ")
}

// TestKnownInterrupted ends a run while it finds out about a case that an earlier one saved: the case
// is reported all the same.
func TestKnownInterrupted(t *testing.T) {
	cfg := written(t, ownNotes, ownNotesContract)
	cfg.SkipRandom, cfg.Out = true, t.TempDir()
	applies(t, &cfg, allNotes)
	if r, err := props.Run(t.Context(), opened(t, cfg), cfg); err != nil || len(r.Blocks) != 1 {
		t.Fatal(r.Blocks, err)
	}
	if err := os.Remove(filepath.Join(cfg.Out, "explained.json")); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stopped := false
	cfg.Log = func(format string, _ ...any) {
		if strings.HasPrefix(format, "explaining") {
			stopped = true
			stop()
		}
	}
	r, err := props.Run(ctx, opened(t, cfg), cfg)
	if !stopped {
		t.Fatal("nothing was explained: the test shows nothing")
	}
	if r == nil || len(r.Blocks) != 1 || !r.Blocks[0].Known || !r.Early() {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestKnownUnfixed ends a run while it looks again for the fix of a case that an earlier one had no time
// for: the case stays the least one that it is.
func TestKnownUnfixed(t *testing.T) {
	cfg := written(t, ownNotes, ownNotesContract)
	cfg.SkipRandom, cfg.Out, cfg.Workers, cfg.Duration = true, t.TempDir(), 1, time.Nanosecond
	applies(t, &cfg, allNotes)
	first := ran(t, cfg)
	if len(first.Blocks) != 1 || savedFix(t, first.Blocks[0]) == "" {
		t.Fatalf("the first run had time: the test shows nothing: %v", first.Blocks)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stopped := false
	cfg.Duration, cfg.Log = 0, func(format string, _ ...any) {
		if strings.HasPrefix(format, "reducing") {
			stopped = true
			stop()
		}
	}
	r, err := props.Run(ctx, opened(t, cfg), cfg)
	if !stopped {
		t.Fatal("nothing was reduced: the test shows nothing")
	}
	if r == nil || len(r.Blocks) != 1 || !strings.HasPrefix(r.Blocks[0].Finding.Fixed(), "not looked for") {
		t.Errorf("%+v, %v", r, err)
	}
	if k, err := props.ReadCase(first.Blocks[0].Dir); err != nil || k.Found.State != "" {
		t.Errorf("the saved case: %+v, %v", k, err)
	}
}

// TestKnownTogether checks two contracts that share a folder in turn: each keeps what was found out about
// its own findings.
func TestKnownTogether(t *testing.T) {
	out := t.TempDir()
	check := func(cfg props.Config) (explaining int) {
		cfg.SkipRandom, cfg.Out = true, out
		cfg.Log = func(format string, _ ...any) {
			if strings.HasPrefix(format, "explaining") {
				explaining++
			}
		}
		r, err := props.Run(t.Context(), opened(t, cfg), cfg)
		if err != nil || len(r.Blocks) != 1 {
			t.Fatal(r.Blocks, err)
		}
		return explaining
	}
	one, other := written(t, ownNotes, ownNotesContract), written(t, ownNotes, ownNotesContract)
	applies(t, &one, allNotes)
	applies(t, &other, openNotes)
	for i, want := range []int{1, 0} {
		for name, cfg := range map[string]props.Config{"one": one, "the other": other} {
			if got := check(cfg); got != want {
				t.Errorf("check %d of %s: %d findings are explained, want %d", i+1, name, got, want)
			}
		}
	}
}
