package catalog_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/catalog"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

func TestMain(m *testing.M) { require.Main(m) }

// connect opens a superuser's connection to a database.
func connect(t *testing.T, s *postgres.Server, database string) *pgx.Conn {
	t.Helper()
	conn, err := s.Connect(t.Context(), database, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return conn
}

// database makes an empty database and connects to it.
func database(t *testing.T, s *postgres.Server) (*pgx.Conn, string) {
	t.Helper()
	name, err := s.CreateDatabase(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.DropDatabase(context.Background(), name); err != nil {
			t.Error(err)
		}
	})
	return connect(t, s, name), name
}

// run runs statements in one go.
func run(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatalf("%.200s: %v", sql, err)
	}
}

// roles has roles dropped at the end of a test, after its databases: call it first.
func roles(t *testing.T, s *postgres.Server, names ...string) {
	t.Helper()
	conn := connect(t, s, "")
	t.Cleanup(func() {
		for _, name := range names {
			if _, err := conn.Exec(context.Background(), "DROP ROLE IF EXISTS "+model.Quote(name)); err != nil {
				t.Error(err)
			}
		}
	})
}

var richRoles = []string{"catalog_owner", "catalog_group", "catalog_reader", "Catalog Writer", "catalog_nobody"}

// rich is a database with one of everything.
func rich(t *testing.T) *pgx.Conn {
	t.Helper()
	s := require.Postgres(t)
	roles(t, s, richRoles...)
	conn, name := database(t, s)
	text, err := os.ReadFile("testdata/rich.sql")
	if err != nil {
		t.Fatal(err)
	}
	run(t, conn, string(text))
	run(t, conn, `ALTER DATABASE `+model.Quote(name)+` SET app.mode = 'test';
ALTER ROLE catalog_reader IN DATABASE `+model.Quote(name)+` SET app.tenant = 'local'`)
	return conn
}

// read reads the judged schemas of the rich database.
func read(t *testing.T, conn *pgx.Conn, o catalog.Options) *model.Schema {
	t.Helper()
	s, err := catalog.Read(t.Context(), conn, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
