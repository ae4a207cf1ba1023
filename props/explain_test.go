package props_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/helpdesk"
)

// explainedLeaks are leaks of four kinds. RLSFUZZ_EXPLAIN=all explains every planted one.
var explainedLeaks = map[string]bool{
	"tickets-update-check-true": true, "invoices-no-force": true, "users-password-hash-granted": true, "open-tickets-no-invoker": true,
}

// The shares of the planted leaks whose cause and a fix must be found.
const (
	causesFound = 90
	fixesFound  = 80
)

// TestExplain plants leaks, each alone: the cause that is found is the object that the
// leak's SQL names, at the line where it stands, and a fix is found and mends it.
func TestExplain(t *testing.T) {
	leaks, err := helpdesk.Leaks()
	if err != nil {
		t.Fatal(err)
	}
	all := os.Getenv("RLSFUZZ_EXPLAIN") == "all"
	d := newDesk(t)
	table := &explainTable{}
	for _, leak := range leaks {
		if !all && !explainedLeaks[leak.Name] {
			continue
		}
		t.Run(leak.Name, func(t *testing.T) {
			row := d.explain(t, leak)
			table.rows = append(table.rows, row)
			switch {
			case all:
			case !row.right:
				t.Errorf("the cause is %q at line %d, the leak's SQL touches %q", row.cause, row.line, row.touched)
			case row.fix == "":
				t.Errorf("no fix: %s", row.note)
			}
		})
	}
	if all {
		table.write(t)
	}
}

// explainRow is what was found out about one leak.
type explainRow struct {
	name, touched, cause, place, fix, note string
	line                                   int
	right                                  bool // the cause is what the leak's SQL touches
	sure                                   string
	seconds                                float64
}

func (d *desk) explain(t *testing.T, leak helpdesk.Leak) explainRow {
	t.Helper()
	row := explainRow{name: leak.Name}
	var only []string
	row.touched, only = touched(d.leakText(t, leak.Name))
	cfg := d.config(leak.Name)
	cfg.SkipRandom, cfg.Only = true, only
	cfg.Duration = 10 * time.Minute // however slow the machine is: what mends a leak is looked for
	var began time.Time
	cfg.Log = func(format string, _ ...any) {
		if strings.HasPrefix(format, "explaining") {
			began = time.Now()
		}
	}
	cfg.Found = func(*props.Block) { row.seconds = max(row.seconds, time.Since(began).Seconds()) }
	r, err := props.Run(context.Background(), d.open(t, leak.Name), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Blocks) == 0 {
		t.Errorf("not found among %q", only)
		return row
	}
	f := r.Blocks[0].Finding
	for _, b := range r.Blocks { // a leak may be seen in a second block, too
		if explains(&row, b.Finding) {
			f = b.Finding
			break
		}
	}
	row.right = explains(&row, f)
	row.cause, row.place, row.line = f.Carrier.Object, f.Carrier.Place(), f.Carrier.Line
	row.fix, row.note, row.sure = cmp.Or(strings.Join(f.Fix.SQL, "; "), f.Fix.Pool), f.Fix.Note, fmt.Sprintf("%d of %d", f.Reproduced, f.Times)
	if f.Reproduced != f.Times {
		t.Errorf("reproduced %s", row.sure)
	}
	if lines := strings.Count(finding.Block(f), "\n"); lines > 24 {
		t.Errorf("%d lines, which a screen has not:\n%s", lines, finding.Block(f))
	}
	return row
}

// explains reports whether a finding's cause is what a leak's SQL touches, and says so with
// its file. What a file drops is no longer there: then the cause is of the same table.
func explains(row *explainRow, f *finding.Finding) bool {
	if gone, ok := strings.CutPrefix(row.touched, "dropped "); ok {
		_, table, _ := strings.Cut(gone, " on ")
		return strings.HasSuffix(f.Carrier.Object, " on "+table)
	}
	return strings.HasPrefix(f.Carrier.Object, row.touched) && filepath.Base(f.Carrier.File) == row.name+".sql"
}

