package props_test

import (
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
)

const consequenceSchema = `
CREATE ROLE consequence_app LOGIN;
CREATE TABLE firms (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (id bigint PRIMARY KEY, seller bigint NOT NULL REFERENCES firms, buyer bigint NOT NULL REFERENCES firms, placed boolean NOT NULL DEFAULT false);
CREATE TABLE inbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, firm bigint NOT NULL REFERENCES firms, order_id bigint);
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE inbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON orders USING (buyer = nullif(current_setting('app.firm', true), '')::bigint);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	IF WHEN THEN INSERT INTO inbox (firm, order_id) VALUES (NEW.seller, NEW.id); END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER tell AFTER INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION tell();
GRANT SELECT, INSERT, UPDATE ON orders TO consequence_app;
`

const consequenceContract = `
schema: schema.sql
tenant: {table: firms, key: id}
tables: {orders: {tenant: [seller, buyer]}, inbox: {tenant: firm}}
sessions:
  app:
    login: consequence_app
    settings: {app.firm: $tenant}
    sees: {"*": none, orders: buyer = $tenant}
    writes:
      "*": none
      orders: {insert: buyer = $tenant, update: {from: buyer = $tenant, to: buyer = $tenant}}
      inbox: {insert: {may: "EXISTS (SELECT 1 FROM orders o WHERE o.id = inbox.order_id AND o.seller = inbox.firm AND o.buyer = $tenant AND o.placed)"}}
`

// TestConsequences has a trigger tell another tenant of a row, as the contract lets the session that
// made or changed it: the rule asks for the row as the statement left it. Its twin tells too much.
func TestConsequences(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, when, want string }{
		{name: "of what is placed", when: "NEW.placed"},
		{name: "of drafts too", when: "true", want: "write: trigger tell on orders does it (function tell)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := written(t, strings.Replace(consequenceSchema, "WHEN", test.when, 1), consequenceContract)
			cfg.Checks = 300
			reports(t, cfg, test.want, func(b *props.Block) string { return b.Finding.Class.String() + ": " + b.Cause })
		})
	}
}
