package props_test

import (
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
)

// TestNewcomers searches for a function that answers a tenant without rows from the rows of all.
func TestNewcomers(t *testing.T) {
	const number = `
CREATE FUNCTION next_note() RETURNS bigint STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
$$ SELECT coalesce((SELECT max(length(body)) FROM notes WHERE org_id = nullif(current_setting('app.t', true), '')::bigint), %s, 0) + 1 $$;`
	tests := []struct {
		name, fallback string
		leaks          bool
	}{
		{"none", "NULL", false},
		{"the longest of all", "(SELECT max(length(body)) FROM notes)", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(2) {
				cfg := written(t, ownNotes, ownNotesContract)
				cfg.SkipMatrix, cfg.Seed, cfg.Checks, cfg.Only = true, seed+1, 600, []string{"function next_note"}
				applies(t, &cfg, strings.ReplaceAll(number, "%s", test.fallback))
				r, err := props.Run(t.Context(), opened(t, cfg), cfg)
				if err != nil {
					t.Fatal(err)
				}
				if found := len(r.Blocks) > 0; found != test.leaks {
					t.Errorf("seed %d: %d findings, want some: %t; notes %q", cfg.Seed, len(r.Blocks), test.leaks, r.Notes)
				}
			}
		})
	}
}
