package props_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/helpdesk"
)

// example writes the helpdesk example and returns its folder.
func example(t *testing.T) string {
	t.Helper()
	return exampleDir(t)
}

func exampleDir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := helpdesk.Write(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func leakOf(dir, name string) []string { return []string{filepath.Join(dir, "leaks", name+".sql")} }

// recorder is a test that is allowed to fail.
type recorder struct {
	testing.TB
	errors []string
	logs   []string
}

type stopped struct{}

func (r *recorder) Helper()           {}
func (r *recorder) Error(args ...any) { r.errors = append(r.errors, fmt.Sprint(args...)) }
func (r *recorder) Errorf(f string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(f, args...))
}
func (r *recorder) Fatalf(f string, args ...any) { r.Errorf(f, args...); panic(stopped{}) }
func (r *recorder) Logf(f string, args ...any)   { r.logs = append(r.logs, fmt.Sprintf(f, args...)) }

func (r *recorder) check(cfg props.Config) (out *props.Report) {
	defer func() {
		if p := recover(); p != nil && p != (stopped{}) {
			panic(p)
		}
	}()
	return props.Check(r, cfg)
}

func TestCheckPasses(t *testing.T) {
	dir := example(t)
	r := props.Check(t, props.Config{
		Contract: filepath.Join(dir, "rlsfuzz.yaml"), Postgres: os.Getenv("RLSFUZZ_POSTGRES"), Checks: 300, SkipMatrix: true,
	})
	if r.Checks < 300 || r.Steps < r.Checks {
		t.Errorf("%d checks with %d statements", r.Checks, r.Steps)
	}
}

func TestCheckFails(t *testing.T) {
	dir := example(t)
	out := t.TempDir()
	r := &recorder{TB: t}
	r.check(props.Config{
		Contract: filepath.Join(dir, "rlsfuzz.yaml"), Postgres: os.Getenv("RLSFUZZ_POSTGRES"),
		Apply: leakOf(dir, "tickets-read-true"), SkipRandom: true, Only: []string{"tickets", "support"}, Out: out,
	})
	if len(r.errors) != 1 {
		t.Fatalf("%d errors: %q", len(r.errors), r.errors)
	}
	for _, want := range []string{
		"LEAK (read), cross-tenant: support select tickets", "of tenant 2", "policy tickets_read on tickets lets it through",
		"support of tenant 1", "rlsfuzz replay " + filepath.Join(out, "findings"),
	} {
		if !strings.Contains(r.errors[0], want) {
			t.Errorf("%q is not in the message:\n%s", want, r.errors[0])
		}
	}
}

func TestCheckCannotRun(t *testing.T) {
	r := &recorder{TB: t}
	r.check(props.Config{Contract: filepath.Join(t.TempDir(), "none.yaml")})
	if len(r.errors) != 1 || !strings.Contains(r.errors[0], "there is no contract") {
		t.Errorf("%q", r.errors)
	}
	r = &recorder{TB: t}
	r.check(props.Config{Contract: filepath.Join(example(t), "rlsfuzz.yaml"), Postgres: os.Getenv("RLSFUZZ_POSTGRES"), Only: []string{"nobody"}})
	if len(r.errors) != 1 || !strings.Contains(r.errors[0], "no session, no table and no path of this name") {
		t.Errorf("%q", r.errors)
	}
}

