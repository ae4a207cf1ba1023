package props_test

import (
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
`
	tiesContract = `
schema: [schema.sql]
tenant: {table: firms, key: id}
tables: {documents: {tenant: firm}, remarks: {tenant: firm}}
sessions:
  app:
    login: tie_app
    settings: {app.firm: $tenant}
    sees: {"*": own, documents: DOCUMENTS}
    writes: {"*": none, remarks: {insert: own, update: {from: own, to: own}}}
`
)

// TestTies calls paths after their session has put in a row that refers to another tenant's row: a
// leak is what a path tells of that row, unless the contract shows it by then.
func TestTies(t *testing.T) {
	const definer = "SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS "
	tests := []struct{ name, path, documents, found string }{
		{name: "a list", found: "function remarked", path: "CREATE FUNCTION remarked() RETURNS SETOF text STABLE " + definer +
			"$$ SELECT d.title FROM remarks r JOIN documents d ON d.id = r.document WHERE r.firm = firm() $$;"},
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
		{name: "a row that is changed", found: "function remarked", path: "REVOKE INSERT ON remarks FROM tie_app; GRANT UPDATE (document) ON remarks TO tie_app; CREATE FUNCTION remarked() RETURNS SETOF text STABLE " + definer +
			"$$ SELECT d.title FROM remarks r JOIN documents d ON d.id = r.document WHERE r.firm = firm() $$;"},
		{name: "a key with the tenant", path: `ALTER TABLE documents ADD UNIQUE (id, firm); ALTER TABLE remarks ADD FOREIGN KEY (document, firm) REFERENCES documents (id, firm);
CREATE FUNCTION remarked() RETURNS SETOF text STABLE ` + definer + "$$ SELECT d.title FROM remarks r JOIN documents d ON d.id = r.document WHERE r.firm = firm() $$;"},
		{name: "a tree, upwards", found: "function thread", path: "ALTER TABLE remarks ADD answers int REFERENCES remarks; CREATE FUNCTION thread(remark_id int) RETURNS SETOF text STABLE " + definer +
			`$$ WITH RECURSIVE up AS (SELECT * FROM remarks WHERE id = remark_id AND firm = firm() UNION SELECT r.* FROM remarks r JOIN up ON r.id = up.answers) SELECT body FROM up $$;`},
		{name: "a tree of the tenant's remarks", path: "ALTER TABLE remarks ADD answers int REFERENCES remarks; CREATE FUNCTION thread(remark_id int) RETURNS SETOF text STABLE " + definer +
			`$$ WITH RECURSIVE up AS (SELECT * FROM remarks WHERE id = remark_id AND firm = firm() UNION SELECT r.* FROM remarks r JOIN up ON r.id = up.answers AND r.firm = up.firm) SELECT body FROM up $$;`},
		{
			name: "who remarks on a document may see it", documents: `"firm = $tenant OR EXISTS (SELECT 1 FROM remarks r WHERE r.document = documents.id AND r.firm = $tenant)"`,
			path: `CREATE POLICY q ON documents USING (EXISTS (SELECT FROM remarks r WHERE r.document = documents.id AND r.firm = firm()));
CREATE FUNCTION remarked() RETURNS SETOF text STABLE ` + definer + "$$ SELECT d.title FROM remarks r JOIN documents d ON d.id = r.document WHERE r.firm = firm() $$;",
		},
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
			if test.found == "" {
				for _, b := range r.Blocks {
					t.Errorf("a false alarm:\n%s", b)
				}
				return
			}
			if len(r.Blocks) != 1 || r.Blocks[0].Finding.Path != test.found || !r.Blocks[0].Finding.Cross {
				t.Fatalf("want one finding across tenants, of %s: %v", test.found, r.Blocks)
			}
			f := r.Blocks[0].Finding
			if steps := f.Scenario.Steps; len(steps) != 2 || steps[0].Op.Shape == nil {
				t.Errorf("want a row that goes in, and a call:\n%s", r.Blocks[0])
			}
			if last := replayed(t, f, target.Material()); !leaks(last) {
				t.Errorf("repro.sql says %q, want LEAK: …\n%s", last, finding.Block(f))
			}
			t.Log(r.Blocks[0])
		})
	}
}
