package props_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// psqlPath finds the program.
func psqlPath(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("psql"); err == nil {
		return path
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/psql")
	require.Need(t, "psql", err == nil && len(found) > 0, "install the package postgresql-client")
	return found[len(found)-1]
}

// replayed runs a finding's repro.sql on an empty database of a server that has none of
// the roles, and returns the last line.
func replayed(t *testing.T, f *finding.Finding, m finding.Material) string {
	t.Helper()
	var text bytes.Buffer
	if err := finding.Repro(&text, f, m); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), finding.ReproFile)
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(ranPSQL(t, file)), "\n")
	return lines[len(lines)-1]
}

// psqlTurn is whose repro.sql runs: roles are the server's, and each makes and drops them.
var psqlTurn sync.Mutex

// ranPSQL runs a repro.sql with psql in an empty database, and returns what that prints.
func ranPSQL(t *testing.T, file string) string {
	t.Helper()
	psqlTurn.Lock()
	defer psqlTurn.Unlock()
	ctx, s := context.Background(), require.Postgres(t)
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
	cmd := exec.Command(psqlPath(t), "-X", "-v", "ON_ERROR_STOP=1", "-h", cfg.Host, "-p", fmt.Sprint(cfg.Port), "-U", cfg.User, "-d", db, "-f", file)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+cfg.Password)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("psql -f repro.sql: %v\n%s", err, out)
	}
	return string(out)
}

func leaks(line string) bool { return strings.HasPrefix(line, "LEAK: ") }

// caseText is a case as it is kept.
func caseText(f *finding.Finding) string {
	return fmt.Sprintf("%s\nrows: %v", finding.Block(f), f.Scenario.Data)
}
