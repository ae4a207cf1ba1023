//go:build linux || darwin || freebsd

package postgres_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// childVariable makes the test binary serve instead of testing: it starts what the variable names
// (as --postgres does), prints one line about it and waits to be killed.
const childVariable = "RLSFUZZ_TEST_SERVE"

func TestMain(m *testing.M) {
	if want, ok := os.LookupEnv(childVariable); ok {
		if err := serve(want); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		return
	}
	require.Main(m)
}

func serve(want string) error {
	signal.Ignore(syscall.SIGINT, syscall.SIGHUP)
	ctx := context.Background()
	s, err := postgres.Start(ctx, postgres.Options{Want: want})
	if err != nil {
		return err
	}
	if s.Owned() {
		fmt.Println("serving", s.PID(), s.SupervisorPID(), s.Folder())
	} else {
		name, err := s.CreateDatabase(ctx, "")
		if err != nil {
			return err
		}
		role := name + "_role"
		conn, err := s.Connect(ctx, name, "")
		if err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, `CREATE ROLE `+role); err != nil {
			return err
		}
		s.TrackRole(role)
		fmt.Println("serving", name, role)
	}
	_, err = io.Copy(io.Discard, os.Stdin) // until we are killed
	return err
}

// child starts a process that serves, and returns what it printed.
func child(t *testing.T, want string) (*exec.Cmd, []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+want)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "serving ") {
		t.Fatalf("the child says %q, %v", line, err)
	}
	return cmd, strings.Fields(line)[1:]
}

// start starts a server of the test's own.
func start(t testing.TB, o postgres.Options) *postgres.Server {
	t.Helper()
	if o.Want == "" {
		o.Want = folder(t)
	}
	s, err := postgres.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// folder is a folder of binaries: what RLSFUZZ_POSTGRES names, else one of this machine's.
func folder(t testing.TB) string {
	t.Helper()
	want := os.Getenv("RLSFUZZ_POSTGRES")
	if version, ok := strings.CutPrefix(want, "npm:"); ok {
		dir, err := postgres.Fetch(t.Context(), postgres.Options{}, version)
		require.Need(t, want, err == nil, fmt.Sprint(err))
		return dir
	}
	if strings.HasPrefix(want, "/") {
		return want
	}
	found := postgres.Installed(t.Context())
	require.Need(t, "PostgreSQL's binaries", len(found) > 0, "install PostgreSQL 15 to 18")
	return found[0]
}

// within waits until something holds, and fails if it takes longer than that.
func within(t *testing.T, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", limit, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// gone is true of a zombie too: whoever adopted the process has yet to reap it.
func gone(pid int) bool { return !postgres.Alive(pid) }

func missing(path string) bool {
	_, err := os.Lstat(path)
	return os.IsNotExist(err)
}

// run executes one statement in a connection of its own.
func run(t testing.TB, s *postgres.Server, database, user, statement string) {
	t.Helper()
	conn, err := s.Connect(t.Context(), database, user)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// ask returns one text.
func ask(t testing.TB, s *postgres.Server, database, user, query string, args ...any) string {
	t.Helper()
	conn, err := s.Connect(t.Context(), database, user)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var answer string
	if err := conn.QueryRow(t.Context(), query, args...).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer
}
