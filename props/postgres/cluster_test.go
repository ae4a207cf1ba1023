//go:build linux || darwin || freebsd

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// TestLeaseBesideSweep takes folders while others look for what dead runs left: a lock file
// that is made and not yet taken is no dead run's.
func TestLeaseBesideSweep(t *testing.T) {
	ctx, done := context.WithCancel(t.Context())
	var sweeping sync.WaitGroup
	for range 4 {
		sweeping.Go(func() {
			for ctx.Err() == nil {
				if err := postgres.Sweep(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range 2000 {
		if err := postgres.Lease(ctx); err != nil {
			t.Errorf("folder %d: %v", i, err)
			break
		}
	}
	done()
	sweeping.Wait()
}

func TestPrivateServer(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s, err := postgres.Start(t.Context(), postgres.Options{Want: folder(t), Workers: 64})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if v := s.Version() / 10000; v < 15 || v > 18 {
		t.Errorf("version %d", s.Version())
	}
	if want := "private server (unix socket)"; !strings.HasPrefix(s.Describe(), "PostgreSQL 1") || !strings.HasSuffix(s.Describe(), want) {
		t.Errorf("described as %q", s.Describe())
	}
	if !s.Owned() || s.PID() == 0 || gone(s.PID()) {
		t.Errorf("owned %v, postmaster %d", s.Owned(), s.PID())
	}
	for setting, want := range map[string]string{
		"listen_addresses": "", "fsync": "off", "server_encoding": "UTF8", "data_checksums": "off", "TimeZone": "UTC",
		"log_min_messages": "panic", "track_activities": "on", "autovacuum": "off",
		"max_connections": "680", // of 64 workers
	} {
		if got := ask(t, s, "", "", `SELECT current_setting($1)`, setting); got != want {
			t.Errorf("%s is %q, want %q", setting, got, want)
		}
	}
	name, err := s.CreateDatabase(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	run(t, s, name, "", `CREATE ROLE "odd ""role" LOGIN`)
	if got := ask(t, s, name, `odd "role`, `SELECT session_user`); got != `odd "role` {
		t.Errorf("logged in as %q", got)
	}
	pids, dir := []int{s.PID(), s.SupervisorPID()}, s.Folder()
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	for _, pid := range pids {
		if !gone(pid) {
			t.Errorf("process %d is still there", pid)
		}
	}
	if !missing(dir) || !missing(dir+".lock") {
		t.Errorf("%s is still there", dir)
	}
}

func TestSocketIsPrivate(t *testing.T) {
	s := start(t, postgres.Options{})
	info, err := os.Stat(s.Folder())
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o700 {
		t.Errorf("others may reach the socket: %v", info.Mode())
	}
}

func TestDatabases(t *testing.T) {
	s := require.Postgres(t)
	first, err := s.CreateDatabase(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	run(t, s, first, "", `CREATE TABLE note AS SELECT 'käse' AS text`)
	second, err := s.CreateDatabase(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(t, s, second, "", `SELECT text FROM note`); got != "käse" {
		t.Errorf("the copy holds %q", got)
	}
	if !strings.HasPrefix(second, fmt.Sprintf("rlsfuzz_%d_", os.Getpid())) || first == second {
		t.Errorf("names %q and %q", first, second)
	}
	comment := ask(t, s, "", "", `SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1`, second)
	if again, ok := postgres.ParseTagText(comment); !ok || again != comment {
		t.Errorf("comment %q", comment)
	}
	held, err := s.Connect(t.Context(), first, "")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close(context.Background())
	for _, name := range []string{first, second} {
		if err := s.DropDatabase(t.Context(), name); err != nil {
			t.Error(err)
		}
	}
	if err := held.Ping(t.Context()); err == nil {
		t.Error("a connection outlived its database")
	}
	if err := s.DropDatabase(t.Context(), "postgres"); err == nil {
		t.Error("a database that was not made here could be dropped")
	}
	if got := ask(t, s, "", "", `SELECT count(*)::text FROM pg_database WHERE datname = ANY ($1)`, []string{first, second}); got != "0" {
		t.Errorf("%s databases are left", got)
	}
}

func TestFolders(t *testing.T) {
	real := folder(t)
	fake := func(t *testing.T, says string) string {
		dir := t.TempDir()
		for parent := dir; parent != os.TempDir() && parent != "/"; parent = filepath.Dir(parent) {
			if err := os.Chmod(parent, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"postgres", "initdb"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\necho '"+says+"'\n"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	tests := []struct {
		name, dir, err string
	}{
		{name: "binaries", dir: real},
		{name: "installation", dir: filepath.Dir(real)},
		{name: "missing", dir: "/no/such/folder", err: "no such file"},
		{name: "empty", dir: t.TempDir(), err: "does not hold the programs postgres and initdb"},
		{name: "too old", dir: fake(t, "postgres (PostgreSQL) 14.9"), err: "PostgreSQL 14.9 in "},
		{name: "too new", dir: fake(t, "postgres (PostgreSQL) 19devel"), err: "is not supported: rlsfuzz works with 15 to 18"},
		{name: "another program", dir: fake(t, "hello"), err: "is not PostgreSQL"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := postgres.Start(t.Context(), postgres.Options{Want: test.dir})
			if err == nil {
				defer s.Close()
			}
			checkUnavailable(t, err, test.err)
		})
	}
}

// checkUnavailable wants an *Unavailable that contains a text, with its remedy; or no error for "".
func checkUnavailable(t *testing.T, err error, text string) {
	t.Helper()
	if text == "" {
		if err != nil {
			t.Error(err)
		}
		return
	}
	var known *postgres.Unavailable
	if !errors.As(err, &known) || !strings.Contains(err.Error(), text) || len(known.Remedy) == 0 {
		t.Errorf("got %v, want it to say %q", err, text)
	}
}

func TestTwoAtOnce(t *testing.T) {
	options := postgres.Options{Want: folder(t)}
	var servers [3]*postgres.Server
	var failed [3]error
	var group sync.WaitGroup
	for i := range servers {
		group.Go(func() { servers[i], failed[i] = postgres.Start(t.Context(), options) })
	}
	group.Wait()
	t.Cleanup(func() {
		for _, s := range servers {
			if s != nil {
				_ = s.Close()
			}
		}
	})
	if err := errors.Join(failed[:]...); err != nil {
		t.Fatal(err)
	}
	for i, s := range servers {
		run(t, s, "", "", fmt.Sprintf(`CREATE ROLE only_%d; CREATE TABLE here AS SELECT %d AS n`, i, i))
	}
	if err := servers[0].Close(); err != nil {
		t.Error(err)
	}
	for i, s := range servers[1:] {
		if got := ask(t, s, "", "", `SELECT n::text FROM here`); got != strconv.Itoa(i+1) {
			t.Errorf("server %d holds the table of %s", i+1, got)
		}
	}
}

func TestKilled(t *testing.T) {
	cmd, said := child(t, folder(t))
	pid, dir := number(t, said[0]), said[2]
	if gone(pid) || missing(dir) {
		t.Fatal("the child serves nothing")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	within(t, 3*time.Second, "the postmaster is gone", func() bool { return gone(pid) })
	within(t, 3*time.Second, "its folder is gone", func() bool { return missing(dir) && missing(dir+".lock") })
	within(t, 3*time.Second, "the supervisor is gone", func() bool { return gone(number(t, said[1])) })
}

// Ctrl-C and a closed terminal reach our process group, not the server's; what they mean is ours to say.
func TestSignalsToTheGroup(t *testing.T) {
	cmd, said := child(t, folder(t))
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGHUP} {
		if err := syscall.Kill(-cmd.Process.Pid, signal); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range said[:2] {
		group, err := syscall.Getpgid(number(t, id))
		if err != nil || group == cmd.Process.Pid {
			t.Errorf("process %s is in group %d, ours is %d: %v", id, group, cmd.Process.Pid, err)
		}
	}
	if missing(filepath.Join(said[2], ".s.PGSQL.5432")) {
		t.Error("the server has stopped")
	}
}

func TestStaleFolder(t *testing.T) {
	cmd, said := child(t, folder(t))
	pid, supervisor, dir := number(t, said[0]), number(t, said[1]), said[2]
	for _, victim := range []int{supervisor, cmd.Process.Pid} {
		if err := syscall.Kill(victim, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	_ = cmd.Wait()
	if gone(pid) {
		t.Fatal("the server ended with its supervisor: nothing is left to sweep")
	}
	var said2 []string
	start(t, postgres.Options{Log: func(format string, args ...any) { said2 = append(said2, fmt.Sprintf(format, args...)) }})
	within(t, 3*time.Second, "the next start swept", func() bool { return gone(pid) && missing(dir) && missing(dir+".lock") })
	if !strings.Contains(strings.Join(said2, "\n"), "stopped a server that a killed run left") {
		t.Errorf("the log says %q", said2)
	}
}

func TestServerDies(t *testing.T) {
	s := start(t, postgres.Options{})
	conn, err := s.Connect(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	answered := make(chan error, 1)
	go func() {
		_, err := conn.Exec(ctx, `SELECT pg_sleep(60)`)
		answered <- err
	}()
	if err := syscall.Kill(s.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-answered; err == nil || ctx.Err() != nil {
		t.Errorf("a query on a dead server: %v, %v", err, ctx.Err())
	}
	if _, err := s.Connect(ctx, "", ""); err == nil || ctx.Err() != nil {
		t.Errorf("a connection to a dead server: %v, %v", err, ctx.Err())
	}
	if _, err := s.CreateDatabase(ctx, ""); err == nil {
		t.Error("a dead server made a database")
	}
}

func TestCancel(t *testing.T) {
	dir := folder(t)
	start(t, postgres.Options{Want: dir}) // the template is there
	room, err := postgres.RoomDir()
	if err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(room, fmt.Sprintf("run-%d-*", os.Getpid()))
	before, _ := filepath.Glob(mine)
	for after := time.Duration(0); after <= 40*time.Millisecond; after += 4 * time.Millisecond {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		s, err := postgres.Start(ctx, postgres.Options{Want: dir})
		cancel()
		if err == nil {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			continue
		}
		var known *postgres.Unavailable
		if !errors.As(err, &known) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cancelled after %s: %v", after, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := postgres.BuildTemplate(ctx, dir); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("initdb cancelled: %v", err)
	}
	if left, _ := filepath.Glob(mine); len(left) != len(before) {
		t.Errorf("left behind: %q, before: %q", left, before)
	}
	if left, _ := filepath.Glob(filepath.Join(room, "trial-*")); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// BenchmarkStart reports how long a server takes to answer, its template being cached, beside initdb on the
// same file system; the two take turns. The goal for start/initdb is 0.125 at most.
func BenchmarkStart(b *testing.B) {
	dir := folder(b)
	start(b, postgres.Options{Want: dir})
	var ready, init time.Duration
	for b.Loop() {
		began := time.Now()
		s, err := postgres.Start(b.Context(), postgres.Options{Want: dir})
		if err != nil {
			b.Fatal(err)
		}
		ready += time.Since(began)
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		began = time.Now()
		if err := postgres.BuildTemplate(b.Context(), dir); err != nil {
			b.Fatal(err)
		}
		init += time.Since(began)
	}
	b.ReportMetric(float64(ready.Microseconds())/1000/float64(b.N), "start-ms")
	b.ReportMetric(float64(init.Microseconds())/1000/float64(b.N), "initdb-ms")
	b.ReportMetric(float64(ready)/float64(init), "start/initdb")
}
