package memory_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/memory"
)

// seen is something to remember.
type seen struct {
	Seed  int      `json:"seed"`
	Cells []string `json:"cells"`
}

var file = memory.File{Name: "seen.json", Version: 2}

// TestContracts has one folder remember two contracts, of which one is named in two ways.
func TestContracts(t *testing.T) {
	dir := t.TempDir()
	a, b := &seen{1, []string{"x"}}, &seen{3, []string{}}
	for contract, value := range map[string]*seen{"a.yaml": a, "sub/b.yaml": b} {
		if got, err := memory.Load[seen](file, dir, contract); got != nil || err != nil {
			t.Fatalf("before a check: %v, %v", got, err)
		}
		if err := memory.Save(file, dir, contract, value); err != nil {
			t.Fatal(err)
		}
	}
	for contract, want := range map[string]*seen{"a.yaml": a, "./a.yaml": a, "sub/b.yaml": b} {
		got, err := memory.Load[seen](file, dir, contract)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", contract, diff)
		}
	}
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != 1 {
		t.Errorf("%d files are left, %v", len(list), err)
	}
}

// TestUnreadable has files that say nothing: that is told, and the next check writes them anew.
func TestUnreadable(t *testing.T) {
	for name, text := range map[string]string{"torn": `{"version": 2, "contr`, "another version": `{"version": 99}`, "an older form": `{"hash": "x", "list": {}}`, "a list": `[]`} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, file.Name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := memory.Load[seen](file, dir, "a.yaml")
			var unreadable *memory.Error
			if !errors.As(err, &unreadable) || !strings.Contains(err.Error(), file.Name) || !strings.Contains(err.Error(), "remove it") {
				t.Errorf("%v", err)
			}
			if err := memory.Save(file, dir, "a.yaml", &seen{Seed: 5}); err != nil {
				t.Fatal(err)
			}
			if got, err := memory.Load[seen](file, dir, "a.yaml"); err != nil || got.Seed != 5 {
				t.Errorf("written anew: %v, %v", got, err)
			}
		})
	}
}
