package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestRoom tries a folder in which killed runs left something: that goes, unless another run may be at
// it right now. A folder that was not there is not there afterwards.
func TestRoom(t *testing.T) {
	dir := t.TempDir()
	old := time.Now().Add(-time.Hour)
	for name, when := range map[string]time.Time{
		".new-tried-1": old, ".new-tried-2": time.Now(), "coverage.json": old, "findings/.new-a/case.yaml": old, "findings/b/case.yaml": old,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		for at := path; at != dir; at = filepath.Dir(at) {
			if err := os.Chtimes(at, when, when); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tried := range []string{dir, filepath.Join(dir, "none", "at", "all")} {
		if err := room(tried); err != nil {
			t.Fatal(err)
		}
		var left []string
		if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				path, err = filepath.Rel(dir, path)
				left = append(left, filepath.ToSlash(path))
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{".new-tried-2", "coverage.json", "findings/b/case.yaml"}, left); diff != "" {
			t.Errorf("left in the folder (-want +got):\n%s", diff)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "none")); !os.IsNotExist(err) {
		t.Errorf("a folder that was tried is there: %v", err)
	}
}
