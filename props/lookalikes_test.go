package props_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/helpdesk"
)

// lookalikes are the functions of testdata/lookalikes.sql.
var lookalikes = []string{
	"any_ticket", "report_time", "new_reference", "accept_invitation", "my_accounts", "bin_ticket", "check_subject", "flag", "next_number",
	"sample_tickets", "plan_total", "claim_slug", "scratch_tickets", "leftover_tickets", "kept_total", "last_number", "noted_account",
}

// TestLookalikes calls functions that look as if they leaked: none is a finding. What
// cannot be repeated is said, and so is what only a key tells.
func TestLookalikes(t *testing.T) {
	d := newDesk(t)
	cfg := d.config()
	cfg.Contract = lookalikeContract(t, d.dir)
	schema, err := filepath.Abs(filepath.Join("testdata", "lookalikes.sql"))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Apply, cfg.Checks, cfg.Seed = []string{schema}, 300, 1
	for _, name := range lookalikes {
		cfg.Only = append(cfg.Only, "function "+name)
	}
	target, err := props.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	r, err := props.Run(context.Background(), target, cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range r.Blocks {
		t.Errorf("found:\n%s", b)
	}
	for _, l := range r.Leads {
		t.Errorf("unconfirmed: %s: %s: %s", l.Class, l.Cell, l.Reason)
	}
	if r.Incomplete() {
		t.Error("incomplete: the exit status would be 4")
	}
	var apart, untested []string
	for _, b := range r.Apart {
		apart = append(apart, b.Finding.Path)
	}
	if diff := cmp.Diff([]string{"function claim_slug"}, apart); diff != "" {
		t.Errorf("existence (-want +got):\n%s", diff)
	}
	for i := range r.Untested {
		untested = append(untested, r.Untested[i].String()+": "+r.Untested[i].Reason)
	}
	if diff := cmp.Diff([]string{
		"admin: call function sample_tickets: " + props.NotRepeatable,
	}, untested); diff != "" {
		t.Errorf("untested (-want +got):\n%s", diff)
	}
}

// lookalikeContract is the example's contract with what the look-alikes need.
func lookalikeContract(t *testing.T, dir string) string {
	t.Helper()
	src, err := os.ReadFile(filepath.Join(dir, helpdesk.Contract))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(src), "\ntables:\n", "\nsecrets: [invitations.token]\n\ntables:\n  invitations: {tenant: account_id}\n  flags: {tenant: shared}\n", 1)
	path := filepath.Join(dir, "lookalikes.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
