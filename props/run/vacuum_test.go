package run_test

import (
	"context"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// TestCommitterTidies resets a scratch database very often. Its tables and catalogs stay
// as small as they were, for each scan of them is part of every later check.
func TestCommitterTidies(t *testing.T) {
	ctx, target := context.Background(), desk(t)
	m, db := committerIn(t, target)
	conn, err := target.Server.Connect(ctx, db, "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	size := func() (n int) {
		if err := conn.QueryRow(ctx, "SELECT sum(pg_relation_size(oid, 'main')) FROM pg_class WHERE relkind = 'r'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	scenario := &model.Scenario{Data: target.Plan.MatrixDataset(1).Data, Committed: true}
	half := 2 * run.TidyEvery
	var first int
	for n := range 2 * half {
		if _, err := m.Run(ctx, scenario, false); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(ctx, "CREATE TEMP TABLE left_behind (a int, b int, c int); DROP TABLE left_behind"); err != nil {
			t.Fatal(err)
		}
		if n == half-1 {
			first = size()
		}
	}
	if last := size(); last > first+first/50 {
		t.Errorf("the tables took %d kB after %d resets, and %d kB after %d", first>>10, half, last>>10, 2*half)
	}
}
