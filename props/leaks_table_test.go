package props_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// leakTable is what the searches for the planted leaks took. RLSFUZZ_TABLE names the
// Markdown file that it is written into, between two marks.
type leakTable struct {
	seeds int
	rows  []leakRow
}

type leakRow struct {
	name, class string
	found       bool
	scope       string // of the least case
	checks      []int  // of random search, by seed
	misses      int    // seeds from which it found nothing
	cells       int    // of the walk
	size        int    // rows and steps beyond the cast
	cases       int    // canonical ones
	runs        []int  // to shrink
}

func (h *hunt) row() leakRow {
	r := leakRow{name: h.leak.Name, class: h.leak.Class, checks: h.checks, misses: h.misses, cells: h.cells, cases: len(h.cases), runs: h.runs}
	if h.first != nil {
		r.found, r.scope = true, h.first.Scope()
		r.size, _ = h.size()
	}
	return r
}

// Marks of the table in a Markdown file.
const (
	tableBegins = "<!-- leaks -->\n"
	tableEnds   = "<!-- /leaks -->\n"
)

// write puts the table into the file that RLSFUZZ_TABLE names, if it names one, and all
// leaks were found by the walk and by some seed.
func (l *leakTable) write(t *testing.T) {
	l.limits(t)
	path := os.Getenv("RLSFUZZ_TABLE")
	if path == "" {
		return
	}
	if slices.ContainsFunc(l.rows, func(r leakRow) bool { return !r.found || len(r.checks) == 0 }) {
		t.Error("RLSFUZZ_TABLE needs all leaks: run the whole of TestLeaks")
		return
	}
	intoMarks(t, path, tableBegins, tableEnds, l.text())
}

// intoMarks puts a text between two lines of a file.
func intoMarks(t *testing.T, path, opens, closes, text string) {
	t.Helper()
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(old), opens)
	_, after, ends := strings.Cut(rest, closes)
	if !begins || !ends {
		t.Fatalf("%s has no lines %q and %q", path, opens, closes)
	}
	if err := os.WriteFile(path, []byte(before+opens+text+closes+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// shrinkMedian is the most distinct runs on Postgres that shrinking a finding may take
// at the median.
const shrinkMedian = 300

func (l *leakTable) limits(t *testing.T) {
	var all []int
	for i := range l.rows {
		all = append(all, l.rows[i].runs...)
	}
	if m := quantile(all, 50); m > shrinkMedian {
		t.Errorf("shrinking takes %d distinct runs at the median, want at most %d", m, shrinkMedian)
	}
}

func (l *leakTable) text() string {
	var b strings.Builder
	var runs []int
	cells := 0
	for i := range l.rows {
		cells = max(cells, l.rows[i].cells)
		runs = append(runs, l.rows[i].runs...)
	}
	seeds := "one seed"
	if l.seeds > 1 {
		seeds = fmt.Sprintf("%d seeds", l.seeds)
	}
	fmt.Fprintf(&b, `Each planted leak alone, found by random search from %s, and by the matrix walk within one walk of %d
checks. Whole searches, with either in front, report one block with the same least case. *Checks*: of random search,
until it was found, at the median, the 90th percentile and the most, or the seeds from which it was not. *Scope* and
*size* are the least case's: rows and steps beyond the tenants and the users and memberships that its sessions need.
*Cases*: different least cases. *Runs*: distinct runs on Postgres to shrink it, at the median; %d over all leaks.

| leak | class | scope | checks, median | p90 | most | size | cases | runs |
|---|---|---|--:|--:|--:|--:|--:|--:|
`, seeds, cells, quantile(runs, 50))
	for i := range l.rows {
		r := &l.rows[i]
		most := strconv.Itoa(quantile(r.checks, 100))
		if r.misses > 0 {
			most = fmt.Sprintf("*not from %d*", r.misses)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %d | %s | %d | %d | %d |\n",
			r.name, r.class, r.scope, quantile(r.checks, 50), quantile(r.checks, 90), most, r.size, r.cases, quantile(r.runs, 50))
	}
	return b.String()
}

// quantile is the least value that so many per cent of the values do not exceed; 0 of none.
func quantile(values []int, percent int) int {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)*percent+99)/100-1]
}
