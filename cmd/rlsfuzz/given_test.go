//go:build linux || darwin || freebsd

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// host is a private server that the command is given as if it were somebody else's.
type host struct {
	*postgres.Server
	t      *testing.T
	socket string // its folder
}

func newHost(t *testing.T) *host {
	t.Helper()
	s, err := postgres.Start(t.Context(), postgres.Options{Want: os.Getenv("RLSFUZZ_POSTGRES")})
	require.Need(t, "a PostgreSQL server", err == nil, fmt.Sprint(err))
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	socket := s.Config("", "").Host
	require.Need(t, "a server on a unix socket", strings.HasPrefix(socket, "/"), "RLSFUZZ_POSTGRES names another kind")
	return &host{s, t, socket}
}

func (h *host) dsn() string { return "postgres://" + h.Superuser() + "@/postgres?host=" + h.socket }

func (h *host) exec(database, statement string) {
	h.t.Helper()
	conn, err := h.Connect(h.t.Context(), database, "")
	if err != nil {
		h.t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(h.t.Context(), statement); err != nil {
		h.t.Fatalf("%s: %v", statement, err)
	}
}

// holds lists the databases and roles of the server, with what is said of them.
func (h *host) holds() string {
	h.t.Helper()
	conn, err := h.Connect(h.t.Context(), "", "")
	if err != nil {
		h.t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var text string
	if err := conn.QueryRow(h.t.Context(), `SELECT (SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database) || '; ' ||
		(SELECT string_agg(concat_ws(' ', rolname, rolcanlogin, rolsuper, left(rolpassword, 30), shobj_description(oid, 'pg_authid')), ', ' ORDER BY rolname)
		FROM pg_authid WHERE rolname !~ '^pg_')`).Scan(&text); err != nil {
		h.t.Fatal(err)
	}
	return text
}

// listen makes the server reachable at a TCP port of this machine, with passwords.
func (h *host) listen() int {
	h.t.Helper()
	rules := "local all postgres trust\nlocal all all scram-sha-256\n"
	if err := os.WriteFile(filepath.Join(h.socket, "data", "pg_hba.conf"), []byte(rules), 0o600); err != nil {
		h.t.Fatal(err)
	}
	h.exec("", "SELECT pg_reload_conf()")
	return require.Relay(h.t, h.socket, "127.0.0.1:0")
}

// program is the command in a folder with the example of the scripts.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "rlsfuzz")
	if err := errors.Join(os.Symlink(self, path), os.CopyFS(filepath.Join(dir, "notes"), os.DirFS(filepath.Join("testdata", "notes")))); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = filepath.Join(dir, "notes")
	return cmd
}

// output runs the command to its end; it must have the status.
func output(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	cmd := program(t, args...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	got := 0
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		got = failed.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Fatalf("status %d, not %d\n%s%s", got, want, out.String(), errs.String())
	}
	return out.String(), errs.String()
}

func TestGiven(t *testing.T) {
	h := newHost(t)
	h.exec("", `CREATE ROLE theirs LOGIN PASSWORD 'kept'; COMMENT ON ROLE theirs IS 'of somebody';
		CREATE ROLE boss LOGIN SUPERUSER PASSWORD 'p%ss/w:rd'`)
	port := h.listen()
	before := h.holds()
	for _, test := range []struct{ name, dsn string }{
		{"unix socket", h.dsn()},
		{"loopback with a password", fmt.Sprintf("postgres://boss:p%%25ss%%2Fw%%3Ard@127.0.0.1:%d/postgres?sslmode=disable", port)},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, errs := output(t, 1, "check", "--apply", "leak.sql", "--checks", "100", "--postgres", test.dsn)
			if !strings.Contains(out, "LEAK (open), cross-tenant: stranger select notes") || !strings.Contains(out, "given server at") {
				t.Error(out)
			}
			if !strings.HasPrefix(errs, "rlsfuzz: using the server at ") || !strings.Contains(errs, "drops what it made at the end") || strings.Contains(errs+out, "w:rd") {
				t.Error(errs)
			}
			if diff := cmp.Diff(before, h.holds()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A role that the schema wants to create, but that is somebody's: nothing happens to it.
func TestGivenClash(t *testing.T) {
	h := newHost(t)
	h.exec("", `CREATE ROLE notes_app NOLOGIN; COMMENT ON ROLE notes_app IS 'of somebody'`)
	before := h.holds()
	_, errs := output(t, 2, "check", "--checks", "100", "--postgres", h.dsn())
	if !strings.Contains(errs, "schema.sql:1:") || !strings.Contains(errs, "notes_app") {
		t.Error(errs)
	}
	if diff := cmp.Diff(before, h.holds()); diff != "" {
		t.Error(diff)
	}
}

func TestGivenRefused(t *testing.T) {
	h := newHost(t)
	h.exec("", `CREATE DATABASE production`)
	h.exec("production", `CREATE TABLE customers (id int)`)
	before := h.holds()
	_, errs := output(t, 3, "check", "--checks", "100", "--postgres", h.dsn())
	if !strings.Contains(errs, `it does not look meant for tests: its database "production" holds tables, customers`) || !strings.Contains(errs, "--allow-any-server") {
		t.Error(errs)
	}
	output(t, 0, "check", "--checks", "100", "--postgres", h.dsn(), "--allow-any-server")
	if diff := cmp.Diff(before, h.holds()); diff != "" {
		t.Error(diff)
	}
}

func TestCleanAfterKill(t *testing.T) {
	h := newHost(t)
	before := h.holds()
	cmd := program(t, "fuzz", "--postgres", h.dsn())
	var errs transcript
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	for began := time.Now(); !strings.Contains(errs.String(), "checks ("); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > untilPrinted {
			t.Fatalf("it does not begin: %s", errs.String())
		}
	}
	out, _ := output(t, 0, "clean", h.dsn())
	if !strings.Contains(out, "removed 0 databases and 0 roles, kept ") || !strings.Contains(out, "its run is alive") {
		t.Errorf("while it runs: %s", out)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	left := regexp.MustCompile(`rlsfuzz_\d+_\S+_2\b`).FindString(h.holds())
	if left == "" {
		t.Fatal("it left nothing behind: the test shows nothing")
	}
	h.exec("", "COMMENT ON DATABASE "+left+" IS NULL")             // as if it had been killed while it made that one
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) { // the server has to notice
		out, _ = output(t, 0, "clean", h.dsn())
		if strings.Contains(out, "kept 0") {
			break
		}
		if time.Since(began) > 10*time.Second {
			t.Fatalf("still there: %s", out)
		}
	}
	if diff := cmp.Diff(before, h.holds()); diff != "" {
		t.Error(diff)
	}
}

func TestImage(t *testing.T) {
	image := os.Getenv("RLSFUZZ_TEST_IMAGE")
	require.Need(t, "an image of PostgreSQL", image != "", "RLSFUZZ_TEST_IMAGE names one; .ci/docker makes one")
	out, _ := output(t, 1, "check", "--apply", "leak.sql", "--checks", "100", "--postgres", image)
	if !strings.Contains(out, "LEAK (open), cross-tenant: stranger select notes") {
		t.Error(out)
	}
}
