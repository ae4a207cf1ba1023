package props_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
)

// handedPaths is two paths of a worker that nothing binds to a tenant: they tell it for whom it
// runs. The clerk's session has its tenant anyway, and the stranger never one.
const handedPaths = `  stranger:
    login: works_app
    sees: {"*": none}
    writes: {"*": none}
paths:
  nightly:
    kind: job
    as: [worker]
    command: [./nightly.sh]
    output: out/$tenant.csv
    env: {TENANT: $tenant, DATABASE_URL: $dsn}
    sees: own
    writes: {invoices: {update: {from: own, to: own, columns: [sent]}}, log: {insert: own}}
  dump:
    kind: export
    as: [worker, clerk, stranger]
    run: SELECT * FROM dump($1)
    args: [$tenant]
    sees: own
`

const handedDump = `CREATE FUNCTION dump(wanted int) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  IF wanted IS NULL THEN RAISE EXCEPTION 'no firm'; END IF;
  RETURN QUERY SELECT note FROM invoices WHERE firm_id = wanted;
END $$`

// TestHanded runs paths of a role that bypasses row security and has no settings: the tenant
// comes with the call.
func TestHanded(t *testing.T) {
	t.Parallel()
	for _, k := range []struct {
		name, script, dump string
		path               string // where it leaks; empty: nowhere
	}{
		{name: "right", script: exportRight, dump: handedDump},
		{name: "a program exports all tenants", script: strings.Replace(exportRight, "FROM invoices WHERE firm_id = :'firm'", "FROM invoices", 1), dump: handedDump, path: "nightly"},
		{name: "a program marks all", script: strings.Replace(exportRight, "sent = true WHERE firm_id = :'firm'", "sent = true", 1), dump: handedDump, path: "nightly"},
		{name: "a function gives all", script: exportRight, dump: strings.Replace(handedDump, " WHERE firm_id = wanted", "", 1), path: "dump"},
		{name: "a function takes none for all", script: exportRight, dump: strings.NewReplacer("RAISE EXCEPTION 'no firm'", "RETURN QUERY SELECT note FROM invoices").Replace(handedDump), path: "dump"},
	} {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			cfg := worksConfig(t, handedPaths, k.script, k.dump)
			unbind(t, cfg.Contract)
			cfg.Only = []string{"nightly", "dump"}
			r := ran(t, cfg)
			leaksThrough(t, r, "stranger", k.path, k.path == "nightly") // whom row security gives nothing
		})
	}
}

// leaksThrough has a report with findings through one path, or without any where that is empty, and
// with no path untested but to one session.
func leaksThrough(t *testing.T, r *props.Report, not, path string, program bool) {
	t.Helper()
	for _, l := range r.Leads {
		t.Errorf("unconfirmed: %s: %s", l.Cell, l.Reason)
	}
	for _, u := range r.Untested {
		if u.Command == "call" && u.Session != not {
			t.Errorf("untested: %s %s: %s", u.Session, u.Object, u.Reason)
		}
	}
	for _, b := range r.Blocks {
		if path == "" || !strings.Contains(b.String(), "call "+path) {
			t.Errorf("a finding that is none:\n%s", b)
			continue
		}
		if program {
			continue
		}
		if out := ranPSQL(t, filepath.Join(b.Finding.Dir, finding.ReproFile)); !strings.Contains(out, "LEAK: ") {
			t.Errorf("repro.sql does not say LEAK:\n%s", out)
		}
	}
	if path != "" && len(r.Blocks) == 0 {
		t.Errorf("nothing found through %s", path)
	}
}

// unbind takes the worker its settings.
func unbind(t *testing.T, contract string) {
	t.Helper()
	text, err := os.ReadFile(contract)
	if err != nil {
		t.Fatal(err)
	}
	const bound = "login: works_job\n    settings: {app.firm: $tenant}\n    sees: {\"*\": own}"
	if !strings.Contains(string(text), bound) {
		t.Fatal("the worker is not as it was")
	}
	if err := os.WriteFile(contract, []byte(strings.Replace(string(text), bound, "login: works_job\n    sees: {\"*\": all}", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}
