package props_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
)

// TestMendKeeps tries what ends a leak of a function and keeps what the contract allows by it, and what
// ends it by taking that away: SECURITY INVOKER, where who calls it has not what it does by itself.
func TestMendKeeps(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, path, schema, contract, mends, refused string }{
		{
			name: "a job without tenants", path: "roll up",
			schema: `
CREATE ROLE keeps_job LOGIN; CREATE ROLE keeps_web LOGIN;
CREATE TABLE shops (id int PRIMARY KEY);
CREATE TABLE sales (id int PRIMARY KEY, shop int NOT NULL REFERENCES shops, day date NOT NULL, cents int NOT NULL);
CREATE TABLE totals (shop int NOT NULL REFERENCES shops, day date NOT NULL, cents int NOT NULL, PRIMARY KEY (shop, day));
CREATE FUNCTION roll_up() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO totals SELECT h.id, s.day, sum(s.cents) FROM shops h, sales s GROUP BY h.id, s.day
  ON CONFLICT (shop, day) DO UPDATE SET cents = excluded.cents $$;
REVOKE EXECUTE ON FUNCTION roll_up FROM PUBLIC; GRANT EXECUTE ON FUNCTION roll_up TO keeps_job;`,
			contract: `
schema: schema.sql
tenant: {table: shops, key: id}
tables: {sales: {tenant: shop}, totals: {tenant: shop}}
sessions:
  web: {login: keeps_web, settings: {app.shop: $tenant}, sees: {"*": own}, writes: none}
  cron: {login: keeps_job, sees: {"*": all}, writes: {"*": none, totals: {insert: all, update: {from: all, to: all}}}}
paths:
  roll up: {kind: job, as: [cron], run: SELECT roll_up()}
`,
			mends: `CREATE OR REPLACE FUNCTION roll_up() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO totals SELECT s.shop, s.day, sum(s.cents) FROM sales s GROUP BY s.shop, s.day
  ON CONFLICT (shop, day) DO UPDATE SET cents = excluded.cents $$`,
			refused: "ALTER FUNCTION roll_up() SECURITY INVOKER",
		},
		{
			name: "new rows with random keys", path: "accept",
			schema: `
CREATE ROLE keeps_random LOGIN;
CREATE TABLE shops (id int PRIMARY KEY);
CREATE TABLE orders (id int PRIMARY KEY, seller int NOT NULL REFERENCES shops, buyer int NOT NULL REFERENCES shops, open boolean NOT NULL);
CREATE TABLE postings (id uuid PRIMARY KEY, shop int NOT NULL REFERENCES shops, ordered int NOT NULL REFERENCES orders);
ALTER TABLE orders ENABLE ROW LEVEL SECURITY; ALTER TABLE postings ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION shop() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.shop', true), '')::int $$;
CREATE POLICY side ON orders FOR SELECT USING (shop() IN (seller, buyer));
CREATE POLICY own ON postings FOR SELECT USING (shop = shop());
CREATE FUNCTION accept(which int) RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$ DECLARE o orders; BEGIN
  SELECT * INTO o FROM orders WHERE id = which AND open FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  UPDATE orders SET open = false WHERE id = o.id;
  INSERT INTO postings VALUES (gen_random_uuid(), o.seller, o.id);
  RETURN o.id;
END $$;
REVOKE EXECUTE ON FUNCTION accept FROM PUBLIC; GRANT EXECUTE ON FUNCTION accept TO keeps_random;
GRANT SELECT, INSERT, UPDATE ON orders, postings TO keeps_random;`,
			contract: `
schema: schema.sql
tenant: {table: shops, key: id}
tables: {orders: {tenant: [seller, buyer]}, postings: {tenant: shop}}
sessions:
  clerk: {login: keeps_random, settings: {app.shop: $tenant}, sees: {"*": own, orders: "$tenant IN (seller, buyer)", shops: none}, writes: none}
paths:
  accept:
    kind: function
    as: [clerk]
    run: SELECT accept($1)
    args: [orders.id]
    writes:
      orders: {update: {from: seller = $tenant AND open, to: seller = $tenant, columns: [open]}}
      postings: {insert: own}
`,
			mends: `CREATE OR REPLACE FUNCTION accept(which int) RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$ DECLARE o orders; BEGIN
  SELECT * INTO o FROM orders WHERE id = which AND seller = shop() AND open FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  UPDATE orders SET open = false WHERE id = o.id;
  INSERT INTO postings VALUES (gen_random_uuid(), o.seller, o.id);
  RETURN o.id;
END $$`,
			refused: "ALTER FUNCTION accept(int) SECURITY INVOKER",
		},
		{
			name: "the time in a row that was there", path: "visit",
			schema: `
CREATE ROLE keeps_time LOGIN;
CREATE TABLE shops (id int PRIMARY KEY);
CREATE TABLE pages (id int PRIMARY KEY, shop int NOT NULL REFERENCES shops, visited timestamptz);
ALTER TABLE pages ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION shop() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.shop', true), '')::int $$;
CREATE POLICY own ON pages FOR SELECT USING (shop = shop());
CREATE FUNCTION visit(which int) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS
  $$ UPDATE pages SET visited = now() WHERE id = which $$;
REVOKE EXECUTE ON FUNCTION visit FROM PUBLIC; GRANT EXECUTE ON FUNCTION visit TO keeps_time;
GRANT SELECT, UPDATE ON pages TO keeps_time;`,
			contract: `
schema: schema.sql
tenant: {table: shops, key: id}
tables: {pages: {tenant: shop}}
sessions:
  clerk: {login: keeps_time, settings: {app.shop: $tenant}, sees: {"*": own, shops: none}, writes: none}
paths:
  visit: {kind: function, as: [clerk], run: SELECT visit($1), args: [pages.id], writes: {pages: {update: {from: own, to: own, columns: [visited]}}}}
`,
			mends: `CREATE OR REPLACE FUNCTION visit(which int) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS
  $$ UPDATE pages SET visited = now() WHERE id = which AND shop = shop() $$`,
			refused: "ALTER FUNCTION visit(int) SECURITY INVOKER",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := written(t, test.schema, test.contract)
			cfg.Only = []string{test.path}
			got, err := props.Mends(t.Context(), opened(t, cfg), cfg, []string{test.mends}, []string{test.refused})
			if err != nil {
				t.Fatal(err)
			}
			if !got[0] {
				t.Errorf("%s: is refused", test.mends)
			}
			if got[1] {
				t.Errorf("%s: mends it", test.refused)
			}
		})
	}
}
