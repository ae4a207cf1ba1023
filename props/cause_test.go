package props_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// shelf is a schema of firms with books, as it should be.
const shelf = `CREATE ROLE shelf_owner; CREATE ROLE shelf_app LOGIN;
CREATE FUNCTION firm() RETURNS int LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
CREATE TABLE firms (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE books (id int PRIMARY KEY, firm_id int NOT NULL REFERENCES firms, title text NOT NULL);
CREATE TABLE loans (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, firm_id int NOT NULL REFERENCES firms, note text NOT NULL);
GRANT SELECT ON firms, books, loans TO shelf_app; GRANT INSERT ON books TO shelf_app;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; CREATE POLICY firms_read ON firms FOR SELECT USING (id = firm());
ALTER TABLE books ENABLE ROW LEVEL SECURITY; CREATE POLICY books_read ON books FOR SELECT USING (firm_id = firm());
CREATE POLICY books_insert ON books FOR INSERT WITH CHECK (firm_id = firm());
ALTER TABLE loans ENABLE ROW LEVEL SECURITY; CREATE POLICY loans_read ON loans FOR SELECT USING (firm_id = firm());
CREATE FUNCTION titles() RETURNS SETOF text LANGUAGE sql STABLE AS $$ SELECT title FROM books $$;
CREATE FUNCTION all_titles() RETURNS SETOF text LANGUAGE sql STABLE AS $$ SELECT * FROM titles() $$;
`

const shelfContract = `schema: [schema.sql, change.sql]
tenant: {table: firms, key: id}
sessions:
  clerk:
    login: shelf_app
    settings: {app.firm: $tenant}
    sees: {"*": own}
    writes: {"*": none, books: {insert: own}}
  stranger:
    login: shelf_app
    sees: {"*": none}
    writes: {"*": none}
paths:
  catalogue:
    kind: report
    as: [clerk]
    run: SELECT * FROM all_titles()
`

