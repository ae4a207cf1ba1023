package run_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/helpdesk"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// tally counts what the two ways of running said of sequences.
type tally struct {
	checks, passed, diverged int
	cautious                 int // surprises without a divergence
	missed                   int // divergences that the fast way passed
}

// TestFastCareful runs equal sequences both ways: what the fast way passes has no
// divergence, and what has none is passed, but for a few surprises.
func TestFastCareful(t *testing.T) {
	planted := map[string]bool{
		"tickets-read-true": true, "tickets-insert-true": true, "tickets-update-check-true": true,
		"invoice-lines-no-row-security": true, "users-password-hash-granted": true, "support-notes-delete-true": true,
	}
	leaks, err := helpdesk.Leaks()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("fixed", func(t *testing.T) {
		n := both(t, desk(t), 30, few)
		if n.diverged > 0 {
			t.Errorf("%d of %d sequences diverge on the fixed schema", n.diverged, n.checks)
		}
	})
	for _, leak := range leaks {
		if !planted[leak.Name] {
			continue
		}
		delete(planted, leak.Name)
		t.Run(leak.Name, func(t *testing.T) {
			n := both(t, desk(t, leak.SQL), 20, few)
			if n.diverged == 0 {
				t.Errorf("none of %d sequences shows the leak", n.checks)
			}
		})
	}
	if len(planted) > 0 {
		t.Errorf("no such leaks: %v", planted)
	}
}

// few is how many of a hundred sequences may surprise without a divergence.
const few = 5

// both draws sequences on datasets and runs each both ways. No more than so many of a hundred may
// surprise without a divergence.
func both(t *testing.T, target *props.Target, datasets, cautious int) tally {
	t.Helper()
	fast, careful := workerOn(t, target), workerOn(t, target)
	var n tally
	draw(t, target, 11, datasets, 10, func(d *gen.Dataset, sequences [][]model.Step) bool {
		for i, status := range statuses(t, fast, d, sequences) {
			n.checks++
			diverged, late := diverges(t, target, careful, d, sequences[i])
			switch {
			case late && status == run.Passed:
				n.missed++
			case diverged && status == run.Passed: // only a look on the way would have shown it
				n.passed++
			case diverged:
				n.diverged++
			case status == run.Passed:
				n.passed++
			default:
				n.cautious++
			}
		}
		return true
	})
	t.Logf("%d sequences: %d passed, %d diverged, %d surprises without a divergence", n.checks, n.passed, n.diverged, n.cautious)
	if n.missed > 0 {
		t.Errorf("the fast way passed %d sequences that diverge", n.missed)
	}
	if n.cautious*100 > n.checks*cautious {
		t.Errorf("%d of %d sequences surprise, but do not diverge", n.cautious, n.checks)
	}
	return n
}

// statuses runs sequences the fast way, those again that an earlier one kept from running.
func statuses(t *testing.T, w *run.Worker, d *gen.Dataset, sequences [][]model.Step) []run.Status {
	t.Helper()
	var out []run.Status
	for len(out) < len(sequences) {
		list, err := w.Fast(context.Background(), d.Data, d.State, sequences[len(out):])
		if err != nil {
			t.Fatal(err)
		}
		if list[0] == run.Unrun {
			t.Fatal("the first sequence did not run")
		}
		for _, s := range list {
			if s == run.Unrun {
				break
			}
			out = append(out, s)
		}
	}
	return out
}

// diverges runs a sequence carefully and judges it. A mere suspicion of a lockout
// that has another reason than row security counts too: the fast way may not pass it.
func diverges(t *testing.T, target *props.Target, w *run.Worker, d *gen.Dataset, steps []model.Step) (diverged, late bool) {
	t.Helper()
	s := &model.Scenario{Data: d.Data, Steps: steps}
	trace, err := w.Careful(context.Background(), s, run.Variant{})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range judge.Judge(target.Contract, s, trace).Divergences {
		diverged, late = true, late || d.Step == len(steps)-1 || d.Class < judge.Read
	}
	return diverged, late
}

// TestCarefuls runs calls and statements that share a dataset together, each from its rows: the traces
// are those of each by itself, but for times.
func TestCarefuls(t *testing.T) {
	target := desk(t)
	together, alone := workerOn(t, target), workerOn(t, target)
	calls, wrote := 0, 0
	draw(t, target, 5, 4, 6, func(d *gen.Dataset, sequences [][]model.Step) bool {
		for i := range d.Cast {
			for _, call := range target.Plan.Calls(d, &d.Cast[i]) {
				if call.Kind == gen.Own && !call.Step.Runs() {
					sequences, calls = append(sequences, []model.Step{call.Step}), calls+1
				}
			}
		}
		got, err := together.Carefuls(context.Background(), d.Data, d.State, sequences)
		if err != nil {
			t.Fatal(err)
		}
		for i, steps := range sequences {
			want, err := alone.Careful(context.Background(), &model.Scenario{Data: d.Data, Steps: steps}, run.Variant{})
			if err != nil {
				t.Fatal(err)
			}
			if steps[0].Op.Path != nil && !cmp.Equal(want.Initial, want.Steps[0].After) {
				wrote++
			}
			if diff := cmp.Diff(timeless(t, want), timeless(t, got[i])); diff != "" {
				t.Errorf("sequence %d (-alone +together):\n%s", i, diff)
			}
		}
		return !t.Failed()
	})
	t.Logf("%d calls, of which %d wrote", calls, wrote)
	if wrote == 0 {
		t.Errorf("none of %d calls wrote", calls)
	}
}

// changing finds what each run makes anew: moments of today, and random UUIDs, which no row of a dataset has.
var changing = regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\.[0-9:.+]+|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)

// timeless lists what is in a trace, the order of rows and what each run makes anew aside.
func timeless(t *testing.T, trace *model.Trace) []string {
	t.Helper()
	var out []string
	add := func(what string, v any) {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, what+" "+changing.ReplaceAllString(string(text), "…"))
	}
	for _, rows := range trace.Initial {
		for _, row := range rows {
			add("initial", row)
		}
	}
	for n := range trace.Steps {
		step := trace.Steps[n]
		for table, rows := range step.After {
			for _, row := range rows {
				add(fmt.Sprint("after ", n, " ", table), row)
			}
		}
		for _, seen := range step.Seen {
			slices.Sort(seen.Rows)
		}
		for rule, holds := range step.Answers {
			add(fmt.Sprint("before ", n, " ", rule.Text), holds)
		}
		for rule, holds := range step.Later {
			add(fmt.Sprint("later ", n, " ", rule.Text), holds)
		}
		add(fmt.Sprint("step ", n), []any{step.Err, step.Count, step.Rows, step.Expected, step.Asked, step.Notices, step.Output, step.Seen})
	}
	slices.Sort(out)
	return out
}
