package props_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
)

const beneathSchema = `
CREATE ROLE beneath_app LOGIN;
CREATE TABLE firms (id bigint PRIMARY KEY);
CREATE TABLE notes (id bigint PRIMARY KEY, firm_id bigint NOT NULL REFERENCES firms, body text NOT NULL);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (firm_id = nullif(current_setting('app.firm', true), '')::bigint);
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO beneath_app;
CREATE SCHEMA hidden;
GRANT USAGE ON SCHEMA hidden TO beneath_app;
`

const beneathContract = `
schema: schema.sql
tenant: {table: firms, key: id}
schemas: [public]
sessions:
  app:
    login: beneath_app
    settings: {app.firm: $tenant}
    sees: {"*": own, firms: none}
    writes: {"*": none, notes: {insert: own, update: {from: own, to: own}, delete: own}}
`

// TestBeneath writes through views of views, which rename what they show and may lie in schemas that
// are not judged. Twins hold what is written to the view's own condition, or to the session's rights.
func TestBeneath(t *testing.T) {
	t.Parallel()
	const (
		lower  = "CREATE VIEW hidden.lower AS SELECT firm_id AS owner, body AS words, id AS key FROM notes;"
		upper  = "CREATE VIEW upper AS SELECT key AS number, words AS says, owner AS whose, upper(words) AS loud FROM hidden.lower WHERE owner = nullif(current_setting('app.firm', true), '')::bigint"
		grants = "; GRANT SELECT, INSERT, UPDATE, DELETE ON upper TO beneath_app; ALTER VIEW upper SET (security_barrier);"
	)
	for _, test := range []struct{ name, views, want string }{
		{name: "sound", views: lower + upper + " WITH CHECK OPTION" + grants},
		{name: "no check option", views: lower + upper + grants, want: "move by update of view upper"},
		{
			name:  "the caller's rights",
			views: "CREATE VIEW hidden.lower WITH (security_invoker) AS SELECT firm_id AS owner, body AS words, id AS key FROM notes; GRANT ALL ON hidden.lower TO beneath_app;" + upper + grants,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := written(t, beneathSchema+test.views, beneathContract)
			cfg.SkipRandom = true
			r := reports(t, cfg, test.want, func(b *props.Block) string { return b.Finding.Class.String() + " by " + b.Finding.Path })
			for i := range r.Untested {
				t.Errorf("untested: %s: %s", r.Untested[i].String(), r.Untested[i].Reason)
			}
		})
	}
}

// TestBaseless says what is not tried of a view of whose table nothing is known.
func TestBaseless(t *testing.T) {
	t.Parallel()
	cfg := written(t, beneathSchema+`
CREATE TABLE hidden.logs (line text);
CREATE VIEW logs AS SELECT line FROM hidden.logs;
GRANT INSERT ON logs TO beneath_app;`, beneathContract)
	cfg.SkipRandom = true
	r := reports(t, cfg, "", func(b *props.Block) string { return b.Cause })
	if len(r.Untested) != 1 || r.Untested[0].Object != "writes through view logs" {
		t.Errorf("untested: %v", r.Untested)
	}
}
