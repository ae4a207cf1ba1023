package props_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
)

const freeSchema = `CREATE ROLE free_desk LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text NOT NULL);
CREATE TYPE spot AS (shelf text, place int); CREATE TYPE level AS ENUM ('low', 'mid', 'high');
CREATE TABLE notes (id int PRIMARY KEY, firm_id int NOT NULL REFERENCES firms, meta jsonb NOT NULL DEFAULT '{}',
  tags text[] NOT NULL DEFAULT '{}', during int4range NOT NULL, spot spot NOT NULL, early level NOT NULL, late level NOT NULL);
CREATE FUNCTION firm() RETURNS int LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON firms USING (id = firm());
ALTER TABLE notes ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON notes USING (firm_id = firm() OR LEAK);
GRANT SELECT ON firms, notes TO free_desk;
`

const freeContract = `schema: schema.sql
tenant: {table: firms, key: id}
sessions:
  desk: {login: free_desk, settings: {app.firm: $tenant}, sees: own, writes: none}
`

// TestFree has a leak look into a value that is made of parts: that value matters, although all that
// rows have in its place look alike to the leak, and those beside it do not. So do two values that
// must differ, although each is replaced by several. What looks into none of them needs none.
func TestFree(t *testing.T) {
	t.Parallel()
	columns := []string{"meta", "tags", "during", "spot", "early", "late"}
	for _, test := range []struct{ name, leak, needs string }{
		{name: "a key", leak: `meta ? 'legacy' OR meta @> '{"legacy": 1}' OR meta @> '{"legacy": 2}' OR meta @> '{"legacy": 3}' OR meta @> '{"legacy": 4}' OR meta @> '{"legacy": 5}'`, needs: "meta"},
		{name: "no such key", leak: "NOT meta ? 'closed'", needs: "meta"},
		{name: "an element", leak: "tags && ARRAY['a', 'b', 'c', 'd', 'e', 'f']", needs: "tags"},
		{name: "a bound", leak: "during && int4range(1, 100000)", needs: "during"},
		{name: "a field", leak: "(spot).place IS NOT NULL", needs: "spot"},
		{name: "two that differ", leak: "early <> late", needs: "early late"},
		{name: "none of them", leak: "firm_id > 0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := written(t, strings.Replace(freeSchema, "LEAK", test.leak, 1), freeContract)
			cfg.SkipRandom = true
			var free []string
			reports(t, cfg, "read", func(b *props.Block) string {
				for _, f := range b.Finding.Free {
					if f.Table == "notes" {
						free = append(free, f.Column)
					}
				}
				return b.Finding.Class.String()
			})
			for _, column := range columns {
				if needs := slices.Contains(strings.Fields(test.needs), column); slices.Contains(free, column) == needs {
					t.Errorf("may be anything: %s of notes; %s must be among them: %v", strings.Join(free, ", "), column, !needs)
				}
			}
		})
	}
}