// TestCauses weakens the shelf by objects of other kinds than the planted leaks do: each is
// named, and what mends it.
func TestCauses(t *testing.T) {
	require.Postgres(t)
	const own = "books.firm_id = nullif(current_setting('app.firm', true), '')::integer"
	for _, k := range []struct {
		name, change, object, fix string
		older                     bool // a statement of the schema says what the object is
		alone                     bool // nothing else is named
		only                      []string
	}{
		{
			name: "a trigger that writes for another firm", object: "trigger books_lend on books", only: []string{"clerk", "books", "loans"},
			change: `CREATE FUNCTION lend() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
				$$ BEGIN INSERT INTO loans (firm_id, note) SELECT id, 'new' FROM firms WHERE id <> NEW.firm_id; RETURN NEW; END $$;
				CREATE TRIGGER books_lend AFTER INSERT ON books FOR EACH ROW EXECUTE FUNCTION lend();`,
		},
		{
			name: "a default that is a firm", object: "default of column books.firm_id", only: []string{"clerk", "books"},
			change: `ALTER TABLE books ALTER COLUMN firm_id SET DEFAULT 1; REVOKE INSERT ON books FROM shelf_app;
				GRANT INSERT (id, title) ON books TO shelf_app; ALTER POLICY books_insert ON books WITH CHECK (true);`,
		},
		{
			name: "a member of the owner", object: "membership of role shelf_app in shelf_owner", only: []string{"clerk", "books"},
			change: `ALTER TABLE books OWNER TO shelf_owner; GRANT shelf_owner TO shelf_app;`, fix: "REVOKE shelf_owner FROM shelf_app",
		},
		{
			name: "the owner", object: "table books", older: true, only: []string{"clerk", "books"},
			change: `ALTER TABLE books OWNER TO shelf_app;`, fix: "ALTER TABLE books FORCE ROW LEVEL SECURITY",
		},
		{
			name: "two that say the same, and one who may see nothing", object: "policies seen, seen_too on books", alone: true, only: []string{"clerk", "stranger", "books"},
			fix:    "CREATE POLICY books_select_tenant ON books AS RESTRICTIVE FOR SELECT TO shelf_app USING (" + own + ")",
			change: `DROP POLICY books_read ON books; CREATE POLICY books_all ON books USING (firm_id = firm()); CREATE POLICY seen ON books FOR SELECT USING (title = 'atlas'); CREATE POLICY seen_too ON books FOR SELECT USING (title = 'atlas');`,
		},
		{
			name: "what another table's policy asks", object: "policy books_all on books", alone: true, only: []string{"clerk", "books", "loans"},
			fix: "ALTER POLICY books_all ON books USING (" + own + ")",
			change: `DROP POLICY books_read ON books; DROP POLICY books_insert ON books; CREATE POLICY books_all ON books USING (id = firm()) WITH CHECK (firm_id = firm());
				DROP POLICY loans_read ON loans; CREATE POLICY loans_all ON loans USING (EXISTS (SELECT FROM books b WHERE b.firm_id = loans.firm_id AND b.firm_id = firm()));`,
		},
		{
			name: "a table without policies", object: "table loans", only: []string{"clerk", "loans"},
			change: `ALTER TABLE loans DISABLE ROW LEVEL SECURITY; DROP POLICY loans_read ON loans;`,
			fix:    "ALTER TABLE loans ENABLE ROW LEVEL SECURITY; CREATE POLICY loans_select_tenant ON loans FOR SELECT TO shelf_app USING (" + strings.ReplaceAll(own, "books", "loans") + ")",
		},
		{
			name: "a function within a function", object: "function titles()", only: []string{"catalogue"},
			change: `ALTER FUNCTION titles() SECURITY DEFINER;`, fix: "ALTER FUNCTION titles() SECURITY INVOKER",
		},
		{
			name: "a policy below a path", object: "policy books_read on books", only: []string{"catalogue"},
			change: `ALTER POLICY books_read ON books USING (true);`, fix: "ALTER POLICY books_read ON books USING (" + own + ")",
		},
		{
			name: "a default of the database", object: "setting app.firm of the database", only: []string{"stranger", "books"},
			change: `ALTER DATABASE shelf SET app.firm = '1';`, fix: `ALTER DATABASE :"DBNAME" RESET app.firm`,
		},
		{
			name: "a policy that locks out", object: "policy books_read on books", only: []string{"clerk", "books"},
			change: `ALTER POLICY books_read ON books USING (firm_id = firm() AND title > 'm');`, fix: "ALTER POLICY books_read ON books USING (" + own + ")",
		},
		{
			name: "a trigger behind a function", object: "trigger books_lend on books", only: []string{"function buy"},
			change: `CREATE FUNCTION lend() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
				$$ BEGIN INSERT INTO loans (firm_id, note) SELECT id, 'new' FROM firms WHERE id <> NEW.firm_id; RETURN NEW; END $$;
				CREATE TRIGGER books_lend AFTER INSERT ON books FOR EACH ROW EXECUTE FUNCTION lend();
				CREATE FUNCTION buy() RETURNS void LANGUAGE sql SECURITY DEFINER AS
				$$ INSERT INTO books (id, firm_id, title) SELECT 1000, firm(), 'new' WHERE firm() IS NOT NULL $$;`,
		},
		{
			name: "a rule of a view", object: "rule shown_rename on shown", only: []string{"change of view shown"},
			change: `CREATE VIEW shown AS SELECT id, firm_id, title FROM books WHERE firm_id = firm(); GRANT SELECT, UPDATE ON shown TO shelf_app;
				CREATE RULE shown_rename AS ON UPDATE TO shown DO INSTEAD UPDATE books SET title = NEW.title WHERE id <> OLD.id;`,
		},
		{
			name: "a predefined role", object: "membership of role shelf_app in pg_read_all_data", only: []string{"materialized view all_books"},
			change: `CREATE MATERIALIZED VIEW all_books AS SELECT * FROM books; GRANT pg_read_all_data TO shelf_app;`,
			fix:    "REVOKE pg_read_all_data FROM shelf_app",
		},
		{
			name: "a restrictive policy that no longer holds back", object: "policy books_firm on books", only: []string{"clerk", "stranger", "books"},
			change: `CREATE POLICY books_firm ON books AS RESTRICTIVE USING (firm_id = firm()); ALTER POLICY books_read ON books USING (true);
				ALTER POLICY books_firm ON books USING (firm_id = firm() OR title = 'atlas');`,
			fix: "ALTER POLICY books_firm ON books USING (" + own + ")",
		},
		{
			name: "a policy beside a restrictive one about something else", object: "policy books_read on books", only: []string{"clerk", "books"},
			change: `CREATE POLICY books_titled ON books AS RESTRICTIVE USING (title IS NOT NULL); ALTER POLICY books_read ON books USING (true);`,
			fix:    "ALTER POLICY books_read ON books USING (" + own + ")",
		},
		{
			name: "a trigger that alone writes to a view", object: "trigger lent_put on lent", only: []string{"insert into view lent"},
			change: `CREATE VIEW lent WITH (security_barrier) AS SELECT l.id, l.firm_id, l.note FROM loans l JOIN firms f ON f.id = l.firm_id WHERE l.firm_id = firm();
				GRANT SELECT, INSERT ON lent TO shelf_app;
				CREATE FUNCTION lent_put() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
				$$ BEGIN INSERT INTO loans (firm_id, note) VALUES (NEW.firm_id, NEW.note); RETURN NEW; END $$;
				CREATE TRIGGER lent_put INSTEAD OF INSERT ON lent FOR EACH ROW EXECUTE FUNCTION lent_put();`,
		},
		{
			name: "a superuser", object: "role shelf_app", only: []string{"clerk", "books"},
			change: `ALTER ROLE shelf_app SUPERUSER;`, fix: "ALTER ROLE shelf_app NOSUPERUSER NOBYPASSRLS",
		},
		{
			name: "a function that binds another firm", object: "function all_titles()", only: []string{"catalogue"},
			change: `CREATE OR REPLACE FUNCTION all_titles() RETURNS SETOF text LANGUAGE plpgsql AS
				$$ BEGIN PERFORM set_config('app.firm', (firm() % 2 + 1)::text, true); RETURN QUERY SELECT title FROM books; END $$;`,
		},
	} {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			dir := require.Folder(t, map[string]string{"schema.sql": shelf, "change.sql": k.change, "rlsfuzz.yaml": shelfContract})
			target := opened(t, props.Config{Contract: filepath.Join(dir, "rlsfuzz.yaml"), Postgres: os.Getenv("RLSFUZZ_POSTGRES")})
			r, err := props.Run(t.Context(), target, props.Config{Only: k.only, SkipRandom: true, Workers: 1})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, b := range r.Blocks {
				got = append(got, b.Finding.Carrier.Object)
				if b.Finding.Carrier.Object != k.object {
					continue
				}
				if fix := strings.Join(b.Finding.Fix.SQL, "; "); fix != k.fix {
					t.Errorf("fix %q (%s), want %q", fix, b.Finding.Fix.Note, k.fix)
				}
				if file := filepath.Base(b.Finding.Carrier.File); k.older == (file == "change.sql") {
					t.Errorf("said by %s, line %d", b.Finding.Carrier.File, b.Finding.Carrier.Line)
				}
			}
			if !slices.Contains(got, k.object) || k.alone && len(got) > 1 {
				t.Errorf("causes %q, want %q; leads %v", got, k.object, r.Leads)
			}
		})
	}
}

