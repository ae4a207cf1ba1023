package mutate_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/mutate"
)

// A program is in reach of what its script names, of all where its files do not tell, and
// of what fires a trigger.
func TestScope(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"export.sh": "#!/bin/sh\n# it doesn't\npsql -c 'SELECT * FROM every_item()'\n",
		"binary":    "\xff\xfe items",
		"other.sh":  "exec ./binary\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program := func(name string, args ...string) *model.Path {
		p := &model.Path{Name: name, Program: &model.Program{}}
		for _, arg := range args {
			p.Program.Args = append(p.Program.Args, model.PathText{{Text: arg}})
		}
		return p
	}
	items, notes := &model.Table{Name: "items", Schema: "public"}, &model.Table{ID: 1, Name: "notes", Schema: "public"}
	posts := &model.Table{ID: 2, Name: "posts", Schema: "public", Triggers: []model.Trigger{{Name: "count", Body: "UPDATE notes SET n = n + 1;"}}}
	c := &model.Contract{
		Schema: &model.Schema{
			Tables:   []*model.Table{items, notes, posts},
			Texts:    []model.Text{{Kind: "function", Name: "public.every_item", Body: "SELECT * FROM items"}},
			Routines: []*model.Routine{{Schema: "public", Name: "every_item", Source: "SELECT * FROM items"}},
		},
		Paths: []*model.Path{program("export", "sh", "export.sh"), program("binary", "binary"), program("other", "sh", "other.sh")},
	}
	for _, test := range []struct {
		table *model.Table
		want  []string
	}{
		{items, []string{"items", "export", "binary", "other"}},
		{notes, []string{"notes", "posts", "binary", "other"}},
	} {
		if d := cmp.Diff(test.want, mutate.Scope(c, dir, &mutate.Mutant{Table: test.table})); d != "" {
			t.Errorf("%s: %s", test.table.Name, d)
		}
	}
}
