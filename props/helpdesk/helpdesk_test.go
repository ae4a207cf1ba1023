package helpdesk_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/helpdesk"
)

func TestLeakFiles(t *testing.T) {
	leaks, err := helpdesk.Leaks()
	if err != nil {
		t.Fatal(err)
	}
	if len(leaks) < 16 {
		t.Errorf("%d leaks, want at least 16", len(leaks))
	}
	titles := map[string]string{}
	for _, leak := range leaks {
		if !slices.Contains([]string{"open", "residue", "move", "write", "read", "interference", "audit"}, leak.Class) {
			t.Errorf("%s: unknown class %q", leak.Name, leak.Class)
		}
		if other := titles[leak.Title]; other != "" || leak.Title == "" {
			t.Errorf("%s: title %q, as %q", leak.Name, leak.Title, other)
		}
		titles[leak.Title] = leak.Name
		if want := "-- " + leak.Class + ": " + leak.Title + "\n"; !strings.HasPrefix(leak.SQL, want) {
			t.Errorf("%s does not begin with %q", leak.Name, want)
		}
	}
}

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "example")
	if err := helpdesk.Write(dir); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tree(t, helpdesk.Files()), tree(t, os.DirFS(dir))); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
}

func TestWriteOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, helpdesk.Schema)
	if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := helpdesk.Write(dir)
	if !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), mine) {
		t.Errorf("error %v, want one that says that %s exists", err, mine)
	}
	if diff := cmp.Diff(map[string]string{helpdesk.Schema: "mine"}, tree(t, os.DirFS(dir))); diff != "" {
		t.Errorf("the folder afterwards (-want +got):\n%s", diff)
	}
}

// tree is the text of all files by name.
func tree(t *testing.T, files fs.FS) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		all[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
