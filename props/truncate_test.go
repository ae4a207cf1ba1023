package props_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
)

// TestTruncate names who may empty a table past its policies.
func TestTruncate(t *testing.T) {
	t.Parallel()
	for grant, want := range map[string]string{"": "", "GRANT TRUNCATE ON notes TO shadow_app;": "app may empty notes"} {
		cfg := written(t, fmt.Sprintf(memberNotes, "", "public.members")+grant, memberReaders)
		cfg.Raw, cfg.SkipRandom = true, true
		r, err := props.Run(context.Background(), opened(t, cfg), cfg)
		if err != nil {
			t.Fatal(err)
		}
		told := slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, "TRUNCATE") && strings.HasSuffix(n, want) })
		if told != (want != "") {
			t.Errorf("%q: %q", grant, r.Notes)
		}
	}
}