// The objects that a leak's SQL may touch, and the part of the example in which that shows.
var touches = []struct {
	form   *regexp.Regexp
	object string
}{
	{regexp.MustCompile(`(?m)^DROP POLICY (\w+) ON (\w+);\n?\z`), "dropped policy $1 on $2"},
	{regexp.MustCompile(`(?m)^(?:CREATE|ALTER) POLICY (\w+)\s+ON (\w+)`), "policy $1 on $2"},
	{regexp.MustCompile(`(?m)^ALTER TABLE (\w+)`), "table $1"},
	{regexp.MustCompile(`(?m)^ALTER ROLE (\w+) SET (\S+)`), "setting $2 of role $1"},
	{regexp.MustCompile(`(?m)^ALTER ROLE (\w+) BYPASSRLS`), "role $1"},
	{regexp.MustCompile(`(?m)^GRANT (\w+ \(\w+\)) ON (\w+)`), "grant $1 on $2"},
	{regexp.MustCompile(`(?m)^GRANT SELECT ON (\w+) TO`), "materialized view $1"},
	{regexp.MustCompile(`(?m)^GRANT (\w+) TO (\w+)`), "membership of role $2 in $1"},
	{regexp.MustCompile(`(?m)^CREATE OR REPLACE FUNCTION (\w+)`), "function $1("},
	{regexp.MustCompile(`(?m)^ALTER VIEW (\w+)`), "view $1"},
}

// shows is where to look for the leak of an object that is no table's.
var shows = map[string][]string{
	"setting app.tenant_id of role helpdesk_app": {"stranger", "accounts"}, "role helpdesk_owner": {"exporter", "invoices"},
	"role helpdesk_support": {"support", "tickets"}, "policy tickets_update_member on tickets": {"member"}, "membership of role helpdesk_member in helpdesk_admin": {"member", "tickets"},
	"function close_ticket(": {"admin", "stranger", "close ticket", "accounts"}, "function close_tickets(": {"bulk close"},
	"function export_invoices(": {"invoice export", "function export_invoices"}, "function override_invoice(": {"support override"},
	"function purge_note(": {"purge note"}, "function ticket_report(": {"ticket report"}, "function status_report(": {"status report"},
	"function receive_webhook(": {"webhook"}, "materialized view account_totals": {"materialized view account_totals"}, "function dashboard(": {"dashboard"}, "function export_tickets(": {"ticket export"},
	"function lookup_invoice(": {"support lookup"}, "function search_customers(": {"customer search"}, "view open_tickets": {"view open_tickets"},
}

// touched is the object that a leak's SQL touches, and what to limit the search to.
func touched(text string) (object string, only []string) {
	for _, form := range touches {
		m := form.form.FindStringSubmatchIndex(text)
		if m == nil {
			continue
		}
		object = string(form.form.ExpandString(nil, form.object, text, m))
		words := strings.Fields(object)
		if list := shows[object]; list != nil {
			return object, list
		}
		return object, words[len(words)-1:]
	}
	return "", nil
}

// explainTable is what was found out about every planted leak. RLSFUZZ_TABLE names the
// Markdown file that it is written into.
type explainTable struct{ rows []explainRow }

func (e *explainTable) share(of func(*explainRow) bool) int {
	n := 0
	for i := range e.rows {
		if of(&e.rows[i]) {
			n++
		}
	}
	return 100 * n / max(len(e.rows), 1)
}

func (e *explainTable) write(t *testing.T) {
	causes := e.share(func(r *explainRow) bool { return r.right })
	fixes := e.share(func(r *explainRow) bool { return r.fix != "" })
	if causes < causesFound || fixes < fixesFound {
		t.Errorf("the cause was found of %d %%, a fix of %d %%; want %d and %d", causes, fixes, causesFound, fixesFound)
	}
	var b strings.Builder
	var seconds []int
	for i := range e.rows {
		seconds = append(seconds, int(1000*e.rows[i].seconds))
	}
	fmt.Fprintf(&b, "The cause of %d %% of %d planted leaks, a verified fix of %d %%; %d ms a finding at the median, %d at the 90th percentile.\n\n",
		causes, len(e.rows), fixes, quantile(seconds, 50), quantile(seconds, 90))
	b.WriteString("| leak | cause found | right | fix, verified |\n|---|---|---|---|\n")
	for i := range e.rows {
		r := &e.rows[i]
		right, fix := "yes", "`"+strings.Join(strings.Fields(r.fix), " ")+"`"
		if !r.right {
			right = "no: " + r.touched
		}
		if r.fix == "" {
			fix = "*" + r.note + "*"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.name, r.cause, right, strings.ReplaceAll(fix, "|", `\|`))
	}
	t.Log("\n" + b.String())
	if path := os.Getenv("RLSFUZZ_TABLE"); path != "" && !t.Failed() {
		intoMarks(t, path, "<!-- causes -->\n", "<!-- /causes -->\n", b.String())
	}
}
