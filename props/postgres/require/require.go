package require

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/postgres"
)

var shared struct {
	sync.Mutex
	server *postgres.Server
	err    error
	lacks  []string
}

// Need goes on if ok. Else it skips the test and remembers why, for Main to print; in CI it fails the
// test. How says what a person can do to have it.
func Need(t testing.TB, what string, ok bool, how string) {
	t.Helper()
	if ok {
		return
	}
	message := fmt.Sprintf("needs %s: %s", what, how)
	if os.Getenv("RLSFUZZ_CI") == "1" {
		t.Fatal(message + " (RLSFUZZ_CI=1: nothing may be skipped)")
	}
	shared.Lock()
	shared.lacks = append(shared.lacks, t.Name()+" "+message)
	shared.Unlock()
	t.Skip(message)
}

// Postgres is the test binary's shared server, started when it is first asked for and closed by Main. The variable
// RLSFUZZ_POSTGRES chooses it as --postgres does.
func Postgres(t testing.TB) *postgres.Server {
	t.Helper()
	shared.Lock()
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = postgres.Start(context.Background(), postgres.Options{
			Want:           os.Getenv("RLSFUZZ_POSTGRES"),
			AllowAnyServer: os.Getenv("RLSFUZZ_POSTGRES_ANY") == "1",
		})
	}
	server, err := shared.server, shared.err
	shared.Unlock()
	if server == nil {
		Need(t, "a PostgreSQL server", false, fmt.Sprint(err))
	}
	return server
}

// Version goes on if the server has this major version or a newer one. Else it skips the test, in CI too: .ci/run
// repeats the tests on every supported version.
func Version(t testing.TB, s *postgres.Server, major int) {
	t.Helper()
	if have := s.Version() / 10000; have < major {
		t.Skipf("needs PostgreSQL %d or newer, the server is %d: RLSFUZZ_POSTGRES chooses another", major, have)
	}
}

// Main runs a package's tests, closes the shared server and prints which tests were skipped for want of
// something:
//
//	func TestMain(m *testing.M) { require.Main(m) }
func Main(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.server != nil {
		if err := shared.server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "close the shared server:", err)
			code = max(code, 1)
		}
	}
	for _, line := range shared.lacks {
		fmt.Println("skipped:", line)
	}
	return code
}