// TestCauseCommand has a policy of all commands take rows that are nobody's, which another one
// shows: without that one an UPDATE would not find its rows, and yet it lets nothing through.
func TestCauseCommand(t *testing.T) {
	t.Parallel()
	cfg := written(t, `
CREATE ROLE command_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE posts (id int PRIMARY KEY, firm int REFERENCES firms, name text NOT NULL);
ALTER TABLE posts ENABLE ROW LEVEL SECURITY;
CREATE POLICY a_shown ON posts FOR SELECT USING (firm IS NULL OR firm = nullif(current_setting('app.firm', true), '')::int);
CREATE POLICY b_written ON posts USING (firm = nullif(current_setting('app.firm', true), '')::int)
	WITH CHECK (firm IS NULL OR firm = nullif(current_setting('app.firm', true), '')::int);
GRANT SELECT, INSERT, UPDATE, DELETE ON posts TO command_app;
`, `
schema: schema.sql
tenant: {table: firms, key: id}
tables: {posts: {tenant: firm, null: shared}}
sessions:
  app:
    login: command_app
    settings: {app.firm: $tenant}
    sees: {"*": none, posts: own}
    writes: {"*": none, posts: {insert: firm = $tenant, update: {from: firm = $tenant, to: firm = $tenant}, delete: firm = $tenant}}
`)
	cfg.SkipMatrix, cfg.Checks = true, 300
	reports(t, cfg, "policy b_written on posts lets it through", func(b *props.Block) string { return b.Cause })
}

