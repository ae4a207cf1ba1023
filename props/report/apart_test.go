package report_test

import (
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/report"
)

// TestApart names the cause of what is reported apart, where one is known.
func TestApart(t *testing.T) {
	found := leaky(t).report.Blocks[0].Finding
	for cause, want := range map[string]string{
		"":                     "is taken, or missing; --strict",
		"key k of t is shared": "is taken, or missing (key k of t is shared); --strict",
	} {
		r := *leaky(t).report
		r.Blocks, r.Apart = nil, []*props.Block{{Cause: cause, Finding: found}}
		var b strings.Builder
		if err := report.Text(&b, &r, report.Style{}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(strings.Fields(b.String()), " "); !strings.Contains(got, want) {
			t.Errorf("%q: %s", cause, got)
		}
	}
}
