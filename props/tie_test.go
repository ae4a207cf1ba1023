package props_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
)

const (
	ties = `
CREATE ROLE tie_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE documents (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, title text NOT NULL);
CREATE TABLE remarks (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, document int NOT NULL REFERENCES documents, body text);
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE documents ENABLE ROW LEVEL SECURITY; ALTER TABLE remarks ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
CREATE POLICY p ON firms USING (id = firm()); CREATE POLICY p ON documents USING (firm = firm()); CREATE POLICY p ON remarks USING (firm = firm());
GRANT SELECT ON firms, documents TO tie_app; GRANT SELECT, INSERT ON remarks TO tie_app;
CREATE TABLE shares (firm int NOT NULL REFERENCES firms, document int NOT NULL REFERENCES documents, PRIMARY KEY (firm, document));
CREATE TABLE marks (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, document int NOT NULL REFERENCES documents);
ALTER TABLE shares ENABLE ROW LEVEL SECURITY; ALTER TABLE marks ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON shares USING (firm = firm()); CREATE POLICY p ON marks USING (firm = firm());
GRANT SELECT ON shares TO tie_app; GRANT SELECT, INSERT ON marks TO tie_app;
CREATE FUNCTION marked() RETURNS SETOF text STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
  $$ SELECT d.title FROM marks m JOIN documents d ON d.id = m.document WHERE m.firm = firm() $$;
`
	tiesContract = `
schema: [schema.sql]
tenant: {table: firms, key: id}
tables: {documents: {tenant: firm}, remarks: {tenant: firm}, shares: {tenant: firm}, marks: {tenant: firm}}
sessions:
  app:
    login: tie_app
    settings: {app.firm: $tenant}
    sees: {"*": own, documents: DOCUMENTS}
    writes: {"*": none, marks: {insert: own}, remarks: {insert: own, update: {from: own, to: own}}}
`
)

