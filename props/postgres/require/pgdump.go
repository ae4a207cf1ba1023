package require

import (
	"fmt"
	"os/exec"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/postgres"
)

// PGDump finds a program pg_dump that reads a server. Where the server is newer than the program, it skips the test, in CI
// too: .ci/run repeats the tests on every supported version, and has one pg_dump.
func PGDump(t testing.TB, s *postgres.Server) string {
	t.Helper()
	path, err := exec.LookPath("pg_dump")
	Need(t, "pg_dump", err == nil, "install PostgreSQL's client programs")
	out, err := exec.Command(path, "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	var have int
	if _, err := fmt.Sscanf(string(out), "pg_dump (PostgreSQL) %d", &have); err != nil {
		t.Fatalf("read the version of %s, %q: %v", path, out, err)
	}
	if server := s.Version() / 10000; have < server {
		t.Skipf("needs a pg_dump of version %d or newer, %s is of %d", server, path, have)
	}
	return path
}