// TestFlags runs Check in a go test of its own, as users do, with rapid's flags.
func TestFlags(t *testing.T) {
	if dir := os.Getenv("RLSFUZZ_TEST_EXAMPLE"); dir != "" { // the child
		r := props.Check(t, props.Config{Contract: filepath.Join(dir, "rlsfuzz.yaml"), Postgres: os.Getenv("RLSFUZZ_POSTGRES"), SkipMatrix: true})
		fmt.Printf("checks %d seed %d\n", r.Checks, r.Seed)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestFlags$", "-rapid.checks=200", "-rapid.seed=4711")
	cmd.Env = append(os.Environ(), "RLSFUZZ_TEST_EXAMPLE="+example(t))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	found := regexp.MustCompile(`(?m)^checks (\d+) seed 4711$`).FindSubmatch(out)
	if found == nil {
		t.Fatalf("it did not take the seed: %s", out)
	}
	if n, err := strconv.Atoi(string(found[1])); err != nil || n < 200 || n >= 200+10 { // it ends with a dataset, of ten
		t.Errorf("%s checks where 200 were asked for", found[1])
	}
}

// TestDeadline gives Check less time than its checks need: it ends before go test
// would end it, without a failure.
func TestDeadline(t *testing.T) {
	dir := example(t)
	r := &timed{recorder: recorder{TB: t}, at: time.Now().Add(10 * time.Second)}
	report := props.Check(r, props.Config{
		Contract: filepath.Join(dir, "rlsfuzz.yaml"), Postgres: os.Getenv("RLSFUZZ_POSTGRES"), Checks: 1 << 30, SkipMatrix: true,
	})
	if !report.Ended || time.Now().After(r.at) || len(r.errors) > 0 {
		t.Errorf("ended %v, %s after the deadline, %q", report.Ended, time.Since(r.at), r.errors)
	}
}

// timed is a recorder with a deadline.
type timed struct {
	recorder
	at time.Time
}

func (t *timed) Deadline() (time.Time, bool) { return t.at, true }

// summary is what a report promises to repeat.
type summary struct {
	Seed     uint64
	Checks   int
	Blocks   []string
	Leads    []props.Lead
	Untested []props.Untested
	Cells    []string
}

func summarize(r *props.Report) summary {
	s := summary{Seed: r.Seed, Checks: r.Checks, Leads: r.Leads, Untested: r.Untested}
	for _, b := range r.Blocks {
		s.Blocks = append(s.Blocks, fmt.Sprintf("%s %s %s; %s; at check %d; %s", b.Finding.Key, b.Finding.Class, b.Finding.Rule, b.Cause, b.AtCheck, strings.Join(b.Like, ", ")))
	}
	r.EachCell(func(m *model.Session, t *model.Table, c model.Command) {
		st := r.Matrix.Cell(m.ID, t.ID, c)
		s.Cells = append(s.Cells, fmt.Sprintf("%s %s %s: %d allowed, %d forbidden", m.Name, c, t.Label(), st.Allowed, st.Forbidden))
	})
	return s
}

// The same seed and checks give the same report, whatever the number of workers.
func TestWorkers(t *testing.T) {
	dir := example(t)
	leaks := slices.Concat(leakOf(dir, "tickets-read-true"), leakOf(dir, "invoices-no-force"), leakOf(dir, "support-bypassrls"), leakOf(dir, "support-notes-delete-true"))
	for _, test := range []struct {
		name  string
		apply []string
		cfg   props.Config
	}{
		{"fixed", nil, props.Config{Checks: 250, Seed: 7}},
		{"leaky", leaks, props.Config{Checks: 500, Seed: 7, Only: []string{"tickets", "support_notes"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var first summary
			for _, workers := range []int{1, 3} {
				cfg := test.cfg
				cfg.SkipMatrix = true
				cfg.Contract, cfg.Apply, cfg.Workers = filepath.Join(dir, "rlsfuzz.yaml"), test.apply, workers
				cfg.Postgres = os.Getenv("RLSFUZZ_POSTGRES")
				target, err := props.Open(t.Context(), cfg)
				if err != nil {
					t.Fatal(err)
				}
				r, err := props.Run(t.Context(), target, cfg)
				if cerr := target.Close(); cerr != nil {
					t.Error(cerr)
				}
				if err != nil {
					t.Fatalf("%d workers: %v", workers, err)
				}
				got := summarize(r)
				if len(test.apply) > 0 && len(got.Blocks) < 2 {
					t.Errorf("%d findings of %d leaks", len(got.Blocks), len(test.apply))
				}
				if workers == 1 {
					first = got
				} else if diff := cmp.Diff(first, got); diff != "" {
					t.Errorf("1 worker, then %d: %s", workers, diff)
				}
			}
		})
	}
}
