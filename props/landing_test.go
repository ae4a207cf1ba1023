package props_test

import (
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
)

const landingSchema = `
CREATE ROLE landing_app LOGIN;
CREATE TABLE firms (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint, firm_id bigint NOT NULL REFERENCES firms, state text NOT NULL, placed date NOT NULL, note text, PRIMARY KEY (id, state, placed)) PARTITION BY LIST (state);
CREATE TABLE orders_open PARTITION OF orders FOR VALUES IN ('draft', 'open');
CREATE TABLE orders_done PARTITION OF orders DEFAULT PARTITION BY RANGE (placed);
CREATE TABLE orders_done_old PARTITION OF orders_done FOR VALUES FROM (MINVALUE) TO ('1990-01-01') PARTITION BY LIST (state);
CREATE TABLE orders_done_old_lost PARTITION OF orders_done_old FOR VALUES IN ('lost');
CREATE TABLE orders_done_old_rest PARTITION OF orders_done_old DEFAULT;
CREATE TABLE orders_done_new PARTITION OF orders_done FOR VALUES FROM ('1990-01-01') TO (MAXVALUE);
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE orders_done_old_lost ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON orders USING (firm_id = nullif(current_setting('app.firm', true), '')::bigint);
CREATE POLICY own ON orders_done_old_lost USING (firm_id = nullif(current_setting('app.firm', true), '')::bigint);
GRANT SELECT, INSERT ON orders, orders_done_old_lost TO landing_app;
`

const landingContract = `
schema: schema.sql
tenant: {table: firms, key: id}
sessions:
  app:
    login: landing_app
    settings: {app.firm: $tenant}
    sees: {"*": own, firms: none}
    writes: {"*": none, orders: {insert: own}}
`

// TestLanding has rows of several tenants in a partition of a partition, which a session may use by
// its name. Of one that takes no row, it says so.
func TestLanding(t *testing.T) {
	t.Parallel()
	for _, k := range []struct{ name, schema, want, untested string }{
		{name: "sound"},
		{name: "without row security", schema: "ALTER TABLE orders_done_old_lost DISABLE ROW LEVEL SECURITY; REVOKE INSERT ON orders_done_old_lost FROM landing_app;", want: "interference by partition orders_done_old_lost"},
		{name: "nothing lands", schema: `CREATE TABLE scans (firm_id bigint NOT NULL REFERENCES firms, note text) PARTITION BY RANGE (firm_id);
CREATE TABLE scans_near PARTITION OF scans FOR VALUES FROM (MINVALUE) TO (1000000);
CREATE TABLE scans_far PARTITION OF scans FOR VALUES FROM (1000000) TO (MAXVALUE);
GRANT SELECT ON scans_far TO landing_app;`, untested: "app: call partition scans_far: no row of another tenant was ever in it"},
	} {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			cfg := written(t, landingSchema+k.schema, landingContract)
			cfg.SkipRandom = true
			r := reports(t, cfg, k.want, func(b *props.Block) string { return b.Finding.Class.String() + " by " + b.Finding.Path })
			var told []string
			for i := range r.Untested {
				told = append(told, r.Untested[i].String()+": "+r.Untested[i].Reason)
			}
			if got := strings.Join(told, "; "); got != k.untested {
				t.Errorf("untested: %s, want %s", got, k.untested)
			}
		})
	}
}
