package props

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"testing"
	"time"
)

// Check runs the search in a Go test and fails it for each cause of leaks. rapid's
// own flags are respected: -rapid.checks is the number of random checks where cfg
// names none, -rapid.seed the seed. At a deadline of the test binary the search ends
// in time; a search that could not run at all is a failure too.
func Check(t testing.TB, cfg Config) *Report {
	t.Helper()
	fromFlags(&cfg)
	ctx, cancel := within(t)
	defer cancel()
	target, err := Open(ctx, cfg)
	if err != nil {
		t.Fatalf("rlsfuzz: %v", err)
	}
	defer func() { _ = target.Close() }()
	r, err := Run(ctx, target, cfg)
	if r == nil {
		t.Fatalf("rlsfuzz: %v", err)
		return nil
	}
	if err != nil {
		t.Errorf("rlsfuzz: %v", err)
	}
	for _, b := range r.Blocks {
		t.Errorf("rlsfuzz: %s", b.String())
	}
	for _, l := range r.Leads {
		t.Errorf("rlsfuzz: unconfirmed: %s: %s", l.Cell, l.Reason)
	}
	if r.Ended {
		t.Logf("rlsfuzz: the time was up after %d checks", r.Checks)
	}
	if r.Checks == 0 {
		t.Error("rlsfuzz: nothing was checked")
	}
	for i := range r.Untested {
		if r.Untested[i].Accepted == "" {
			t.Logf("rlsfuzz: untested: %s: %s", r.Untested[i].String(), r.Untested[i].Reason)
		}
	}
	return r
}

// grace is how long before the deadline of a test binary the search ends.
const grace = 5 * time.Second

// within is the time that a test has.
func within(t testing.TB) (context.Context, context.CancelFunc) {
	ctx := t.Context()
	if d, ok := t.(interface{ Deadline() (time.Time, bool) }); ok {
		if at, ok := d.Deadline(); ok {
			return context.WithDeadline(ctx, at.Add(-grace))
		}
	}
	return context.WithCancel(ctx)
}

// fromFlags takes what a user said on the command line of go test.
func fromFlags(cfg *Config) {
	said := map[string]string{}
	flag.Visit(func(f *flag.Flag) { said[f.Name] = f.Value.String() })
	if n, err := strconv.Atoi(said["rapid.checks"]); err == nil && cfg.Checks == 0 {
		cfg.Checks = n
	}
	if n, err := strconv.ParseUint(said["rapid.seed"], 10, 64); err == nil && n != 0 && cfg.Seed == 0 {
		cfg.Seed = n
	}
}

// String tells a block for a person, in a few lines; with the case where it could not
// be saved.
func (b *Block) String() string {
	s := b.text()
	if b.Unsaved != nil {
		s += fmt.Sprintf("NOT SAVED: %v\n%s", b.Unsaved, b.Case)
	}
	return s
}
