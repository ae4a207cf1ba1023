package props_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

const withheldSchema = `
CREATE ROLE withheld_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (id uuid PRIMARY KEY, firm int NOT NULL REFERENCES firms, state text);
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON orders USING (firm = nullif(current_setting('app.firm', true), '')::int);
GRANT SELECT, UPDATE (state) ON orders TO withheld_app;
`

const withheldContract = `
schema: schema.sql
tenant: {table: firms, key: id}
tables: {orders: {tenant: firm}}
sessions:
  app:
    login: withheld_app
    settings: {app.firm: $tenant}
    sees: {"*": none, orders: own}
    writes: {"*": none, orders: {update: {from: own, to: own, columns: [state]}}}
`

// TestWithheldKey updates the key of rows, which a contract withholds and a grant allows: by the walk,
// and by random search alone.
func TestWithheldKey(t *testing.T) {
	t.Parallel()
	for _, random := range []bool{false, true} {
		for _, grant := range []string{"", "GRANT UPDATE (id) ON orders TO withheld_app;"} {
			cfg := written(t, withheldSchema+grant, withheldContract)
			cfg.SkipRandom, cfg.SkipMatrix, cfg.Checks = !random, random, 300
			r, err := props.Run(t.Context(), opened(t, cfg), cfg)
			switch {
			case err != nil:
				t.Fatal(err)
			case grant == "" && len(r.Blocks) > 0:
				t.Errorf("random %t, without the grant: %s", random, r.Blocks[0])
			case grant != "" && (len(r.Blocks) != 1 || r.Blocks[0].Finding.Class != judge.Write || r.Blocks[0].Finding.Column != "id"):
				t.Errorf("random %t: want one block, about column id, got %v", random, r.Blocks)
			}
		}
	}
}