// TestTies calls paths after their session has put in a row that refers to another tenant's row: a
// leak is what a path tells of that row, unless the contract shows it by then. One function, marked,
// always leaks: so ties are tried in each schema.
func TestTies(t *testing.T) {
	const definer = "SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS "
	const list = "CREATE FUNCTION remarked() RETURNS SETOF text STABLE " + definer + "$$ SELECT d.title FROM remarks r JOIN documents d ON d.id = r.document WHERE r.firm = firm() $$;"
	const by = `"firm = $tenant OR EXISTS (SELECT 1 FROM rows r WHERE r.document = documents.id AND r.firm = $tenant)"`
	const shown = "CREATE POLICY q ON documents USING (EXISTS (SELECT FROM rows r WHERE r.document = documents.id AND r.firm = firm()));"
	tests := []struct{ name, path, documents, found string }{
		{name: "a list", found: "function remarked", path: list},
		{name: "a list of the tenant's documents", path: "CREATE FUNCTION remarked() RETURNS SETOF text STABLE " + definer +
			"$$ SELECT d.title FROM remarks r JOIN documents d ON d.id = r.document AND d.firm = r.firm WHERE r.firm = firm() $$;"},
		{name: "by the row's key", found: "function remark_title", path: "CREATE FUNCTION remark_title(remark_id int) RETURNS text STABLE " + definer +
			"$$ SELECT d.title FROM remarks r JOIN documents d ON d.id = r.document WHERE r.id = remark_id AND r.firm = firm() $$;"},
		{name: "a view with its owner's rights", found: "view board", path: `CREATE VIEW board AS SELECT r.id, d.title FROM remarks r JOIN documents d ON d.id = r.document WHERE r.firm = firm();
GRANT SELECT ON board TO tie_app;`},
		{name: "a view with its caller's rights", path: `CREATE VIEW board WITH (security_invoker) AS SELECT r.id, d.title FROM remarks r JOIN documents d ON d.id = r.document;
GRANT SELECT ON board TO tie_app;`},
		{name: "a list of keys", path: "CREATE FUNCTION remarked() RETURNS SETOF int STABLE " + definer +
			"$$ SELECT d.id FROM remarks r JOIN documents d ON d.id = r.document WHERE r.firm = firm() $$;"},
		{name: "a row that is changed", found: "function remarked", path: "REVOKE INSERT ON remarks FROM tie_app; GRANT UPDATE (document) ON remarks TO tie_app;" + list},
		{name: "a key with the tenant", path: `ALTER TABLE documents ADD UNIQUE (id, firm); ALTER TABLE remarks ADD FOREIGN KEY (document, firm) REFERENCES documents (id, firm);` + list},
		{name: "a tree, upwards", found: "function thread", path: "ALTER TABLE remarks ADD answers int REFERENCES remarks; CREATE FUNCTION thread(remark_id int) RETURNS SETOF text STABLE " + definer +
			`$$ WITH RECURSIVE up AS (SELECT * FROM remarks WHERE id = remark_id AND firm = firm() UNION SELECT r.* FROM remarks r JOIN up ON r.id = up.answers) SELECT body FROM up $$;`},
		{name: "a tree of the tenant's remarks", path: "ALTER TABLE remarks ADD answers int REFERENCES remarks; CREATE FUNCTION thread(remark_id int) RETURNS SETOF text STABLE " + definer +
			`$$ WITH RECURSIVE up AS (SELECT * FROM remarks WHERE id = remark_id AND firm = firm() UNION SELECT r.* FROM remarks r JOIN up ON r.id = up.answers AND r.firm = up.firm) SELECT body FROM up $$;`},
		{name: "a deferred key", path: `ALTER TABLE documents ADD UNIQUE (id, firm);
ALTER TABLE remarks ADD FOREIGN KEY (document, firm) REFERENCES documents (id, firm) DEFERRABLE INITIALLY DEFERRED;` + list},
		{name: "a deferred trigger", path: `CREATE FUNCTION own() RETURNS trigger SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE plpgsql AS $$
BEGIN IF NOT EXISTS (SELECT FROM documents d WHERE d.id = NEW.document AND d.firm = NEW.firm) THEN RAISE 'no such document'; END IF; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER own AFTER INSERT OR UPDATE ON remarks DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION own();` + list},
		{name: "who remarks on a document may see it", documents: strings.Replace(by, "rows", "remarks", 1), path: strings.Replace(shown, "rows", "remarks", 1) + list},
		{
			name: "the tenant is a default", documents: strings.Replace(by, "rows", "remarks", 1), path: `ALTER TABLE remarks ALTER firm SET DEFAULT firm();
REVOKE INSERT ON remarks FROM tie_app; GRANT INSERT (id, document, body) ON remarks TO tie_app;` + strings.Replace(shown, "rows", "remarks", 1) + list,
		},
		{
			name: "a trigger shares", documents: strings.Replace(by, "rows", "shares", 1), path: `CREATE FUNCTION share() RETURNS trigger SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE plpgsql AS $$
BEGIN INSERT INTO shares VALUES (NEW.firm, NEW.document) ON CONFLICT DO NOTHING; RETURN NEW; END $$;
CREATE TRIGGER share AFTER INSERT ON remarks FOR EACH ROW EXECUTE FUNCTION share();` + strings.Replace(shown, "rows", "shares", 1) + list,
		},
		{name: "a trigger copies", found: "insert into table remarks", path: `CREATE FUNCTION copies() RETURNS trigger SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE plpgsql AS $$
BEGIN NEW.body := (SELECT title FROM documents WHERE id = NEW.document); RETURN NEW; END $$;
CREATE TRIGGER copies BEFORE INSERT ON remarks FOR EACH ROW EXECUTE FUNCTION copies();
CREATE FUNCTION my_remarks() RETURNS SETOF text STABLE LANGUAGE sql AS $$ SELECT body FROM remarks $$;`},
		{name: "a trigger refuses", found: "insert into table remarks", path: `ALTER TABLE documents ADD open boolean NOT NULL DEFAULT true;
CREATE FUNCTION refuses() RETURNS trigger SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE plpgsql AS $$
BEGIN IF NOT (SELECT open FROM documents WHERE id = NEW.document) THEN RAISE 'closed'; END IF; RETURN NEW; END $$;
CREATE TRIGGER refuses BEFORE INSERT ON remarks FOR EACH ROW EXECUTE FUNCTION refuses();
CREATE FUNCTION my_remarks() RETURNS SETOF int STABLE LANGUAGE sql AS $$ SELECT id FROM remarks $$;`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			documents := test.documents
			if documents == "" {
				documents = "own"
			}
			cfg := written(t, ties+test.path, strings.Replace(tiesContract, "DOCUMENTS", documents, 1))
			cfg.SkipRandom = true
			target := opened(t, cfg)
			r, err := props.Run(t.Context(), target, cfg)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Leads) > 0 {
				t.Errorf("unconfirmed: %v", r.Leads)
			}
			var found []string
			for _, b := range r.Blocks {
				f := b.Finding
				if found = append(found, f.Path); !f.Cross || len(b.Like) > 0 {
					t.Errorf("want a finding across tenants, and nothing like it:\n%s", b)
				}
				if strings.HasPrefix(f.Path, "insert") {
					continue
				}
				if steps := f.Scenario.Steps; len(steps) != 2 || steps[0].Op.Shape == nil {
					t.Errorf("want a row that goes in, and a call:\n%s", b)
				}
				if last := replayed(t, f, target.Material()); !leaks(last) {
					t.Errorf("repro.sql says %q, want LEAK: …\n%s", last, finding.Block(f))
				}
			}
			want := []string{"function marked"}
			if test.found != "" {
				want = append(want, test.found)
			}
			slices.Sort(found)
			slices.Sort(want)
			if !slices.Equal(found, want) {
				t.Errorf("found %q, want %q: %v", found, want, r.Blocks)
			}
		})
	}
}

// TestOwnRow replays a case in which a session puts in a row that refers to nobody else's before it
// calls: how many rows others have is a leak as without it.
func TestOwnRow(t *testing.T) {
	const counts = "CREATE FUNCTION counts() RETURNS bigint STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS $$ SELECT count(*) FROM remarks%s $$;"
	const twoSteps = `
contract: rlsfuzz.yaml
rows:
  firms: [{id: 1}, {id: 2}]
  documents: [{id: 1, firm: 2, title: heads}, {id: 2, firm: 1, title: tails}]
  remarks: [{id: 2, firm: 2, document: 1}]
steps:
  - session: app
    tenant: 1
    sql: INSERT INTO "public"."remarks" ("id", "firm", "document", "body") VALUES ($1::integer, $2::integer, $3::integer, $4::text)
    args: [1, 1, 2, hello]
  - session: app
    tenant: 1
    call: function counts
`
	for _, test := range []struct {
		where string
		want  props.ReplayVerdict
	}{{"", props.StillLeaks}, {" WHERE firm = firm()", props.Fixed}} {
		cfg := written(t, ties, strings.Replace(tiesContract, "DOCUMENTS", "own", 1))
		file := filepath.Join(filepath.Dir(cfg.Contract), "case.yaml")
		if err := os.WriteFile(file, []byte(twoSteps), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := replays(t, cfg, file, strings.Replace(counts, "%s", test.where, 1)); r.Verdict != test.want {
			t.Errorf("%q: %v (%s), want %v", test.where, r.Verdict, r.Why, test.want)
		}
	}
}
