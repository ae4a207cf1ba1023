package run

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// stepKeys is how many keys a sequence may give in one step of a scenario. Each step begins
// with keys of its own, so that what one tenant's work uses up shows in no other's.
const stepKeys = 1000

// resetText puts back what a rollback does not: advisory locks, and sequences. These go
// on far beyond the keys of any row, as they would have where the rows were not loaded.
func resetText(s *model.Schema) string { return resetFor(s, 0) }

// resetFor is resetText before a step of a scenario.
func resetFor(s *model.Schema, step int) string {
	if len(s.Sequences) == 0 {
		return "SELECT pg_advisory_unlock_all()"
	}
	names := make([]string, len(s.Sequences))
	for i, q := range s.Sequences {
		names[i] = literal(q.SQL()) + "::regclass"
	}
	return fmt.Sprintf("SELECT pg_advisory_unlock_all(), count(setval(seqrelid::regclass, least(1000000, seqmax / 2) + least(%d, seqmax / 4))) FROM pg_sequence WHERE seqrelid IN (%s)",
		step*stepKeys, strings.Join(names, ", "))
}

// forgetText drops the statements that a path has prepared, which a rollback keeps; empty
// where no path prepares any. Those of rlsfuzz itself were not prepared in SQL.
func forgetText(c *model.Contract) string {
	const text = `DO $rlsfuzz$
DECLARE name text;
BEGIN
  FOR name IN SELECT p.name FROM pg_prepared_statements p WHERE p.from_sql LOOP
    EXECUTE format('DEALLOCATE %I', name);
  END LOOP;
END
$rlsfuzz$`
	prepares := func(text string) bool { return strings.Contains(strings.ToLower(text), "prepare") }
	for _, r := range c.Schema.Routines {
		if prepares(r.Source) {
			return text
		}
	}
	for _, p := range c.Paths {
		if slices.ContainsFunc(p.Run, prepares) {
			return text
		}
	}
	return ""
}

// forget drops what paths have prepared.
func (f *flow) forget() {
	if f.fixed.forget != "" {
		f.wire.add(item{raw: f.fixed.forget})
	}
}
