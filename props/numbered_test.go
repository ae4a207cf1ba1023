package props_test

import (
	"fmt"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
)

// numbered has tables whose identity is always generated: as a key, beside one, and without any.
const numbered = `
CREATE ROLE numbered_app LOGIN;
CREATE TABLE firms (id bigint PRIMARY KEY);
CREATE TABLE logs (id bigint GENERATED ALWAYS AS IDENTITY, firm_id bigint NOT NULL REFERENCES firms, text text);
CREATE TABLE bills (firm_id bigint NOT NULL REFERENCES firms, code text, n bigint GENERATED ALWAYS AS IDENTITY, text text, PRIMARY KEY (firm_id, code));
CREATE TABLE codes (firm_id bigint NOT NULL REFERENCES firms, code text, n bigint GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (firm_id, code));
CREATE TABLE days (id bigint GENERATED ALWAYS AS IDENTITY, firm_id bigint NOT NULL REFERENCES firms, day date NOT NULL, text text) PARTITION BY RANGE (day);
CREATE TABLE january PARTITION OF days FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
ALTER TABLE firms ENABLE ROW LEVEL SECURITY;
ALTER TABLE logs ENABLE ROW LEVEL SECURITY;
ALTER TABLE bills ENABLE ROW LEVEL SECURITY;
ALTER TABLE codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE days ENABLE ROW LEVEL SECURITY;
ALTER TABLE january ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = nullif(current_setting('app.firm', true), '')::bigint);
CREATE POLICY p ON logs USING (firm_id = nullif(current_setting('app.firm', true), '')::bigint);
CREATE POLICY p ON bills USING (firm_id = nullif(current_setting('app.firm', true), '')::bigint) WITH CHECK (%s);
CREATE POLICY p ON codes USING (firm_id = nullif(current_setting('app.firm', true), '')::bigint);
CREATE POLICY p ON days USING (firm_id = nullif(current_setting('app.firm', true), '')::bigint);
CREATE POLICY p ON january USING (firm_id = nullif(current_setting('app.firm', true), '')::bigint);
GRANT SELECT ON firms TO numbered_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON logs, bills, codes, days, january TO numbered_app;
`

const numberedWriters = `
schema: schema.sql
tenant: {table: firms, key: id}
sessions:
  app:
    login: numbered_app
    settings: {app.firm: $tenant}
    sees: own
    writes: {"*": {insert: own, update: {from: own, to: own}, delete: own}, firms: none, logs: {insert: own, update: {from: own, to: own, columns: [firm_id, text]}, delete: own}}
`

// TestNumbered writes to tables whose identity is always generated: no UPDATE sets it, and every cell
// is tested all the same. Of logs the contract withholds what the grant allows: nothing sets that either.
func TestNumbered(t *testing.T) {
	t.Parallel()
	for _, k := range []struct{ name, check, want string }{
		{name: "sound", check: "firm_id = nullif(current_setting('app.firm', true), '')::bigint"},
		{name: "no check", check: "true", want: "write bills"},
	} {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			cfg := written(t, fmt.Sprintf(numbered, k.check), numberedWriters)
			r := reports(t, cfg, k.want, func(b *props.Block) string { return b.Finding.Class.String() + " " + b.Finding.Table })
			for i := range r.Untested {
				t.Errorf("untested: %s: %s", r.Untested[i].String(), r.Untested[i].Reason)
			}
		})
	}
}
