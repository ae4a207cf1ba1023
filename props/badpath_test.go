package props_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/helpdesk"
)

// TestBadPaths says of each path that cannot be tested why.
func TestBadPaths(t *testing.T) {
	d := newDesk(t)
	src, err := os.ReadFile(filepath.Join(d.dir, helpdesk.Contract))
	if err != nil {
		t.Fatal(err)
	}
	text := string(src) + `
  broken report:
    kind: report
    as: [admin]
    run: SELECT nothing FROM nowhere

  program:
    kind: job
    as: [exporter]
    command: [./nightly]

  strict export:
    kind: export
    as: [support]
    run: SELECT id FROM tickets
`
	cfg := d.config()
	cfg.Contract = filepath.Join(d.dir, "bad.yaml")
	if err := os.WriteFile(cfg.Contract, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.Apply = []string{filepath.Join(d.dir, "bad.sql")}
	if err := os.WriteFile(cfg.Apply[0], []byte(`
CREATE FUNCTION opaque(x internal) RETURNS text LANGUAGE internal AS 'textin';
CREATE FUNCTION fails() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'never'; END $$;
`), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.Only = []string{"broken report", "program", "strict export", "function fails"}
	cfg.SkipRandom = true
	target, err := props.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	r, err := props.Run(context.Background(), target, cfg)
	if err != nil {
		t.Fatal(err)
	}
	for object, reason := range map[string]string{
		"admin: call broken report":  `every call failed: ERROR 42P01: relation "nowhere" does not exist`,
		"exporter: call program":     "it cannot be started: nightly: no such file or directory",
		"admin: call function fails": "every call failed: ERROR P0001: never",
	} {
		if !slices.ContainsFunc(r.Untested, func(u props.Untested) bool {
			return u.String() == object && strings.Contains(u.Reason, reason)
		}) {
			t.Errorf("%s: not untested because %q, but %v", object, reason, r.Untested)
		}
	}
	if len(r.Blocks) != 1 || r.Blocks[0].Finding.Path != "strict export" || r.Blocks[0].Finding.Class.String() != "open" {
		t.Errorf("an export that is empty without a tenant is not one finding of class open: %v", r.Blocks)
	}
	if !r.Incomplete() {
		t.Error("complete, although paths of the contract were not tested")
	}
}
