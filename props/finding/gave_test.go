package finding

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestApart keeps what tells long lines apart, and leaves the others as they are.
func TestApart(t *testing.T) {
	for _, k := range []struct {
		name       string
		lines, out []string
	}{
		{"short", []string{"one", "two"}, []string{"one", "two"}},
		{"one long line", []string{"0123456789012345678901234567890123456789"}, []string{"0123456789012345678901234567890123456789"}},
		{
			"alike for long",
			[]string{"the same beginning of both, then ünser", "2 rows", "the same beginning of both, then über"},
			[]string{"…, then ünser", "2 rows", "…, then über"},
		},
		{"unlike from the start", []string{"alpha 0123456789012345678901234567890", "beta 0123456789012345678901234567890"}, []string{"alpha 0123456789012345678901234567890", "beta 0123456789012345678901234567890"}},
	} {
		if d := cmp.Diff(k.out, apart(k.lines, 30)); d != "" {
			t.Errorf("%s (-want +got):\n%s", k.name, d)
		}
	}
}
