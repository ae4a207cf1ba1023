package props_test

import (
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// TestMendNarrows mends functions that write to a row of another tenant in the place of a new one: by
// the tenant of the session, and by that of the new row where the session has none.
func TestMendNarrows(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, schema, body, contract, mend string
		version                            int
	}{
		{
			name: "an INSERT that updates",
			body: "INSERT INTO contacts VALUES (which, shop(), 'new') ON CONFLICT (id) DO UPDATE SET name = excluded.name",
			mend: "INSERT INTO contacts VALUES (which, shop(), 'new') ON CONFLICT (id) DO UPDATE SET name = excluded.name " +
				"WHERE contacts.shop = nullif(current_setting('app.shop', true), '')::integer",
			schema: `
CREATE ROLE narrows_upsert LOGIN;
CREATE TABLE shops (id int PRIMARY KEY);
CREATE TABLE contacts (id int PRIMARY KEY, shop int NOT NULL REFERENCES shops, name text NOT NULL);
CREATE FUNCTION shop() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.shop', true), '')::int $$;
CREATE FUNCTION put(which int) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$BODY$$;
REVOKE EXECUTE ON FUNCTION put FROM PUBLIC; GRANT EXECUTE ON FUNCTION put TO narrows_upsert;`,
			contract: `
schema: schema.sql
tenant: {table: shops, key: id}
tables: {contacts: {tenant: shop}}
sessions:
  clerk: {login: narrows_upsert, settings: {app.shop: $tenant}, sees: {"*": own}, writes: {"*": none, contacts: {insert: own, update: {from: own, to: own}}}}
paths:
  put: {kind: function, as: [clerk], run: SELECT put($1), args: [contacts.id]}
`,
		},
		{
			name: "a MERGE for all tenants", version: 15,
			body: "DECLARE h shops; BEGIN FOR h IN SELECT * FROM shops ORDER BY id LOOP " +
				"MERGE INTO totals x USING (SELECT day, sum(cents) AS cents FROM sales WHERE shop = h.id GROUP BY day) s ON x.day = s.day " +
				"WHEN MATCHED THEN UPDATE SET cents = s.cents WHEN NOT MATCHED THEN INSERT (shop, day, cents) VALUES (h.id, s.day, s.cents); END LOOP; END",
			mend: "DECLARE h shops; BEGIN FOR h IN SELECT * FROM shops ORDER BY id LOOP " +
				"MERGE INTO totals x USING (SELECT day, sum(cents) AS cents FROM sales WHERE shop = h.id GROUP BY day) s ON (x.day = s.day) AND x.shop = h.id " +
				"WHEN MATCHED THEN UPDATE SET cents = s.cents WHEN NOT MATCHED THEN INSERT (shop, day, cents) VALUES (h.id, s.day, s.cents); END LOOP; END",
			schema: `
CREATE ROLE narrows_job LOGIN; CREATE ROLE narrows_web LOGIN;
CREATE TABLE shops (id int PRIMARY KEY);
CREATE TABLE sales (id int PRIMARY KEY, shop int NOT NULL REFERENCES shops, day date NOT NULL, cents int NOT NULL);
CREATE TABLE totals (shop int NOT NULL REFERENCES shops, day date NOT NULL, cents int NOT NULL, PRIMARY KEY (shop, day));
CREATE FUNCTION roll_up() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$BODY$$;
REVOKE EXECUTE ON FUNCTION roll_up FROM PUBLIC; GRANT EXECUTE ON FUNCTION roll_up TO narrows_job;`,
			contract: `
schema: schema.sql
tenant: {table: shops, key: id}
tables: {sales: {tenant: shop}, totals: {tenant: shop}}
sessions:
  web: {login: narrows_web, settings: {app.shop: $tenant}, sees: {"*": own}, writes: none}
  cron: {login: narrows_job, sees: {"*": all}, writes: {"*": none, totals: {insert: all, update: {from: all, to: all}}}}
paths:
  roll up: {kind: job, as: [cron], run: SELECT roll_up()}
`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			require.Version(t, require.Postgres(t), test.version)
			cfg := written(t, strings.Replace(test.schema, "BODY", test.body, 1), test.contract)
			cfg.SkipRandom = true
			reports(t, cfg, "AS $$"+test.mend+"$$", func(b *props.Block) string {
				_, body, _ := strings.Cut(b.Finding.Fixed(), "\n")
				return body[max(0, strings.Index(body, "AS $$")):]
			})
			sound := written(t, strings.Replace(test.schema, "BODY", test.mend, 1), test.contract)
			sound.SkipRandom = true
			reports(t, sound, "", func(b *props.Block) string { return b.String() })
		})
	}
}
