package props_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestTruncate names who may empty a table past its policies.
func TestTruncate(t *testing.T) {
	t.Parallel()
	for grant, want := range map[string]string{"": "", "GRANT TRUNCATE ON notes TO shadow_app;": "app may empty notes"} {
		cfg := written(t, fmt.Sprintf(memberNotes, "", "public.members")+grant, memberReaders)
		cfg.Raw, cfg.SkipRandom = true, true
		r := ran(t, cfg)
		told := slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, "TRUNCATE") && strings.HasSuffix(n, want) })
		if told != (want != "") {
			t.Errorf("%q: %q", grant, r.Notes)
		}
	}
}
