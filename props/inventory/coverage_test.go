package inventory_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/inventory"
)

func TestMerge(t *testing.T) {
	cell := func(session, object string) inventory.Cell {
		return inventory.Cell{Session: session, Object: object, Command: "select", Allowed: 1}
	}
	before := &inventory.Coverage{
		Objects: map[string]string{"table a": "1", "table b": "1", "table c": "1"},
		Cells:   []inventory.Cell{cell("s", "table a"), cell("s", "table b"), cell("s", "table c"), cell("u", "table a")},
	}
	now := &inventory.Coverage{Seed: 9, Objects: map[string]string{"table a": "1", "table b": "2", "table c": "1", "table d": "1"}, Cells: []inventory.Cell{cell("s", "table c")}}
	set := func(names ...string) map[string]bool {
		out := map[string]bool{}
		for _, n := range names {
			out[n] = true
		}
		return out
	}
	tests := []struct {
		name    string
		before  *inventory.Coverage
		scope   inventory.Scope
		objects map[string]string
		cells   []inventory.Cell
	}{
		{"a whole check replaces all", before, inventory.Scope{Whole: true}, now.Objects, now.Cells},
		{
			"one table", before,
			inventory.Scope{Sessions: set("s", "u"), Objects: set("table c"), Tried: set("table c")},
			map[string]string{"table a": "1", "table b": "1", "table c": "1"},
			[]inventory.Cell{cell("s", "table c"), cell("s", "table a"), cell("u", "table a")}, // b is another now
		},
		{
			"one session", before,
			inventory.Scope{Sessions: set("s"), Objects: set(), Tried: set("table a", "table b", "table c", "table d")},
			map[string]string{"table a": "1", "table b": "1", "table c": "1"},
			[]inventory.Cell{cell("s", "table c"), cell("u", "table a")},
		},
		{
			"it ended before the walk did", before,
			inventory.Scope{Sessions: set("s", "u")},
			map[string]string{"table a": "1", "table b": "1", "table c": "1"},
			[]inventory.Cell{cell("s", "table c"), cell("s", "table a"), cell("u", "table a")},
		},
		{"the first check, of one table", nil, inventory.Scope{Objects: set("table d")}, map[string]string{"table d": "1"}, now.Cells},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := test.before.Merge(now, test.scope)
			if diff := cmp.Diff(test.objects, got.Objects); diff != "" {
				t.Errorf("objects (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.cells, got.Cells); diff != "" {
				t.Errorf("cells (-want +got):\n%s", diff)
			}
		})
	}
}

// TestMarks compares a schema with what a check of it knew before a migration.
func TestMarks(t *testing.T) {
	before := open(t, "testdata/shop.yaml")
	known := &inventory.Coverage{Objects: inventory.Prints(before.Contract, before.Catalog)}
	file := filepath.Join(t.TempDir(), "migration.sql")
	text := `CREATE VIEW fresh_view AS SELECT * FROM bare; GRANT SELECT ON fresh_view TO inv_member;
DROP POLICY events_read ON events;
CREATE POLICY events_read ON events USING (true);
CREATE OR REPLACE FUNCTION tenant() RETURNS int LANGUAGE sql STABLE AS $$ SELECT 1 $$;
ALTER ROLE inv_member BYPASSRLS;`
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	after := open(t, "testdata/shop.yaml", file)
	want := map[string]inventory.Mark{
		"view fresh_view": inventory.Added, "table events": inventory.Changed, "function tenant": inventory.Changed, "role inv_member": inventory.Changed,
	}
	got := map[string]inventory.Mark{}
	for id, print := range inventory.Prints(after.Contract, after.Catalog) {
		if m := known.Mark(id, print); m != inventory.Same {
			got[id] = m
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("marks (-want +got):\n%s", diff)
	}
	fresh := inventory.NewFresh(after.Contract, after.Catalog, known)
	for label, want := range map[string]bool{"events": true, "orders": true, "bare": false, "plans": false} { // the policy of orders asks tenant()
		if table := after.Contract.Schema.Table("public", label); fresh.Table(table) != want {
			t.Errorf("%s: fresh is %v", label, !want)
		}
	}
	for _, s := range after.Contract.Sessions {
		if fresh.Session(after.Contract, s) != (s.Name == "member") {
			t.Errorf("session %s", s.Name)
		}
	}
	var paths []string
	for _, p := range append(after.Contract.Paths, &model.Path{Name: "mine", Run: []string{"SELECT tenant()"}}) {
		if fresh.Path(p) {
			paths = append(paths, p.Name)
		}
	}
	if diff := cmp.Diff([]string{"view fresh_view", "condition on view fresh_view", "function tenant", "mine"}, paths); diff != "" {
		t.Errorf("fresh paths (-want +got):\n%s", diff)
	}
	if inventory.NewFresh(after.Contract, after.Catalog, nil).Any() {
		t.Error("without a check before, something is new")
	}
}