// TestCauseVouched has two policies say the same, to a session that may see nothing: a third one is named
// only if it takes nothing from others when it is turned round. Those that are not searched are asked too.
func TestCauseVouched(t *testing.T) {
	const change = `CREATE ROLE shelf_audit LOGIN; GRANT SELECT ON books TO shelf_audit;
		DROP POLICY books_read ON books; CREATE POLICY books_all ON books USING (firm_id = firm());
		CREATE POLICY audited ON books FOR SELECT TO shelf_audit USING (true);
		CREATE POLICY seen ON books FOR SELECT TO shelf_app USING (title = 'atlas'); CREATE POLICY seen_too ON books FOR SELECT TO shelf_app USING (title = 'atlas');`
	contract := strings.Replace(strings.Replace(shelfContract, "[schema.sql, change.sql]", "[schema.sql]", 1), "  stranger:\n", "  auditor: {login: shelf_audit, sees: {\"*\": none, books: all}, writes: {\"*\": none}}\n  stranger:\n", 1)
	cfg := written(t, shelf+change, contract)
	cfg.SkipRandom, cfg.Only = true, []string{"auditor", "stranger", "books"}
	reports(t, cfg, "policies audited, seen, seen_too on books", func(b *props.Block) string { return b.Finding.Carrier.Object })
}

// TestPartitionCause has two policies of a partition let an update through together: one finds the
// row, and the other one takes what it becomes. The one for that command alone is named.
func TestPartitionCause(t *testing.T) {
	t.Parallel()
	const schema = `CREATE ROLE part_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY);
CREATE TABLE parts (firm_id int NOT NULL REFERENCES firms, year int NOT NULL) PARTITION BY RANGE (year);
CREATE TABLE parts_new PARTITION OF parts FOR VALUES FROM (0) TO (3000);
CREATE FUNCTION firm() RETURNS int LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON firms USING (id = firm());
ALTER TABLE parts ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON parts USING (firm_id = firm());
ALTER TABLE parts_new ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON parts_new USING (firm_id = firm());
GRANT SELECT ON firms TO part_app; GRANT SELECT, UPDATE ON parts, parts_new TO part_app;
`
	const contract = `schema: schema.sql
tenant: {table: firms, key: id}
sessions:
  app: {login: part_app, settings: {app.firm: $tenant}, sees: own, writes: {"*": none, parts: {update: own}}}
`
	cfg := written(t, schema+`CREATE POLICY q ON parts_new FOR UPDATE USING (year > 5000) WITH CHECK (true);`, contract)
	cfg.SkipRandom, cfg.Only = true, []string{"app", "update of partition parts_new"}
	reports(t, cfg, "policy q on parts_new", func(b *props.Block) string { return b.Finding.Carrier.Object })
}
