package props_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/helpdesk"
)

// badPrograms are programs that cannot be tested, and why.
var badPrograms = map[string][2]string{
	"hangs":          {"sleep 60 & wait", "it did not end within 700ms"},
	"floods":         {"yes", "it wrote more than 16384 KiB and was ended"},
	"writes nothing": {"true", "it ends well and writes nothing: no output, no file"},
	"writes binary":  {`printf '\\000\\001' > x.bin`, "x.bin is binary: a filter that makes it text is missing, such as convert: {bin: …}"},
	"fails":          {"echo not now >&2; exit 3", "every call failed: ERROR exit 3: not now"},
	"is missing":     {"", "it cannot be started: nope: no such file or directory"},
}

// TestBadPrograms says of each program that cannot be tested why.
func TestBadPrograms(t *testing.T) {
	t.Parallel()
	paths, only := "paths:\n", []string{}
	for name, p := range badPrograms {
		command := `[sh, -c, "` + p[0] + `"]`
		if p[0] == "" {
			command = "[./nope]"
		}
		paths += "  " + name + ":\n    {kind: report, as: [worker], command: " + command + "}\n"
		only = append(only, name)
	}
	cfg := worksConfig(t, paths, "")
	cfg.Only, cfg.ProgramTime = only, 700*time.Millisecond
	r := ran(t, cfg)
	for name, p := range badPrograms {
		if !slices.ContainsFunc(r.Untested, func(u props.Untested) bool { return u.Object == name && strings.Contains(u.Reason, p[1]) }) {
			t.Errorf("%s: not untested because %q, but %v", name, p[1], r.Untested)
		}
	}
	if len(r.Blocks) > 0 || !r.Incomplete() {
		t.Errorf("%v, incomplete %v", r.Blocks, r.Incomplete())
	}
}

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
CREATE VIEW broken WITH (security_invoker = true) AS SELECT 1 / (count(*) - count(*)) AS x FROM tickets;
GRANT SELECT ON broken TO helpdesk_admin;
CREATE PROCEDURE ends() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;
CREATE FUNCTION fails() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'never'; END $$;
`), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.Only = []string{"broken report", "program", "strict export", "function fails", "procedure ends", "view broken"}
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
		"admin: call procedure ends": "ERROR 2D000: invalid transaction termination; it cannot run in the transaction that a path's SQL is part of: give it a path with a command",
		"admin: call view broken":    "every call failed: ERROR 22012: division by zero",
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
