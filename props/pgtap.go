package props

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/props/finding"
)

// Test is a regression test for pg_prove.
type Test struct {
	Key   string // of the finding
	Text  []byte
	Tried bool // it was run once on a copy of the schema, and saw the leak
}

// Test writes the regression test of a case that still leaks, and runs it once on a copy
// of the schema, where psql is there: a test that does not see the leak would always pass.
// A case that a test cannot show is a *finding.Stale.
func (r *Replay) Test(ctx context.Context) (*Test, error) {
	if r.Shown == nil {
		return nil, &finding.Stale{Name: r.Case, Reason: "it shows nothing on this schema, so a test would prove nothing: give the one that leaks, with --apply if need be"}
	}
	f := finding.New(r.Target.Contract, r.Scenario, r.Shown)
	var b bytes.Buffer
	if err := finding.Test(&b, f, r.Target.Material()); err != nil {
		return nil, err
	}
	out := &Test{Key: f.Key, Text: b.Bytes()}
	psql, err := exec.LookPath("psql")
	if err != nil {
		return out, nil
	}
	out.Tried = true
	sees, err := r.Target.sees(ctx, psql, out.Text)
	if err == nil && !sees {
		err = &finding.Stale{Name: r.Case, Reason: "a test, which is one transaction on one connection, does not show it; repro.sql does"}
	}
	return out, err
}

// sees runs a test without pgTAP on a scratch database, and reports whether it sees a leak.
func (t *Target) sees(ctx context.Context, psql string, text []byte) (leak bool, err error) {
	db, err := t.Scratch(ctx)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, t.Server.DropDatabase(context.WithoutCancel(ctx), db)) }()
	room, err := os.MkdirTemp("", "rlsfuzz-pgtap-")
	if err != nil {
		return false, fmt.Errorf("try the test: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(room)) }()
	file := filepath.Join(room, "test.sql")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return false, fmt.Errorf("try the test: %w", err)
	}
	cfg := t.Server.Config(db, "")
	cmd := exec.CommandContext(ctx, psql, "-X", "-v", "ON_ERROR_STOP=1", "-v", "rlsfuzz_plain=1", "-f", file)
	cmd.Env = append(os.Environ(), "PGHOST="+cfg.Host, fmt.Sprintf("PGPORT=%d", cfg.Port), "PGUSER="+cfg.User, "PGPASSWORD="+cfg.Password, "PGDATABASE="+db)
	out, err := cmd.CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	switch last := lines[len(lines)-1]; {
	case err != nil:
		return false, fmt.Errorf("try the test: %w: %s", err, last)
	case strings.HasPrefix(last, "LEAK:"):
		return true, nil
	case last == "no leak":
		return false, nil
	default:
		return false, fmt.Errorf("try the test: it says %q", last)
	}
}
