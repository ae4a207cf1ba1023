package run_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// calling is one call of the example with the worlds that it is run in.
type calling struct {
	path   string
	worlds []run.World
	calls  []run.Calls
}

// callings is a call of each SQL path of the example by each of its sessions, whose second
// world is without the rows that the session may not see. Programs do not run in worlds.
func callings(t testing.TB, c *model.Contract, p *gen.Plan) []calling {
	t.Helper()
	var out []calling
	d := p.MatrixDataset(1)
	for i := range d.Cast {
		seen := map[*model.Path]bool{}
		for _, call := range p.Calls(d, &d.Cast[i]) {
			step := call.Step
			if seen[step.Op.Path] || step.Runs() {
				continue
			}
			id, ok := c.BindStep(&step, d.State)
			if !ok {
				t.Fatalf("%s cannot call %s", step.Session.Name, step.Op.Path.Name)
			}
			w, known := p.Worlds(id, d.Data, nil)
			if !known {
				t.Fatalf("%s: a rule could not be evaluated", step.Op.Path.Name)
			}
			second, ok := w.Make(gen.Remove, nil)
			if !ok {
				continue
			}
			seen[step.Op.Path] = true
			out = append(out, calling{
				path: step.Op.Path.Name, worlds: []run.World{{Data: d.Data}, {Data: second}},
				calls: []run.Calls{{ID: []*model.Identity{id}, Steps: []model.Step{step}}},
			})
		}
	}
	return out
}

// BenchmarkWorlds compares a clean call in two worlds with the same call, rolled back and
// observed alike, in one. The limit is on the median over the example's paths.
func BenchmarkWorlds(b *testing.B) {
	target := desk(b)
	worker := workerOn(b, target)
	list := callings(b, target.Contract, target.Plan)
	for b.Loop() {
		var ratios []float64
		for i := range list {
			c := &list[i]
			var one, two []time.Duration
			for range 20 { // by turns, so that the machine's load is in both
				one = append(one, timed(b, worker, c.worlds[:1], c.calls))
				two = append(two, timed(b, worker, c.worlds, c.calls))
			}
			slices.Sort(one)
			slices.Sort(two)
			ratio := float64(two[len(two)/2]) / float64(one[len(one)/2])
			ratios = append(ratios, ratio)
			b.Logf("%-20s one world %v, two %v: %.2f", c.path, one[len(one)/2], two[len(two)/2], ratio)
		}
		slices.Sort(ratios)
		median := ratios[len(ratios)/2]
		b.ReportMetric(median, "x")
		if median > worldsMost {
			b.Errorf("two worlds take %.2f times one at the median, want at most %.1f", median, worldsMost)
		}
	}
}

// worldsMost is how many times the cost of one run a clean call in two worlds may take.
const worldsMost = 2.5

func timed(b *testing.B, w *run.Worker, worlds []run.World, calls []run.Calls) time.Duration {
	b.Helper()
	start := time.Now()
	runs, err := w.Worlds(context.Background(), worlds, calls, false, run.Variant{})
	took := time.Since(start)
	if err != nil {
		b.Fatal(err)
	}
	for i := range runs {
		if runs[i][0].Invalid != "" {
			b.Fatal(fmt.Errorf("world %d: %s", i, runs[i][0].Invalid))
		}
	}
	if len(runs) > 1 && !runs[1][0].Same(&runs[0][0]) {
		b.Fatal("a clean call differs")
	}
	return took
}
