package run_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/program"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// calling is one call of the example with the worlds that it is run in.
type calling struct {
	path   string
	worlds []run.World
	calls  []run.Calls
}

// callings is a call of each path of the example, of those that are programs or of the others, by
// each of its sessions, whose second world is without the rows that the session may not see.
func callings(t testing.TB, c *model.Contract, p *gen.Plan, programs bool) []calling {
	t.Helper()
	var out []calling
	d := p.MatrixDataset(1)
	for i := range d.Cast {
		seen := map[*model.Path]bool{}
		for _, call := range p.Calls(d, &d.Cast[i]) {
			step := call.Step
			if seen[step.Op.Path] || step.Runs() != programs {
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
	list := callings(b, target.Contract, target.Plan, false)
	for b.Loop() {
		median := compared(b, list, 20, func(c *calling, worlds []run.World) {
			runs, err := worker.Worlds(context.Background(), worlds, c.calls, false, run.Variant{})
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
		})
		if median > worldsMost {
			b.Errorf("two worlds take %.2f times one at the median, want at most %.1f", median, worldsMost)
		}
	}
}

// BenchmarkPrograms is the same for the example's programs, which connect by themselves: each world is
// committed in a scratch database, and what a program wrote and left is compared.
func BenchmarkPrograms(b *testing.B) {
	target := desk(b)
	home := filepath.Dir(target.File.Path)
	var dbs []*run.Committer
	for range 2 {
		m := committerOn(b, target)
		m.Programs = run.NewPrograms(home, program.Limits{}, nil)
		dbs = append(dbs, m)
	}
	list := callings(b, target.Contract, target.Plan, true)
	for b.Loop() {
		compared(b, list, 5, func(c *calling, worlds []run.World) {
			var first *model.Output
			for i, w := range worlds {
				s := &model.Scenario{Data: w.Data, Steps: c.calls[0].Steps, Committed: true}
				trace, err := dbs[i].Run(context.Background(), s, true)
				if err != nil {
					b.Fatal(err)
				}
				out := trace.Steps[0].Output
				if out == nil || out.Unclear != "" {
					b.Fatalf("%s: world %d: %+v", c.path, i, out)
				}
				if i == 0 {
					first = out
				} else if d := cmp.Diff(first.Lines(), out.Lines()); d != "" {
					b.Fatalf("%s: a clean call differs: %s", c.path, d)
				}
			}
		})
	}
}

// compared times each call in its first world and in both, by turns, so that the machine's load is in
// both, and reports the median over the calls of how many times two worlds take one.
func compared(b *testing.B, list []calling, times int, call func(c *calling, worlds []run.World)) float64 {
	b.Helper()
	if len(list) == 0 {
		b.Fatal("the example has no such path")
	}
	var ratios []float64
	for i := range list {
		c := &list[i]
		took := [2][]time.Duration{}
		for range times {
			for k := range took {
				start := time.Now()
				call(c, c.worlds[:k+1])
				took[k] = append(took[k], time.Since(start))
			}
		}
		slices.Sort(took[0])
		slices.Sort(took[1])
		one, two := took[0][times/2], took[1][times/2]
		ratio := float64(two) / float64(one)
		ratios = append(ratios, ratio)
		b.Logf("%-20s one world %v, two %v: %.2f", c.path, one, two, ratio)
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "x")
	return ratios[len(ratios)/2]
}

// worldsMost is how many times the cost of one run a clean call in two worlds may take.
const worldsMost = 2.5
