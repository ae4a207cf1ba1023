package props_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
)

// auditPaths is a path in SQL that must leave an entry; the tests vary what it writes.
const auditPaths = `paths:
  nightly:
    kind: report
    as: [clerk]
    run: SELECT show_invoice($1, $2)
    args: [invoices.id, "'on request'"]
    audit: {table: log, where: "action = 'shown'", tenant: firm_id, at: at, require: [reason]}
`

// auditProgram is the same for a job.
const auditProgram = worksPath + `    audit: {table: log, where: "action = 'exported'", tenant: firm_id, at: at}
`

// TestAudit plants what may be wrong with the entry that a run must leave.
func TestAudit(t *testing.T) {
	t.Parallel()
	const right = "INSERT INTO log (firm_id, action, reason) VALUES (nullif(current_setting('app.firm', true), '')::int, 'shown', why);"
	found := func(entry string) string { // only where the invoice is the firm's
		return "IF EXISTS (SELECT FROM invoices WHERE id = wanted AND note IS NOT NULL AND firm_id = nullif(current_setting('app.firm', true), '')::int) THEN " + entry + " END IF;"
	}
	job := strings.Replace(exportRight, "SELECT id", "INSERT INTO log (firm_id, action) VALUES (:'firm', 'exported');\nSELECT id", 1)
	for _, k := range []struct {
		name, entry, script string
		when                string // an entry is due: always where it is empty
		says                string // empty: no finding
	}{
		{name: "right", entry: right},
		{name: "missing", entry: "", says: "no entry in log says so"},
		{name: "no reason", entry: strings.Replace(right, "why", "''", 1), says: "has reason = ''"},
		{name: "old time", entry: strings.Replace(strings.Replace(right, "reason)", "reason, at)", 1), "why)", "why, now() - interval '1 day')", 1), says: "has at = "},
		{name: "another tenant", entry: strings.Replace(right, "nullif(current_setting('app.firm', true), '')::int", "nullif(current_setting('app.firm', true), '')::int + 1", 1), says: "has firm_id = "},
		{name: "what is found alone is logged", entry: found(right), says: "no entry in log says so"},
		{name: "and need be", entry: found(right), when: "rows"},
		{name: "what is found is not logged", when: "rows", says: "no entry in log says so"},
		{name: "right job", script: job},
		{name: "job without an entry", script: exportRight, says: "no entry in log says so"},
		{name: "job with another tenant's entry", script: strings.Replace(job, "(:'firm', 'exported')", "(:'firm'::int + 1, 'exported')", 1), says: "has firm_id = "},
	} {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			paths := auditPaths
			if k.script != "" {
				paths = auditProgram
			}
			if k.when != "" {
				paths = strings.Replace(paths, "audit: {", "audit: {when: "+k.when+", ", 1)
			}
			target, cfg := worksTarget(t, paths, k.script, `CREATE FUNCTION show_invoice(wanted int, why text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN `+k.entry+` RETURN (SELECT note FROM invoices WHERE id = wanted AND firm_id = nullif(current_setting('app.firm', true), '')::int); END $$`)
			r, err := props.Run(context.Background(), target, cfg)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range r.Leads {
				t.Errorf("unconfirmed: %s: %s", l.Cell, l.Reason)
			}
			audited(t, r, k.says, k.script == "")
		})
	}
}

// audited looks for the one finding of an audit that a page should tell so, and where its case is made for psql
// for what that says; or for none where nothing is to be said.
func audited(t *testing.T, r *props.Report, says string, psql bool) {
	t.Helper()
	if says == "" {
		for _, b := range r.Blocks {
			t.Errorf("a finding:\n%s", b)
		}
		return
	}
	if len(r.Blocks) != 1 || r.Blocks[0].Finding.Class.String() != "audit" {
		t.Fatalf("want one finding of class audit: %v", r.Blocks)
	}
	dir := r.Blocks[0].Finding.Dir
	if page, err := os.ReadFile(filepath.Join(dir, finding.PageFile)); err != nil || !strings.Contains(strings.ReplaceAll(string(page), `\`, ""), says) {
		t.Errorf("the page does not say %q: %v\n%s", says, err, page)
	}
	if !psql {
		return
	}
	if out := ranPSQL(t, filepath.Join(dir, finding.ReproFile)); !strings.Contains(out, "LEAK: audit") {
		t.Errorf("repro.sql does not say LEAK:\n%s", out)
	}
}
