package props_test

import (
	"testing"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props"
)

// TestTurns: where time is short, statements over tables leave some to the paths, and both
// leave half of it to random search.
func TestTurns(t *testing.T) {
	for _, k := range []struct {
		name              string
		spent, total      time.Duration
		statements, calls bool
	}{
		{name: "at the beginning", total: time.Hour, statements: true, calls: true},
		{name: "when the paths have their turn", spent: 20 * time.Minute, total: time.Hour, calls: true},
		{name: "when it is up", spent: 40 * time.Minute, total: time.Hour},
		{name: "without a limit", spent: 40 * time.Minute, statements: true, calls: true},
	} {
		if s, c := props.TimeAtFirst(k.spent, k.total); s != k.statements || c != k.calls {
			t.Errorf("%s: statements %v, calls %v", k.name, s, c)
		}
	}
}
