package props_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// halfSchema adds to works what a job notes of its batch: for which firm it runs, until it is
// through. One that finds a note goes on with it. It is in a schema that is not judged, so that
// none is there but what a job left.
const halfSchema = `CREATE SCHEMA jobs; CREATE TABLE jobs.batch (firm_id int NOT NULL);
GRANT USAGE ON SCHEMA jobs TO works_job; GRANT SELECT, INSERT, DELETE ON jobs.batch TO works_job`

const halfPath = `schemas: [public]
paths:
  nightly:
    kind: job
    as: [worker]
    HOW
    without_tenant: runs
`

// TestHalfWay ends a job half-way and lets another tenant run it, in SQL of several
// transactions and as a program that commits several times; and has two tenants run one at
// the same time that takes the last note for its own.
func TestHalfWay(t *testing.T) {
	t.Parallel()
	const (
		note  = "INSERT INTO jobs.batch (firm_id) SELECT FIRM WHERE NOT EXISTS (SELECT FROM jobs.batch OPEN)"
		send  = "SELECT i.note FROM invoices i JOIN jobs.batch b ON b.firm_id = i.firm_id OPEN ORDER BY i.id"
		end   = "DELETE FROM jobs.batch OPEN"
		fresh = "DELETE FROM jobs.batch OPEN; INSERT INTO jobs.batch (firm_id) VALUES ($tenant)"
		sql   = "run: [\"" + note + "\", \"" + send + "\", \"" + end + "\"]"
		shell = "command: [./nightly.sh, $tenant]"
	)
	script := "set -eu\npsql -X -q -A -t -v ON_ERROR_STOP=1 -v firm=\"$1\" <<'SQL'\n" + note + ";\n" + send + ";\n" + end + ";\nSQL\n"
	for _, k := range []struct {
		name, how, firm, open string
		steps                 int // 0: no finding
	}{
		{name: "SQL goes on with any batch", how: sql, firm: "$tenant", steps: 2},
		{name: "SQL goes on with its own", how: sql, firm: "$tenant", open: "WHERE firm_id = $tenant"},
		{name: "SQL takes the last batch", how: strings.Replace(sql, note, fresh, 1), firm: "$tenant", steps: 3},
		{name: "SQL takes its own", how: strings.Replace(sql, note, fresh, 1), firm: "$tenant", open: "WHERE firm_id = $tenant"},
		{name: "a program goes on with any batch", how: shell, firm: ":'firm'::int", steps: 2},
		{name: "a program goes on with its own", how: shell, firm: ":'firm'::int", open: "WHERE firm_id = :'firm'::int"},
	} {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			words := strings.NewReplacer("FIRM", k.firm, "i.firm_id OPEN", "i.firm_id "+strings.ReplaceAll(k.open, "firm_id", "b.firm_id"), "OPEN", k.open)
			target, cfg := worksTarget(t, strings.Replace(halfPath, "HOW", words.Replace(k.how), 1), words.Replace(script), halfSchema)
			r, err := props.Run(context.Background(), target, cfg)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range r.Leads {
				t.Errorf("unconfirmed: %s: %s", l.Cell, l.Reason)
			}
			if k.steps == 0 {
				for _, b := range r.Blocks {
					t.Errorf("a finding:\n%s", b)
				}
				return
			}
			if len(r.Blocks) != 1 {
				t.Fatalf("%d findings, want one: %v", len(r.Blocks), r.Blocks)
			}
			f := r.Blocks[0].Finding
			if f.Class.String() != "interference" || len(f.Scenario.Steps) != k.steps || f.Scenario.Steps[0].Cut != 1 {
				t.Errorf("want interference, after a run that ended half-way:\n%s", caseText(f))
			}
			if strings.HasPrefix(k.how, "run") {
				if out := ranPSQL(t, filepath.Join(f.Dir, finding.ReproFile)); !strings.Contains(out, "LEAK: interference") {
					t.Errorf("repro.sql does not say LEAK:\n%s", out)
				}
			}
		})
	}
}

// TestHalfWayWaits has a program try again until its server is back, which it never is: it is
// ended once, is not asked again what it does then, and whole runs of it count as ever.
func TestHalfWayWaits(t *testing.T) {
	require.Long(t)
	t.Parallel()
	script := `set -eu
until psql -X -q -A -t -v ON_ERROR_STOP=1 -v firm="$1" -c "SELECT set_config('app.firm', '$1', false)" -c "SELECT note FROM invoices WHERE firm_id = $1 ORDER BY id" > notes; do
	sleep 0.1
done
cat notes
`
	target, cfg := worksTarget(t, strings.Replace(halfPath, "HOW", "command: [./nightly.sh, $tenant]", 1), script, halfSchema)
	began := time.Now()
	r, err := props.Run(context.Background(), target, cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range r.Blocks {
		t.Errorf("a finding:\n%s", b)
	}
	if len(r.Leads)+len(r.Untested) > 0 {
		t.Errorf("unconfirmed %v, untested %v", r.Leads, r.Untested)
	}
	if took := time.Since(began); took > 2*time.Minute {
		t.Errorf("it took %s", took)
	}
}
