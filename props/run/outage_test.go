package run_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// TestOutage lets a client ask so much and no more: what was answered stays, what was open is
// undone, and nobody connects any more.
func TestOutage(t *testing.T) {
	ctx, server := context.Background(), require.Postgres(t)
	db, err := server.CreateDatabase(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	super, err := server.Connect(ctx, db, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = super.Close(ctx)
		if err := server.DropDatabase(ctx, db); err != nil {
			t.Error(err)
		}
	})
	for _, k := range []struct {
		name  string
		after int
		asks  []string
		done  int // statements that are answered
		want  []int32
	}{
		{name: "between commits", after: 1, asks: []string{"INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"}, done: 1, want: []int32{1}},
		{name: "in a transaction", after: 2, asks: []string{"BEGIN", "INSERT INTO t VALUES (1)", "COMMIT"}, done: 2},
		{name: "an error counts", after: 2, asks: []string{"SELECT 1/0", "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"}, done: 2, want: []int32{1}},
		{name: "no more than that", after: 2, asks: []string{"INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"}, done: 2, want: []int32{1, 2}},
	} {
		t.Run(k.name, func(t *testing.T) {
			if _, err := super.Exec(ctx, "DROP TABLE IF EXISTS t; CREATE TABLE t (n int)"); err != nil {
				t.Fatal(err)
			}
			cfg := server.Config(db, "")
			o, err := run.NewOutage(cfg, k.after)
			if err != nil {
				t.Fatal(err)
			}
			conn, err := pgx.ConnectConfig(ctx, cfg)
			if err != nil {
				t.Fatal(err)
			}
			for i, text := range k.asks {
				_, err := conn.PgConn().Exec(ctx, text).ReadAll()
				if gone := conn.IsClosed(); gone != (i >= k.done) {
					t.Errorf("statement %d, %s: the connection is gone: %t, %v", i+1, text, gone, err)
				}
			}
			if other, err := pgx.ConnectConfig(ctx, cfg); len(k.asks) > k.done && err == nil {
				t.Error("somebody connects after that")
				_ = other.Close(ctx)
			}
			_ = conn.Close(ctx)
			o.Close()
			rows, _ := super.Query(ctx, "SELECT n FROM t ORDER BY n")
			got, err := pgx.CollectRows(rows, pgx.RowTo[int32])
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(k.want, got); len(k.want)+len(got) > 0 && diff != "" {
				t.Errorf("rows (-want +got)\n%s", diff)
			}
		})
	}
}
