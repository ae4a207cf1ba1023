//go:build linux || darwin || freebsd

package postgres_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// socketDSN names a private server as if it were somebody else's.
func socketDSN(s *postgres.Server, user string) string {
	return "postgres://" + user + "@/postgres?host=" + s.Folder()
}

// demandPasswords makes a private server ask everybody but its own superuser on the socket for one.
func demandPasswords(t *testing.T, s *postgres.Server) {
	t.Helper()
	rules := "local all postgres trust\nlocal all all scram-sha-256\n"
	if err := os.WriteFile(filepath.Join(s.Folder(), "data", "pg_hba.conf"), []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, s, "", "", `SELECT pg_reload_conf()`)
}

func TestGivenServer(t *testing.T) {
	host := start(t, postgres.Options{})
	run(t, host, "", "", `CREATE ROLE theirs; CREATE ROLE boss LOGIN SUPERUSER PASSWORD 'p%ss/w:rd'`)
	demandPasswords(t, host)
	port := require.Relay(t, host.Folder(), "127.0.0.1:0")
	tests := []struct{ name, dsn, describes, superuser string }{
		{"socket", socketDSN(host, "postgres"), "given server at " + host.Folder() + " (port 5432) as postgres", "postgres"},
		{
			"loopback", fmt.Sprintf("postgresql://boss:p%%25ss%%2Fw%%3Ard@localhost:%d/postgres?sslmode=disable", port),
			fmt.Sprintf("given server at localhost:%d as boss", port), "boss",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent(), goleak.IgnoreAnyFunction("github.com/rlsfuzz/rlsfuzz/props/postgres_test.relay"))
			var said []string
			s, err := postgres.Start(t.Context(), postgres.Options{
				Want: test.dsn, Log: func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) },
			})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if !strings.HasSuffix(s.Describe(), test.describes) || s.Superuser() != test.superuser || s.Owned() || s.PID() != 0 {
				t.Errorf("%q, superuser %q, owned %v, pid %d", s.Describe(), s.Superuser(), s.Owned(), s.PID())
			}
			if len(said) != 1 || !strings.Contains(said[0], "drops what it made") || strings.Contains(said[0], "w:rd") {
				t.Errorf("the log says %q", said)
			}
			name, err := s.CreateDatabase(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			run(t, s, name, "", `CREATE ROLE mine LOGIN PASSWORD 'secret'; CREATE ROLE mine_group; GRANT mine_group TO mine;
				CREATE TABLE t AS SELECT 1 AS n; GRANT SELECT ON t TO mine; ALTER TABLE t OWNER TO mine_group`)
			s.TrackRole("mine_group")
			s.TrackRole("mine")
			s.SetPassword("mine", "secret")
			if got := ask(t, s, name, "mine", `SELECT session_user`); got != "mine" {
				t.Errorf("logged in as %q", got)
			}
			if got := ask(t, s, "", "", `SELECT shobj_description('mine'::regrole, 'pg_authid')`); got != s.RoleTag() {
				t.Errorf("the role's comment is %q", got)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			left := ask(t, host, "", "", `SELECT (SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database) || '; ' ||
				(SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles WHERE rolname !~ '^pg_')`)
			if diff := cmp.Diff("postgres template0 template1; boss postgres theirs", left); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestURL(t *testing.T) {
	host := start(t, postgres.Options{})
	run(t, host, "", "", `CREATE ROLE boss LOGIN SUPERUSER PASSWORD 'p%ss/w:rd'`)
	demandPasswords(t, host)
	port := require.Relay(t, host.Folder(), "127.0.0.1:0")
	for _, s := range []*postgres.Server{
		host,
		start(t, postgres.Options{Want: fmt.Sprintf("postgres://boss:p%%25ss%%2Fw%%3Ard@127.0.0.1:%d/postgres?sslmode=disable", port)}),
	} {
		again, err := postgres.Start(t.Context(), postgres.Options{Want: s.URL("template1", "")})
		if err != nil {
			t.Error(err)
			continue
		}
		if got := ask(t, again, "", "", `SELECT current_database()`); got != "template1" || again.Superuser() != s.Superuser() {
			t.Errorf("it leads to %s as %s", got, again.Superuser())
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestGivenRefused(t *testing.T) {
	host := start(t, postgres.Options{})
	run(t, host, "", "", `CREATE ROLE plain LOGIN`)
	run(t, host, "", "", `CREATE DATABASE shop_test`)
	run(t, host, "shop_test", "", `CREATE TABLE orders ()`)
	network := require.Relay(t, host.Folder(), "0.0.0.0:0")
	tests := []struct{ name, dsn, err string }{
		{"no superuser", socketDSN(host, "plain"), `role "plain" is no superuser`},
		{"unknown role", socketDSN(host, "nobody_at_all"), `role "nobody_at_all" does not exist`},
		{"tables under test only", socketDSN(host, "postgres"), ""},
		{
			"another machine", fmt.Sprintf("postgres://postgres:hunter2@0.0.0.0:%d/postgres?sslmode=disable", network),
			`it does not look meant for tests: its address "0.0.0.0" is not on this machine`,
		},
		{"nobody listens", "postgres://postgres:hunter2@127.0.0.1:1/postgres", "connect to 127.0.0.1:1 as postgres: dial tcp 127.0.0.1:1: connect: connection refused"},
		{"no such port", "postgres://postgres:hunter2@localhost:hunter2/postgres", "invalid port"},
		{"other scheme", "mysql://postgres:hunter2@localhost/postgres", "begins with postgres://"},
		{"password in the query", "postgres://localhost:1/x?user=u&password=hunter2", "connection refused"},
		{"unknown setting", "postgres://u:hunter2@localhost/x?sslmode=hunter2", "sslmode is invalid"},
		{"encoded password", "postgres://u:hunter%32@localhost:x/x", "invalid port"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := postgres.Start(t.Context(), postgres.Options{Want: test.dsn})
			if err == nil {
				defer s.Close()
			}
			checkUnavailable(t, err, test.err)
			if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "hunter%32")) {
				t.Errorf("the password is in %q", err)
			}
		})
	}
}

func TestGivenInUse(t *testing.T) {
	host := start(t, postgres.Options{})
	run(t, host, "", "", `CREATE DATABASE shop`)
	run(t, host, "shop", "", `CREATE TABLE orders ()`)
	_, err := postgres.Start(t.Context(), postgres.Options{Want: socketDSN(host, "postgres")})
	checkUnavailable(t, err, `it does not look meant for tests: its database "shop" holds tables, orders for one`)
	s, err := postgres.Start(t.Context(), postgres.Options{Want: socketDSN(host, "postgres"), AllowAnyServer: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if got := ask(t, host, "shop", "", `SELECT count(*)::text FROM orders`); got != "0" {
		t.Error("the database was changed")
	}
}

func TestClean(t *testing.T) {
	host := start(t, postgres.Options{})
	dsn := socketDSN(host, "postgres")
	cmd, made := child(t, dsn)
	run(t, host, "", "", `CREATE DATABASE rlsfuzz_1_00000000_1`) // bears the name, not the tag
	run(t, host, "", "", `CREATE ROLE theirs; COMMENT ON ROLE theirs IS 'rlsfuzz is what we use'`)
	for _, name := range []string{"far_idle", "far_busy"} {
		run(t, host, "", "", `CREATE DATABASE `+name)
		run(t, host, "", "", `COMMENT ON DATABASE `+name+` IS '`+postgres.NewTagText("some.other.host", 7)+`'`)
	}
	busy, err := host.Connect(t.Context(), "far_busy", "")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close(context.Background())

	clean := func() postgres.Removed {
		t.Helper()
		var said []string
		removed, err := postgres.Clean(t.Context(), dsn, func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) })
		if err != nil {
			t.Fatal(err)
		}
		if len(said) != len(removed.Databases)+len(removed.Roles)+len(removed.Kept) {
			t.Errorf("the log says %q", said)
		}
		return removed
	}
	inUse := "database far_busy: it is in use, by a run on some.other.host perhaps"
	alive := []string{inUse, "database " + made[0] + ": its run is alive", "role " + made[1] + ": its run is alive"}
	if diff := cmp.Diff(postgres.Removed{Databases: []string{"far_idle"}, Kept: alive}, clean()); diff != "" {
		t.Errorf("while the run is alive: %s", diff)
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	within(t, 5*time.Second, "the server has noticed", func() bool {
		return ask(t, host, "", "", `SELECT count(*)::text FROM pg_stat_activity WHERE application_name LIKE 'rlsfuzz keeper%'`) == "0"
	})
	want := postgres.Removed{Databases: []string{made[0]}, Roles: []string{made[1]}, Kept: []string{inUse}}
	if diff := cmp.Diff(want, clean()); diff != "" {
		t.Errorf("after the run was killed: %s", diff)
	}
	left := ask(t, host, "", "", `SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE datname !~ '^(template|postgres)'`)
	if left != "far_busy rlsfuzz_1_00000000_1" {
		t.Errorf("left: %s", left)
	}
	if got := ask(t, host, "", "", `SELECT count(*)::text FROM pg_roles WHERE rolname = 'theirs'`); got != "1" {
		t.Error("a role with a comment of its own was dropped")
	}
}

func TestCleanRefused(t *testing.T) {
	_, err := postgres.Clean(t.Context(), "postgres://u:hunter2@127.0.0.1:1/x", nil)
	checkUnavailable(t, err, "connection refused")
	if strings.Contains(fmt.Sprint(err), "hunter2") {
		t.Errorf("the password is in %q", err)
	}
}
