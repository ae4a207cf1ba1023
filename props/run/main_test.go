package run_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/helpdesk"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
	"github.com/rlsfuzz/rlsfuzz/props/run"
	"github.com/rlsfuzz/rlsfuzz/props/search"
)

func TestMain(m *testing.M) { require.Main(m) }

// desk opens the helpdesk example, with SQL that is applied to its schema.
func desk(t testing.TB, apply ...string) *props.Target {
	t.Helper()
	dir := t.TempDir()
	if err := helpdesk.Write(dir); err != nil {
		t.Fatal(err)
	}
	cfg := props.Config{Contract: filepath.Join(dir, "rlsfuzz.yaml"), Postgres: os.Getenv("RLSFUZZ_POSTGRES")}
	for _, text := range apply {
		name := filepath.Join(dir, "applied.sql")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg.Apply = append(cfg.Apply, name)
	}
	target, err := props.Open(context.Background(), cfg)
	var missing *postgres.Unavailable
	if errors.As(err, &missing) {
		require.Need(t, "a PostgreSQL server", false, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	return target
}

// workerOn is a worker in a database of its own.
func workerOn(t testing.TB, target *props.Target) *run.Worker {
	t.Helper()
	w := passing(t, target)
	t.Cleanup(w.Close)
	return w
}

// committerOn is a committer in a database of its own.
func committerOn(t testing.TB, target *props.Target) *run.Committer {
	t.Helper()
	m, _ := committerIn(t, target)
	return m
}

// committerIn is a committer, and the database of its own that it is in.
func committerIn(t testing.TB, target *props.Target) (*run.Committer, string) {
	t.Helper()
	ctx := context.Background()
	db, err := target.Scratch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	m, err := run.NewCommitter(ctx, target.Server, db, target.Contract)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m, db
}

// passing is a worker that the caller closes: the test keeps nothing of it.
func passing(t testing.TB, target *props.Target) *run.Worker {
	t.Helper()
	ctx := context.Background()
	db, err := target.Scratch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	w, err := run.NewWorker(ctx, target.Server, db, target.Contract)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// draw draws datasets with as many sequences each, and hands them over until see
// says that it is enough.
func draw(t testing.TB, target *props.Target, seed uint64, datasets, sequences int, see func(d *gen.Dataset, sequences [][]model.Step) (more bool)) {
	t.Helper()
	more := true
	failure, err := search.Check(seed, datasets, func(r *rapid.T) {
		if !more {
			return
		}
		bits := gen.Drawn{T: r}
		d := target.Plan.Dataset(bits, gen.Options{})
		if len(d.Cast) == 0 {
			return
		}
		var list [][]model.Step
		for range sequences {
			list = append(list, onTables(target.Plan).Sequence(bits, speedSteps, d, gen.CallsAtFirst))
		}
		more = see(d, list) && !t.Failed()
	})
	if failure != "" || err != nil {
		t.Fatal("drawing failed: ", failure, err)
	}
}

// onTables is a plan whose sequences call no path.
func onTables(p *gen.Plan) *gen.Plan {
	return p.Limit(
		func(*model.Session) bool { return true }, func(*model.Table) bool { return true }, func(*model.Path) bool { return false },
	)
}
