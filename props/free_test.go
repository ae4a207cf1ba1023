package props_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
)

const freeSchema = `CREATE ROLE free_desk LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text NOT NULL);
CREATE TYPE spot AS (shelf text, place int);
CREATE TABLE notes (id int PRIMARY KEY, firm_id int NOT NULL REFERENCES firms, meta jsonb NOT NULL DEFAULT '{}',
  tags text[] NOT NULL DEFAULT '{}', during int4range NOT NULL, spot spot NOT NULL);
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

// TestFree has a leak look into a value that is made of parts: that value matters, whatever others
// look alike to it, and those beside it do not. What looks into none of them needs none.
func TestFree(t *testing.T) {
	t.Parallel()
	made := []string{"meta", "tags", "during", "spot"}
	for _, test := range []struct{ name, leak, needs string }{
		{name: "a key", leak: "meta ? 'legacy' OR meta @> '{\"legacy\": 1, \"open\": true}'", needs: "meta"},
		{name: "no such key", leak: "NOT meta ? 'closed'", needs: "meta"},
		{name: "an element", leak: "tags && ARRAY['open', 'public']", needs: "tags"},
		{name: "a bound", leak: "during @> 1", needs: "during"},
		{name: "a field", leak: "(spot).place = 1", needs: "spot"},
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
			for _, column := range made {
				if is := slices.Contains(free, column); is == (column == test.needs) {
					t.Errorf("may be anything: %s of notes; %s must be among them: %v", strings.Join(free, ", "), column, column != test.needs)
				}
			}
		})
	}
}
