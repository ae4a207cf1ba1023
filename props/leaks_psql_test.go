package props_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

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

// ranPSQL runs a repro.sql and returns what that prints.
func ranPSQL(t *testing.T, file string) string {
	t.Helper()
	out, err := require.Script(t, require.Postgres(t), file)
	if err != nil {
		t.Errorf("psql -f repro.sql: %v\n%s", err, out)
	}
	return out
}

func leaks(line string) bool { return strings.HasPrefix(line, "LEAK: ") }

// caseText is a case as it is kept.
func caseText(f *finding.Finding) string {
	return fmt.Sprintf("%s\nrows: %v", finding.Block(f), f.Scenario.Data)
}
