package props_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/helpdesk"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
	"github.com/rlsfuzz/rlsfuzz/props/report"
)

// Limits of what a planted leak may take.
const (
	leakChecks = 300 // of random search, to find it
	pathChecks = 500 // to find one that only a path shows
	leakSize   = 3   // rows and steps beyond the cast; one more where a parent row is needed
	leakSeeds  = 3   // RLSFUZZ_SEEDS says otherwise
	leakEvery  = 16  // of so many leaks one is searched for, since each takes half a minute; RLSFUZZ_LEAKS_EVERY says otherwise
)

// desk is the example, written to a folder.
type desk struct {
	dir   string
	fixed *props.Target
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	require.Postgres(t)
	d := &desk{dir: filepath.Join(t.TempDir(), "helpdesk")}
	if err := helpdesk.Write(d.dir); err != nil {
		t.Fatal(err)
	}
	d.fixed = d.open(t)
	return d
}

// config is a search of the example with leaks planted.
func (d *desk) config(leaks ...string) props.Config {
	cfg := props.Config{
		Contract: filepath.Join(d.dir, helpdesk.Contract), Workers: 1,
		Postgres: os.Getenv("RLSFUZZ_POSTGRES"), AllowAnyServer: os.Getenv("RLSFUZZ_POSTGRES_ANY") == "1",
	}
	for _, name := range leaks {
		cfg.Apply = append(cfg.Apply, filepath.Join(d.dir, helpdesk.LeaksDir, name+".sql"))
	}
	return cfg
}

// open loads the example with leaks planted, on a server of its own.
func (d *desk) open(t *testing.T, leaks ...string) *props.Target {
	t.Helper()
	return opened(t, d.config(leaks...))
}

