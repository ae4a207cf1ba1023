package props_test

import (
	"regexp"
	"slices"
	"testing"
)

// twin is a sound schema, and SQL that makes it leak.
type twin struct {
	name   string
	schema string
	leak   string
	found  []string // the cells and classes of the leak, one of its findings each
	by     []string // the tables that the leak is used by, where those of its findings are others
}

// place is the table or the path of a cell with its class: SESSION: ACTION PLACE (CLASS).
var place = regexp.MustCompile(`^[^:]+: \S+ (.*) \(\w+\)$`)

// only is the places of the leak.
func (k *twin) only() []string {
	var out []string
	for _, f := range k.found {
		out = append(out, place.FindStringSubmatch(f)[1])
	}
	return append(out, k.by...)
}

// allTwins is the twins of each file.
var allTwins = slices.Concat(twins, callTwins, documentTwins, pieceTwins, roleTwins, treeTwins, userTwins)

// twinOf is the twin of a name.
func twinOf(t *testing.T, name string) *twin {
	t.Helper()
	i := slices.IndexFunc(allTwins, func(k twin) bool { return k.name == name })
	if i < 0 {
		t.Fatalf("there is no twin %q", name)
	}
	return &allTwins[i]
}

// twins are schemas that no other list has a word for.
var twins = []twin{
	{
		name: "rows between two, and what hangs on them",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE traders (id int PRIMARY KEY, name text);
CREATE TABLE goods (id int PRIMARY KEY, seller int NOT NULL REFERENCES traders, listed boolean NOT NULL DEFAULT false, title text);
CREATE TABLE deals (id int PRIMARY KEY, buyer int NOT NULL REFERENCES traders, seller int NOT NULL REFERENCES traders, done boolean NOT NULL DEFAULT false, CHECK (buyer <> seller));
CREATE TABLE lines (id int PRIMARY KEY, deal int NOT NULL REFERENCES deals, good int NOT NULL REFERENCES goods, amount int);
CREATE TABLE remarks (id int PRIMARY KEY, deal int NOT NULL REFERENCES deals, author int NOT NULL REFERENCES traders, body text);
CREATE FUNCTION me() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.trader', true), '')::int $$;
CREATE FUNCTION close(deal int) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN UPDATE deals d SET done = true WHERE d.id = deal AND d.seller = me(); RETURN FOUND; END $$;
ALTER TABLE traders ENABLE ROW LEVEL SECURITY; ALTER TABLE goods ENABLE ROW LEVEL SECURITY; ALTER TABLE deals ENABLE ROW LEVEL SECURITY;
ALTER TABLE lines ENABLE ROW LEVEL SECURITY; ALTER TABLE remarks ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON traders USING (id = me()); CREATE POLICY p ON goods USING (seller = me()); CREATE POLICY q ON goods FOR SELECT USING (listed);
CREATE POLICY p ON deals FOR SELECT USING (me() IN (buyer, seller));
CREATE POLICY p ON lines FOR SELECT USING (deal IN (SELECT id FROM deals));
CREATE POLICY q ON lines FOR INSERT WITH CHECK (EXISTS (SELECT FROM deals d WHERE d.id = deal AND d.buyer = me() AND (SELECT g.seller FROM goods g WHERE g.id = good) = d.seller));
CREATE POLICY p ON remarks FOR SELECT USING (deal IN (SELECT id FROM deals)); CREATE POLICY q ON remarks FOR INSERT WITH CHECK (author = me() AND deal IN (SELECT id FROM deals));
GRANT SELECT ON traders, goods, deals TO twin_app; GRANT SELECT, INSERT ON lines, remarks TO twin_app; GRANT UPDATE (done) ON deals TO twin_app; CREATE POLICY r ON deals FOR UPDATE USING (seller = me());`,
		leak: `CREATE POLICY r ON remarks FOR INSERT WITH CHECK (author = me());
CREATE OR REPLACE FUNCTION close(deal int) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN UPDATE deals d SET done = true WHERE d.id = deal; RETURN FOUND; END $$;
CREATE POLICY r ON lines FOR INSERT WITH CHECK (EXISTS (SELECT FROM deals d WHERE d.id = deal AND d.buyer = me()));`,
		found: []string{"twin_app: insert remarks (write)", "twin_app: call function close (write)", "twin_app: insert lines (write)"},
	},
	{
		name: "partitions that are used directly",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE visits (id int, firm int NOT NULL REFERENCES firms, day date NOT NULL, note text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE visits_old PARTITION OF visits FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE TABLE visits_new PARTITION OF visits DEFAULT;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE visits ENABLE ROW LEVEL SECURITY; ALTER TABLE visits_new ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
CREATE POLICY p ON firms USING (id = firm()); CREATE POLICY p ON visits USING (firm = firm()); CREATE POLICY p ON visits_new USING (firm = firm());
GRANT SELECT ON firms, visits, visits_new TO twin_app;`,
		leak:  `GRANT SELECT ON visits_old TO twin_app; DROP POLICY p ON visits_new; CREATE POLICY p ON visits_new USING (firm IS NOT NULL);`,
		found: []string{"stranger: call partition visits_new (open)", "stranger: call partition visits_old (open)"},
	},
	{
		name: "a setting without which everything fails",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE bills (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, total int);
CREATE TABLE versions (version text PRIMARY KEY); INSERT INTO versions VALUES ('1'); GRANT SELECT ON versions TO twin_app;
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN current_setting('app.firm')::int; END $$;
CREATE FUNCTION owed() RETURNS bigint STABLE LANGUAGE sql AS $$ SELECT sum(total) FROM bills WHERE firm = firm() $$;
CREATE FUNCTION sums() RETURNS bigint STABLE LANGUAGE sql AS $$ SELECT sum(total) FROM bills $$;
CREATE FUNCTION feeds() RETURNS SETOF refcursor LANGUAGE plpgsql AS
  $$ DECLARE c refcursor; d refcursor; BEGIN OPEN c FOR SELECT total FROM bills; RETURN NEXT c; OPEN d FOR SELECT name FROM firms; RETURN NEXT d; END $$;
CREATE FUNCTION two_feeds(OUT count int, OUT feed refcursor) LANGUAGE plpgsql AS $$ BEGIN count := 1; OPEN feed FOR SELECT total FROM bills; END $$;
CREATE PROCEDURE open_feed(INOUT c refcursor) LANGUAGE plpgsql AS $$ BEGIN OPEN c FOR SELECT total FROM bills; END $$;
ALTER TABLE bills ENABLE ROW LEVEL SECURITY; ALTER TABLE firms ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = firm()); CREATE POLICY p ON bills USING (firm = firm());
GRANT SELECT ON firms, bills TO twin_app;`,
		leak: `ALTER FUNCTION sums() SECURITY DEFINER; ALTER FUNCTION two_feeds() SECURITY DEFINER; ALTER PROCEDURE open_feed SECURITY DEFINER;`,
		found: []string{
			"stranger: call function sums (open)", "stranger: call function two_feeds (open)", "stranger: call function open_feed (open)",
		},
	},
	{
		name: "a schema of views and functions alone, to which one is added",
		schema: `
CREATE ROLE twin_app LOGIN; CREATE SCHEMA store; CREATE SCHEMA api; GRANT USAGE ON SCHEMA store, api TO twin_app;
CREATE TYPE store.kind AS ENUM ('small', 'large');
CREATE TABLE store.firms (id int PRIMARY KEY, name text);
CREATE TABLE store.bills (id int PRIMARY KEY, firm int NOT NULL REFERENCES store.firms, kind store.kind NOT NULL, total int);
ALTER TABLE store.firms ENABLE ROW LEVEL SECURITY; ALTER TABLE store.bills ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION store.firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
CREATE POLICY p ON store.firms USING (id = store.firm()); CREATE POLICY p ON store.bills USING (firm = store.firm());
CREATE VIEW api.bills WITH (security_invoker) AS SELECT * FROM store.bills;
CREATE VIEW api.mine AS SELECT * FROM store.bills WHERE firm = store.firm() WITH CHECK OPTION; GRANT SELECT, INSERT, UPDATE ON api.mine TO twin_app;
CREATE FUNCTION api.listed(kinds store.kind[]) RETURNS SETOF int STABLE SECURITY DEFINER SET search_path = store LANGUAGE sql AS
  $$ SELECT b.total FROM bills b WHERE b.kind = ANY (kinds) AND b.firm = firm() $$;
GRANT SELECT ON store.firms, store.bills, api.bills TO twin_app;`,
		leak: `CREATE OR REPLACE VIEW api.mine AS SELECT * FROM store.bills WHERE firm = store.firm();
CREATE VIEW api.totals AS SELECT firm, total FROM store.bills; GRANT SELECT ON api.totals TO twin_app;
CREATE OR REPLACE FUNCTION api.listed(kinds store.kind[]) RETURNS SETOF int STABLE SECURITY DEFINER SET search_path = store LANGUAGE sql AS
  $$ SELECT b.total FROM bills b WHERE b.kind = ANY (kinds) $$;`,
		found: []string{"twin_app: update update of view api.mine (move)", "stranger: call view api.totals (open)", "stranger: call function api.listed (open)"},
	},
	{
		name: "references to nothing",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE cases (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, title text);
CREATE TABLE mails (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, about int REFERENCES cases, body text);
CREATE TABLE calls (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, about int REFERENCES cases, after int REFERENCES mails, note text);
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE cases ENABLE ROW LEVEL SECURITY; ALTER TABLE mails ENABLE ROW LEVEL SECURITY; ALTER TABLE calls ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = nullif(current_setting('app.firm', true), '')::int);
CREATE POLICY p ON cases USING (firm = nullif(current_setting('app.firm', true), '')::int);
CREATE POLICY p ON mails USING (firm = nullif(current_setting('app.firm', true), '')::int);
CREATE POLICY p ON calls USING (firm = nullif(current_setting('app.firm', true), '')::int);
GRANT SELECT, DELETE ON firms, cases, mails, calls TO twin_app;`,
		leak: `CREATE POLICY q ON mails FOR SELECT USING (about IS NULL AND current_setting('app.firm', true) <> '');
CREATE POLICY q ON calls FOR SELECT USING (about IS NULL AND after IS NOT NULL AND current_setting('app.firm', true) <> '');`,
		found: []string{"twin_app: select mails (read)", "twin_app: select calls (read)"},
	},
	{
		name: "links, which who has the token may open",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE papers (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, title text);
CREATE TABLE links (token text PRIMARY KEY DEFAULT md5(random()::text), paper int NOT NULL REFERENCES papers);
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE papers ENABLE ROW LEVEL SECURITY; ALTER TABLE links ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = firm()); CREATE POLICY p ON papers USING (firm = firm()); CREATE POLICY p ON links USING (paper IN (SELECT id FROM papers));
CREATE FUNCTION open(t text) RETURNS SETOF text STABLE SECURITY DEFINER LANGUAGE sql AS $$ SELECT p.title FROM links l JOIN papers p ON p.id = l.paper WHERE l.token = t $$;
GRANT SELECT ON papers, links TO twin_app;`,
		leak: `CREATE OR REPLACE FUNCTION open(t text) RETURNS SETOF text STABLE SECURITY DEFINER LANGUAGE sql AS
	$$ SELECT p.title FROM links l JOIN papers p ON p.id = l.paper WHERE l.token LIKE t || '%' $$;`,
		found: []string{"twin_app: call function open (interference)"},
	},
	{
		name: "transfers, which go from one account to another",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE accounts (firm int NOT NULL REFERENCES firms, code varchar(8) NOT NULL, title text, PRIMARY KEY (firm, code));
CREATE TABLE transfers (firm int NOT NULL, id int NOT NULL, day date NOT NULL, payer varchar(8) NOT NULL, payee varchar(8) NOT NULL, memo text, PRIMARY KEY (firm, id, day), CHECK (payer <> payee),
	FOREIGN KEY (firm, payer) REFERENCES accounts, FOREIGN KEY (firm, payee) REFERENCES accounts) PARTITION BY RANGE (day);
CREATE TABLE transfers_old PARTITION OF transfers FOR VALUES FROM (MINVALUE) TO ('2025-01-01'); CREATE TABLE transfers_new PARTITION OF transfers DEFAULT;
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE accounts ENABLE ROW LEVEL SECURITY; ALTER TABLE transfers ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = firm()); CREATE POLICY p ON accounts USING (firm = firm()); CREATE POLICY p ON transfers USING (firm = firm());
CREATE FUNCTION turnover(code text) RETURNS bigint STABLE LANGUAGE sql AS $$ SELECT count(*) FROM transfers t WHERE turnover.code IN (t.payer, t.payee) $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON accounts, transfers TO twin_app;`,
		leak:  `GRANT SELECT ON transfers_old TO twin_app; ALTER FUNCTION turnover SECURITY DEFINER;`,
		found: []string{"twin_app: call partition transfers_old (interference)", "twin_app: call function turnover (interference)"},
	},
	{
		name: "links with tokens that the application draws",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE invites (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, email text, token text NOT NULL UNIQUE);
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE invites ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = firm()); CREATE POLICY p ON invites USING (firm = firm());
CREATE FUNCTION invited(p_token text) RETURNS text STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS $$ SELECT email FROM invites WHERE token = p_token $$;
GRANT SELECT ON invites TO twin_app;`,
		leak: `CREATE OR REPLACE FUNCTION invited(p_token text) RETURNS text STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
	$$ SELECT email FROM invites WHERE token LIKE p_token $$;`,
		found: []string{"stranger: call function invited (open)"},
	},
	{
		name: "firms that workspaces hang on",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, billing_email text);
CREATE TABLE people (id int PRIMARY KEY, name text);
CREATE TABLE spaces (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, name text);
CREATE TABLE seats (space int NOT NULL REFERENCES spaces, person int NOT NULL REFERENCES people, PRIMARY KEY (space, person));
CREATE TABLE pages (id int PRIMARY KEY, space int NOT NULL REFERENCES spaces, title text);
CREATE FUNCTION mine() RETURNS SETOF int STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS $$ SELECT space FROM seats WHERE person = nullif(current_setting('app.person', true), '')::int $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE spaces ENABLE ROW LEVEL SECURITY; ALTER TABLE pages ENABLE ROW LEVEL SECURITY; ALTER TABLE seats ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON spaces USING (id IN (SELECT mine())); CREATE POLICY p ON pages USING (space IN (SELECT mine())); CREATE POLICY p ON seats USING (space IN (SELECT mine()));
CREATE POLICY p ON firms FOR SELECT USING (EXISTS (SELECT FROM spaces s WHERE s.firm = firms.id AND s.id IN (SELECT mine())));
GRANT SELECT ON firms, spaces, pages, seats TO twin_app;`,
		leak:  `DROP POLICY p ON firms; CREATE POLICY p ON firms FOR SELECT USING (EXISTS (SELECT FROM spaces s WHERE s.id IN (SELECT mine())));`,
		found: []string{"twin_app: select firms (read)"},
	},
}
