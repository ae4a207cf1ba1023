package require

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/postgres"
)

// PSQL finds the program psql.
func PSQL(t testing.TB) string {
	t.Helper()
	if path, err := exec.LookPath("psql"); err == nil {
		return path
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/psql")
	Need(t, "psql", err == nil && len(found) > 0, "install the package postgresql-client")
	return found[len(found)-1]
}

// turn is whose script runs: roles are the server's, and scripts make and drop them.
var turn sync.Mutex

// Script runs a file with psql on an empty database of a server, as superuser and until the first error, and returns
// what that prints.
func Script(t testing.TB, s *postgres.Server, file string) (string, error) {
	t.Helper()
	turn.Lock()
	defer turn.Unlock()
	ctx := t.Context()
	db, err := s.CreateDatabase(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.DropDatabase(ctx, db); err != nil {
			t.Error(err)
		}
	}()
	cfg := s.Config(db, "")
	cmd := exec.Command(PSQL(t), "-X", "-v", "ON_ERROR_STOP=1", "-h", cfg.Host, "-p", fmt.Sprint(cfg.Port), "-U", cfg.User, "-d", db, "-f", file)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+cfg.Password)
	out, err := cmd.CombinedOutput()
	return string(out), err
}
