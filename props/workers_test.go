package props_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// BenchmarkWorkers is random search on the example with one worker and with two: checks a
// second of all of it, and of tables alone, where ten sequences share a dataset.
//
//	go test ./props -run '^$' -bench Workers -benchtime 20x
func BenchmarkWorkers(b *testing.B) {
	dir := require.Folder(b, map[string]string{"schema.sql": shop, "rlsfuzz.yaml": shopContract})
	d := desk{dir: exampleDir(b)}
	for _, of := range []struct{ name, contract string }{
		{"example", d.config().Contract}, {"tables", filepath.Join(dir, "rlsfuzz.yaml")},
	} {
		cfg := props.Config{Contract: of.contract, Postgres: os.Getenv("RLSFUZZ_POSTGRES"), SkipMatrix: true, Seed: 3}
		target, err := props.Open(context.Background(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/workers=%d", of.name, workers), func(b *testing.B) {
				cfg := cfg
				cfg.Workers, cfg.Checks = workers, 100*b.N
				r, err := props.Run(context.Background(), target, cfg)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(r.Checks)/b.Elapsed().Seconds(), "checks/s")
			})
		}
		if err := target.Close(); err != nil {
			b.Error(err)
		}
	}
}