// leakText is the SQL of a leak.
func (d *desk) leakText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(d.dir, helpdesk.LeaksDir, name+".sql"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestLeaks plants each leak alone: the walk finds it, and random search by itself from each
// seed. What looks for more than the first finding reports one block, which begins with the same
// least case.
func TestLeaks(t *testing.T) {
	leaks, err := helpdesk.Leaks()
	if err != nil {
		t.Fatal(err)
	}
	d, seeds := newDesk(t), require.Number(t, "RLSFUZZ_SEEDS", leakSeeds)
	table := &leakTable{seeds: seeds, rows: make([]leakRow, len(leaks))}
	t.Cleanup(func() { table.write(t) })
	every := require.Number(t, "RLSFUZZ_LEAKS_EVERY", leakEvery)
	for i, leak := range leaks {
		t.Run(leak.Name, func(t *testing.T) {
			if i%every != 0 {
				t.Skipf("one of %d planted leaks is searched for here: .ci/leaks and .ci/long search for all", every)
			}
			t.Parallel()
			h := &hunt{desk: d, leak: leak, target: d.open(t, leak.Name)}
			h.walk(t)
			for seed := range seeds {
				h.alone(t, uint64(seed+1))
			}
			h.search(t, 1)
			if h.first != nil {
				h.small(t)
				h.psql(t)
				h.page(t)
			}
			table.rows[i] = h.row()
		})
	}
}

// leakWithin is the leaks that show a tenant what is its own, or nobody's; all others cross tenants.
var leakWithin = []string{
	"audit-log-column-null", "audit-log-read-public", "export-not-logged", "member-is-admin", "override-without-reason",
	"report-shows-deleted", "tickets-body-granted", "tickets-hide-deleted-dropped", "users-password-hash-granted", "users-read-deleted",
}

// hunt is the search for one planted leak.
type hunt struct {
	*desk
	leak   helpdesk.Leak
	target *props.Target
	first  *finding.Finding // as the first search reported it
	cells  int              // of the walk
	checks []int            // until random search found it, by seed
	misses int              // seeds from which it did not
	runs   []int            // distinct runs on Postgres to shrink it, by search
	cases  map[string]bool
}

func (h *hunt) walk(t *testing.T) {
	t.Helper()
	cfg := h.config()
	cfg.SkipRandom = true
	r := h.run(t, cfg, "the walk")
	h.cells = r.Walk
	var text strings.Builder
	if err := report.Text(&text, r, report.Style{}); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(text.String(), "\n") {
		if n := utf8.RuneCountInString(line); n > 80 {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
}

// search begins with random search.
func (h *hunt) search(t *testing.T, seed uint64) {
	t.Helper()
	h.run(t, h.drawn(seed), fmt.Sprintf("seed %d", seed))
}

func (h *hunt) drawn(seed uint64) props.Config {
	cfg := h.config()
	cfg.SkipMatrix, cfg.Seed, cfg.Checks = true, seed, h.most()
	return cfg
}

// alone is random search without any help of the walk's, until its first finding.
func (h *hunt) alone(t *testing.T, seed uint64) {
	t.Helper()
	cfg := h.drawn(seed)
	cfg.First = true
	r, err := props.Run(context.Background(), h.target, cfg)
	switch {
	case err != nil:
		t.Fatalf("seed %d alone: %v", seed, err)
	case len(r.Blocks) == 0:
		t.Errorf("seed %d: random search alone finds nothing in %d checks", seed, r.Checks)
		h.misses++
		return
	}
	at := r.Blocks[0].AtCheck
	h.checks = append(h.checks, at)
	if at < 1 || at > h.most() {
		t.Errorf("seed %d: found by check %d, want at most %d", seed, at, h.most())
	}
}

// most is how many checks of random search may pass before the leak is found.
func (h *hunt) most() int {
	cause := leakCauses[h.leak.Name]
	begins := slices.ContainsFunc([]string{"function ", "view ", "materialized view "}, func(prefix string) bool { return strings.HasPrefix(cause, prefix) })
	ends := slices.ContainsFunc([]string{" refuse it", " as it must", "what the next session finds"}, func(suffix string) bool { return strings.HasSuffix(cause, suffix) })
	if begins || ends {
		return pathChecks
	}
	return leakChecks
}

// run searches, and looks at what every search must report alike.
func (h *hunt) run(t *testing.T, cfg props.Config, how string) *props.Report {
	t.Helper()
	r, err := props.Run(context.Background(), h.target, cfg)
	if err != nil {
		t.Fatalf("%s: %v", how, err)
	}
	for _, l := range r.Leads {
		t.Errorf("%s: unconfirmed: %s: %s", how, l.Cell, l.Reason)
	}
	h.runs = append(h.runs, r.Shrinks...)
	if len(r.Blocks) == 0 {
		t.Errorf("%s: not found", how)
		return r
	}
	for _, b := range r.Blocks[1:] {
		t.Errorf("%s: another block, %q:\n%s", how, b.Cause, b)
	}
	f := r.Blocks[0].Finding
	if got, want := r.Blocks[0].Cause, leakCauses[h.leak.Name]; got != want {
		t.Errorf("%s: cause %q, want %q", how, got, want)
	}
	if h.first == nil {
		h.first, h.cases = f, map[string]bool{}
		if f.Class.String() != h.leak.Class {
			t.Errorf("%s: class %s, the leak's file says %s:\n%s", how, f.Class, h.leak.Class, r.Blocks[0])
		}
		if within := slices.Contains(leakWithin, h.leak.Name); f.Cross == within {
			t.Errorf("%s: the least case is %s:\n%s", how, f.Scope(), r.Blocks[0])
		}
	}
	h.cases[f.Key] = true
	if f.Key != h.first.Key {
		t.Errorf("%s: another case:\n%s\nthe first:\n%s", how, r.Blocks[0], finding.Block(h.first))
	}
	return r
}

// small limits the rows and steps beyond the cast.
func (h *hunt) small(t *testing.T) {
	t.Helper()
	size, parents := h.size()
	most := leakSize + min(parents, 1)
	if h.first.Class == judge.Residue {
		most++ // one call leaves it, another finds it
	}
	if size > most {
		t.Errorf("%d rows and steps beyond the cast, %d of them parents:\n%s", size, parents, caseText(h.first))
	}
}

// size counts what a case has beyond the tenants and the users and memberships that
// its sessions need; parents counts the rows to which another of them refers.
func (h *hunt) size() (size, parents int) {
	s, c := h.first.Scenario, h.first.Contract
	cast := castRows(c, s)
	size = len(s.Steps)
	for id, rows := range s.Data {
		for i := range rows {
			if cast[[2]int{id, i}] {
				continue
			}
			size++
			if referred(c, s, cast, id, i) {
				parents++
			}
		}
	}
	return size, parents
}

// castRows is the rows of the example that tenants and sessions are made of.
func castRows(c *model.Contract, s *model.Scenario) map[[2]int]bool {
	accounts, users, memberships := c.Schema.Table("", "accounts"), c.Schema.Table("", "users"), c.Schema.Table("", "memberships")
	account, user := memberships.Column("account_id"), memberships.Column("user_id")
	cast := map[[2]int]bool{}
	for i := range s.Data[accounts.ID] {
		cast[[2]int{accounts.ID, i}] = true
	}
	for k := range s.Steps {
		step := &s.Steps[k]
		if step.User.Null {
			continue
		}
		for i, row := range s.Data[users.ID] {
			if row[users.Key[0]] == step.User {
				cast[[2]int{users.ID, i}] = true
			}
		}
		for i, row := range s.Data[memberships.ID] {
			if row[account] == step.Tenant && row[user] == step.User {
				cast[[2]int{memberships.ID, i}] = true
			}
		}
	}
	return cast
}

// referred reports whether another row beyond the cast refers to a row.
func referred(c *model.Contract, s *model.Scenario, cast map[[2]int]bool, table, at int) bool {
	parent := s.Data[table][at]
	for _, t := range c.Schema.Tables {
		for i, row := range s.Data[t.ID] {
			if cast[[2]int{t.ID, i}] || t.ID == table && i == at {
				continue
			}
			for k := range t.ForeignKeys {
				key := &t.ForeignKeys[k]
				if key.Target != nil && key.Target.ID == table && row[key.Columns[0]] == parent[key.Targets[0]] {
					return true
				}
			}
		}
	}
	return false
}

// psqlRoles lets one repro.sql at a time create the schema's roles on the shared server.
var psqlRoles sync.Mutex

// psql replays the case's repro.sql with psql: it leaks; made from the fixed schema it does not.
func (h *hunt) psql(t *testing.T) {
	t.Helper()
	if h.first.Scenario.Runs() {
		return // SQL alone cannot show what a program does
	}
	psqlRoles.Lock()
	defer psqlRoles.Unlock()
	if last := replayed(t, h.first, h.target.Material()); !leaks(last) {
		t.Errorf("repro.sql says %q, want LEAK: …", last)
	}
	if last := replayed(t, h.first, h.fixed.Material()); last != "no leak" {
		t.Errorf("repro.sql of the fixed schema says %q, want no leak", last)
	}
}

// page fits a screen: 40 lines of 80 columns, and two that say who acts; where a path tells of hidden rows by its
// output, which the page shows, a few more, and for each further step, whose session brings rows of its own. A long fix does not count, nor what a statement has beyond
// five lines.
func (h *hunt) page(t *testing.T) {
	t.Helper()
	var b strings.Builder
	if err := finding.Page(&b, h.first, h.target.Material()); err != nil {
		t.Fatal(err)
	}
	most := 42
	if h.first.Divergence.Worlds != nil {
		most += 10
	}
	most += 6 * (len(h.first.Scenario.Steps) - 1)
	lines, section, code := 0, "", 0
	for _, line := range strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n") {
		if strings.HasPrefix(line, "## ") {
			section, code = line, 0
		}
		if strings.HasPrefix(line, "    ") {
			code++
		}
		if section == "## Fix" || strings.HasPrefix(section, "## Step") && code > 6 { // a step's settings, and five lines
			continue
		}
		lines += max(1, (utf8.RuneCountInString(line)+79)/80)
	}
	if lines > most {
		t.Errorf("the page takes %d lines of a screen, want at most %d:\n%s", lines, most, b.String())
	}
}
