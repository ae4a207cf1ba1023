package props_test

import "regexp"

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

var twins = []twin{
	{
		name: "claims whose keys are the tenants",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE orgs (id uuid PRIMARY KEY, name text);
CREATE TABLE notes (id int PRIMARY KEY, org_id uuid NOT NULL REFERENCES orgs, body text);
CREATE FUNCTION claims() RETURNS jsonb STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
ALTER TABLE orgs ENABLE ROW LEVEL SECURITY; ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON orgs FOR SELECT USING ((claims() -> 'app' -> 'orgs' ->> id::text) = 'editor');
CREATE POLICY p ON notes USING ((claims() -> 'app' -> 'orgs' ->> org_id::text) = 'editor');
GRANT SELECT ON orgs TO twin_app; GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO twin_app;`,
		leak:  `CREATE POLICY q ON notes FOR SELECT USING ((claims() -> 'app' -> 'orgs') IS NOT NULL);`,
		found: []string{"twin_app: select notes (read)"},
	},
	{
		name: "a function of a role that bypasses row security",
		schema: `
CREATE ROLE twin_app LOGIN; CREATE ROLE twin_night LOGIN BYPASSRLS;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE bills (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, total int NOT NULL);
CREATE TABLE sums (firm int PRIMARY KEY REFERENCES firms, bills int NOT NULL, total bigint, at timestamptz NOT NULL DEFAULT now());
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE bills ENABLE ROW LEVEL SECURITY; ALTER TABLE sums ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = nullif(current_setting('app.firm', true), '')::int);
CREATE POLICY p ON bills USING (firm = nullif(current_setting('app.firm', true), '')::int);
CREATE POLICY p ON sums USING (firm = nullif(current_setting('app.firm', true), '')::int);
GRANT SELECT ON firms, bills, sums TO twin_app, twin_night; GRANT INSERT, UPDATE, DELETE ON sums TO twin_night;
CREATE PROCEDURE sum_up() LANGUAGE sql AS $$
	DELETE FROM sums; INSERT INTO sums (firm, bills, total) SELECT f.id, count(b.id), sum(b.total) FROM firms f LEFT JOIN bills b ON b.firm = f.id GROUP BY f.id $$;
REVOKE EXECUTE ON PROCEDURE sum_up() FROM PUBLIC; GRANT EXECUTE ON PROCEDURE sum_up() TO twin_night;`,
		leak: `CREATE OR REPLACE PROCEDURE sum_up() LANGUAGE sql AS $$
	DELETE FROM sums; INSERT INTO sums (firm, bills, total) SELECT f.id, count(b.id), sum(b.total) FROM firms f LEFT JOIN bills b ON b.firm <= f.id GROUP BY f.id $$;`,
		found: []string{"twin_night: call function sum_up (interference)"},
	},
	{
		name: "one role for each tenant, of which no file makes rows",
		schema: `
CREATE ROLE twin_group; CREATE ROLE twin_a LOGIN IN ROLE twin_group; CREATE ROLE twin_b LOGIN IN ROLE twin_group; CREATE ROLE twin_c LOGIN IN ROLE twin_group;
CREATE TABLE clients (login name PRIMARY KEY, title text);
CREATE TABLE goods (id int PRIMARY KEY, client name NOT NULL DEFAULT current_user REFERENCES clients, label text);
ALTER TABLE clients ENABLE ROW LEVEL SECURITY; ALTER TABLE goods ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON clients USING (login = current_user);
CREATE POLICY own ON goods TO twin_group USING (client = current_user);
GRANT SELECT ON clients TO twin_group; GRANT SELECT, INSERT, UPDATE, DELETE ON goods TO twin_group;`,
		leak:  `CREATE POLICY more ON goods FOR SELECT TO twin_group USING (pg_has_role('twin_group', 'MEMBER'));`,
		found: []string{"tenant: select goods (read)"},
	},
	{
		name: "firms above others by a table of pairs, which share folders with more",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE pairs (upper int REFERENCES firms, lower int REFERENCES firms, PRIMARY KEY (upper, lower));
CREATE TABLE folders (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, title text);
CREATE TABLE grants (folder int REFERENCES folders, guest int REFERENCES firms, PRIMARY KEY (folder, guest));
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
ALTER TABLE folders ENABLE ROW LEVEL SECURITY; ALTER TABLE grants ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION above(f int) RETURNS boolean STABLE SECURITY DEFINER SET search_path = public LANGUAGE sql AS $$ SELECT EXISTS (SELECT FROM pairs p WHERE p.upper = firm() AND p.lower = f) $$;
CREATE FUNCTION guest(f int) RETURNS boolean STABLE SECURITY DEFINER SET search_path = public LANGUAGE sql AS $$ SELECT EXISTS (SELECT FROM grants g WHERE g.folder = f AND g.guest = firm()) $$;
CREATE POLICY p ON folders USING (firm = firm()); CREATE POLICY q ON folders FOR SELECT USING (above(firm) OR guest(id));
CREATE POLICY p ON grants USING (folder IN (SELECT f.id FROM folders f WHERE f.firm = firm())); CREATE POLICY q ON grants FOR SELECT USING (guest = firm());
GRANT SELECT ON folders TO twin_app; GRANT SELECT, INSERT ON grants TO twin_app;`,
		leak:  `CREATE POLICY r ON grants FOR INSERT WITH CHECK (guest = firm());`,
		found: []string{"twin_app: insert grants (write)"},
	},
	{
		name: "users of no tenant with whom rows are shared",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE schools (id int PRIMARY KEY, name text);
CREATE TABLE people (id int PRIMARY KEY, name text);
CREATE TABLE posts (person int REFERENCES people, school int REFERENCES schools, PRIMARY KEY (person, school));
CREATE TABLE pupils (id int PRIMARY KEY, school int NOT NULL REFERENCES schools, name text);
CREATE TABLE guards (person int REFERENCES people, pupil int REFERENCES pupils, PRIMARY KEY (person, pupil));
CREATE TABLE marks (id int PRIMARY KEY, pupil int NOT NULL REFERENCES pupils, points int);
CREATE FUNCTION me() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.me', true), '')::int $$;
CREATE FUNCTION mine() RETURNS SETOF int STABLE SECURITY DEFINER SET search_path = public LANGUAGE sql AS $$ SELECT school FROM posts WHERE person = me() $$;
CREATE FUNCTION kids() RETURNS SETOF int STABLE SECURITY DEFINER SET search_path = public LANGUAGE sql AS $$ SELECT pupil FROM guards WHERE person = me() $$;
ALTER TABLE schools ENABLE ROW LEVEL SECURITY; ALTER TABLE people ENABLE ROW LEVEL SECURITY; ALTER TABLE posts ENABLE ROW LEVEL SECURITY;
ALTER TABLE pupils ENABLE ROW LEVEL SECURITY; ALTER TABLE guards ENABLE ROW LEVEL SECURITY; ALTER TABLE marks ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON schools USING (id IN (SELECT mine())); CREATE POLICY p ON people USING (id = me()); CREATE POLICY p ON posts USING (school IN (SELECT mine()));
CREATE POLICY p ON pupils USING (school IN (SELECT mine())); CREATE POLICY q ON pupils FOR SELECT USING (id IN (SELECT kids()));
CREATE POLICY p ON guards FOR SELECT USING (person = me());
CREATE POLICY p ON marks USING (pupil IN (SELECT p.id FROM pupils p WHERE p.school IN (SELECT mine()))); CREATE POLICY q ON marks FOR SELECT USING (pupil IN (SELECT kids()));
GRANT SELECT ON schools, people, posts, guards TO twin_app; GRANT SELECT, INSERT ON pupils, marks TO twin_app;`,
		leak: `CREATE POLICY r ON marks FOR INSERT WITH CHECK (pupil IN (SELECT kids()));
CREATE POLICY r ON pupils FOR SELECT USING (me() IS NOT NULL);`,
		found: []string{"twin_app: insert marks (write)", "twin_app: select pupils (read)"},
	},
	{
		name: "one role for each user, which a row of theirs names",
		schema: `
CREATE ROLE twin_group; CREATE ROLE twin_a LOGIN IN ROLE twin_group; CREATE ROLE twin_b LOGIN IN ROLE twin_group; CREATE ROLE twin_c LOGIN IN ROLE twin_group;
CREATE TABLE units (id int PRIMARY KEY, name text);
CREATE TABLE staff (id int PRIMARY KEY, unit int NOT NULL REFERENCES units, login name NOT NULL UNIQUE);
CREATE TABLE funds (id int PRIMARY KEY, unit int NOT NULL REFERENCES units, amount int);
CREATE FUNCTION mine() RETURNS int STABLE SECURITY DEFINER SET search_path = public LANGUAGE sql AS $$ SELECT unit FROM staff WHERE login = session_user $$;
ALTER TABLE units ENABLE ROW LEVEL SECURITY; ALTER TABLE staff ENABLE ROW LEVEL SECURITY; ALTER TABLE funds ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON units USING (id = mine()); CREATE POLICY p ON staff USING (unit = mine()); CREATE POLICY p ON funds USING (unit = mine());
GRANT SELECT ON units, staff TO twin_group; GRANT SELECT, UPDATE ON funds TO twin_group;`,
		leak:  `DROP POLICY p ON funds; CREATE POLICY p ON funds USING (unit = mine()) WITH CHECK (mine() IS NOT NULL);`,
		found: []string{"twin_a: update funds (move)"},
	},
	{
		name: "roles are the tenants' values",
		schema: `
CREATE ROLE twin_a LOGIN; CREATE ROLE twin_b LOGIN;
CREATE TABLE accounts (id int PRIMARY KEY, manager text NOT NULL, company text);
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY managers ON accounts USING (manager = current_user);
GRANT ALL ON accounts TO twin_a, twin_b;`,
		leak:  `DROP POLICY managers ON accounts; CREATE POLICY managers ON accounts USING (manager = current_user) WITH CHECK (true);`,
		found: []string{"tenant: insert accounts (write)", "tenant: update accounts (move)"},
	},
	{
		name: "roles are the tenants' values, and no file makes one",
		schema: `
CREATE ROLE twin_group;
CREATE TABLE accounts (id int PRIMARY KEY, manager text NOT NULL, company text);
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY managers ON accounts TO twin_group USING (manager = current_user);
GRANT SELECT ON accounts TO twin_group;`,
		leak:  `CREATE POLICY more ON accounts FOR SELECT USING (company IS NOT NULL);`,
		found: []string{"tenant: select accounts (read)"},
	},
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
		name: "kinds of sessions, rows that are everybody's, and lists of guests",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE people (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, name text);
CREATE TABLE flags (id int PRIMARY KEY, firm int REFERENCES firms, label text);
CREATE TABLE hints (id int PRIMARY KEY, flag int NOT NULL REFERENCES flags, body text);
CREATE TABLE safes (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, code text);
CREATE TABLE sheets (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, guests int[] NOT NULL DEFAULT '{}', body text);
CREATE FUNCTION brought(key text) RETURNS text STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('gate.session', true), '')::json ->> key $$;
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT brought('x-firm')::int $$;
CREATE FUNCTION me() RETURNS int STABLE LANGUAGE sql AS $$ SELECT brought('x-person')::int $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE people ENABLE ROW LEVEL SECURITY; ALTER TABLE flags ENABLE ROW LEVEL SECURITY;
ALTER TABLE hints ENABLE ROW LEVEL SECURITY; ALTER TABLE safes ENABLE ROW LEVEL SECURITY; ALTER TABLE sheets ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = firm()); CREATE POLICY p ON people USING (firm = firm() AND id = me());
CREATE POLICY p ON flags FOR SELECT USING (firm IS NULL OR firm = firm()); CREATE POLICY q ON flags FOR UPDATE USING (firm = firm());
CREATE POLICY p ON hints USING (EXISTS (SELECT FROM flags f WHERE f.id = flag));
CREATE POLICY p ON safes USING (firm = firm() AND brought('x-kind') IN ('boss', 'owner') AND brought('x-level') = 'high');
CREATE POLICY p ON sheets USING (firm = firm()); CREATE POLICY q ON sheets FOR SELECT USING (me() = ANY (guests));
GRANT SELECT ON firms, people, hints, safes TO twin_app; GRANT SELECT, UPDATE ON flags, sheets TO twin_app;`,
		leak: `CREATE POLICY r ON flags FOR UPDATE USING (firm IS NULL);
CREATE POLICY r ON safes FOR SELECT USING (brought('x-kind') = 'owner' AND brought('x-level') = 'high' AND firm IN (SELECT id FROM firms UNION SELECT firm + 1 FROM flags));
CREATE POLICY r ON sheets FOR UPDATE USING (me() = ANY (guests)) WITH CHECK (me() = ANY (guests));`,
		found: []string{"twin_app: update flags (write)", "twin_app as owner: select safes (read)", "twin_app: update sheets (write)"},
	},
	{
		name: "names in mixed case",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE "Person" ("personId" uuid PRIMARY KEY, "fullName" text);
CREATE TABLE "Club" ("clubId" uuid PRIMARY KEY, "clubName" text);
CREATE TABLE "Seat" ("clubId" uuid REFERENCES "Club", "personId" uuid REFERENCES "Person", PRIMARY KEY ("clubId", "personId"));
CREATE TABLE "Note" ("noteId" int PRIMARY KEY, "clubId" uuid NOT NULL REFERENCES "Club", "bodyText" text);
CREATE FUNCTION "myClubs"() RETURNS SETOF uuid STABLE LANGUAGE sql AS
  $$ SELECT "clubId" FROM "Seat" WHERE "personId" = nullif(current_setting('app.person', true), '')::uuid $$;
ALTER TABLE "Note" ENABLE ROW LEVEL SECURITY; ALTER TABLE "Club" ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON "Club" USING ("clubId" IN (SELECT "myClubs"()));
CREATE POLICY p ON "Note" USING ("clubId" IN (SELECT s."clubId" FROM "Seat" s WHERE s."personId" = nullif(current_setting('app.person', true), '')::uuid));
GRANT SELECT ON "Club", "Note" TO twin_app; GRANT SELECT ("clubId", "personId") ON "Seat" TO twin_app;
ALTER TABLE "Seat" ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON "Seat" USING ("personId" = nullif(current_setting('app.person', true), '')::uuid);`,
		leak: `CREATE POLICY q ON "Note" USING (EXISTS (SELECT FROM "Seat" s WHERE s."clubId" = "clubId"));
GRANT UPDATE ("clubId") ON "Seat" TO twin_app;
CREATE POLICY q ON "Seat" FOR UPDATE USING ("personId" = nullif(current_setting('app.person', true), '')::uuid);`,
		found: []string{"twin_app: select Note (read)", "twin_app: update Seat (move)"},
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
		name: "members by way of a profile, and invitations that end",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE people (id uuid PRIMARY KEY, born date);
CREATE TABLE profiles (id uuid PRIMARY KEY REFERENCES people, name text);
CREATE TABLE clubs (id uuid PRIMARY KEY, name text);
CREATE TABLE seats (club uuid NOT NULL REFERENCES clubs, person uuid NOT NULL REFERENCES profiles, kind text NOT NULL DEFAULT 'hand', PRIMARY KEY (club, person));
CREATE TABLE calls (id int PRIMARY KEY, club uuid NOT NULL REFERENCES clubs, email text, ends timestamptz NOT NULL);
CREATE FUNCTION me() RETURNS uuid STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.me', true), '')::uuid $$;
CREATE FUNCTION mine(c uuid) RETURNS boolean STABLE SECURITY DEFINER LANGUAGE sql AS $$ SELECT EXISTS (SELECT FROM seats s WHERE s.club = c AND s.person = me()) $$;
ALTER TABLE seats ENABLE ROW LEVEL SECURITY; ALTER TABLE calls ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON seats FOR SELECT USING (mine(club)); CREATE POLICY p ON calls USING (mine(club));
GRANT SELECT, INSERT ON seats TO twin_app; GRANT SELECT ON calls TO twin_app;`,
		leak:  `CREATE POLICY q ON seats FOR INSERT WITH CHECK (person = me()); CREATE POLICY q ON calls FOR SELECT USING (me() IS NOT NULL AND ends > now());`,
		found: []string{"twin_app: insert seats (write)", "twin_app: select calls (read)"},
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
		name: "what users own, and share with others",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE people (id int PRIMARY KEY, name text);
CREATE TABLE pages (id int PRIMARY KEY, writer int NOT NULL REFERENCES people, body text);
CREATE TABLE marks (id int PRIMARY KEY, writer int NOT NULL REFERENCES people, label text);
CREATE TABLE files (id int PRIMARY KEY, page int NOT NULL REFERENCES pages, path text);
CREATE TABLE guests (page int REFERENCES pages, person int REFERENCES people, since date, PRIMARY KEY (page, person));
CREATE FUNCTION me() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.me', true), '')::int $$;
CREATE FUNCTION wrote(p int) RETURNS boolean STABLE SECURITY DEFINER SET search_path = public LANGUAGE sql AS $$ SELECT EXISTS (SELECT FROM pages WHERE id = p AND writer = me()) $$;
CREATE FUNCTION invited(p int) RETURNS boolean STABLE SECURITY DEFINER SET search_path = public LANGUAGE sql AS $$ SELECT EXISTS (SELECT FROM guests WHERE page = p AND person = me()) $$;
ALTER TABLE pages ENABLE ROW LEVEL SECURITY; ALTER TABLE marks ENABLE ROW LEVEL SECURITY; ALTER TABLE files ENABLE ROW LEVEL SECURITY; ALTER TABLE guests ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON pages USING (writer = me()); CREATE POLICY q ON pages FOR SELECT USING (invited(id));
CREATE POLICY p ON marks USING (writer = me());
CREATE POLICY p ON files USING (wrote(page)); CREATE POLICY q ON files FOR SELECT USING (invited(page));
CREATE POLICY p ON guests USING (wrote(page)); CREATE POLICY q ON guests FOR SELECT USING (person = me());
GRANT SELECT, INSERT, UPDATE, DELETE ON pages, marks, files, guests TO twin_app;`,
		leak: `CREATE POLICY r ON files FOR DELETE USING (invited(page));
CREATE POLICY r ON guests FOR INSERT WITH CHECK (person = me()); CREATE POLICY r ON marks FOR SELECT USING (me() IS NOT NULL);`,
		found: []string{"twin_app: delete files (write)", "twin_app: insert guests (write)", "twin_app: select marks (read)"},
	},
	{
		name: "what users send to each other, and open to all",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE people (id int PRIMARY KEY, name text);
CREATE TABLE faces (id int PRIMARY KEY REFERENCES people, nick text);
CREATE FUNCTION me() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.me', true), '')::int $$;
CREATE TABLE pages (id int PRIMARY KEY, writer int NOT NULL REFERENCES faces, kind text NOT NULL DEFAULT 'draft' CHECK (kind IN ('draft', 'done', 'news')), body text);
CREATE TABLE marks (id int PRIMARY KEY, page int NOT NULL REFERENCES pages, label text);
CREATE TABLE guests (page int REFERENCES pages, person int REFERENCES faces, PRIMARY KEY (page, person));
CREATE TABLE mails (id int PRIMARY KEY, sender int NOT NULL DEFAULT me() REFERENCES faces, receiver int NOT NULL REFERENCES faces, body text);
CREATE TABLE fans (fan int REFERENCES faces, star int REFERENCES faces, PRIMARY KEY (fan, star), CHECK (fan <> star));
CREATE FUNCTION wrote(p int) RETURNS boolean STABLE SECURITY DEFINER SET search_path = public LANGUAGE sql AS $$ SELECT EXISTS (SELECT FROM pages WHERE id = p AND writer = me()) $$;
CREATE FUNCTION invited(p int) RETURNS boolean STABLE SECURITY DEFINER SET search_path = public LANGUAGE sql AS $$ SELECT EXISTS (SELECT FROM guests WHERE page = p AND person = me()) $$;
ALTER TABLE faces ENABLE ROW LEVEL SECURITY; ALTER TABLE pages ENABLE ROW LEVEL SECURITY; ALTER TABLE marks ENABLE ROW LEVEL SECURITY;
ALTER TABLE guests ENABLE ROW LEVEL SECURITY; ALTER TABLE mails ENABLE ROW LEVEL SECURITY; ALTER TABLE fans ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON faces USING (id = me());
CREATE POLICY p ON pages USING (writer = me()); CREATE POLICY q ON pages FOR SELECT USING (kind = 'news' OR invited(id));
CREATE POLICY p ON marks FOR SELECT USING (page IN (SELECT id FROM pages)); CREATE POLICY q ON marks FOR INSERT WITH CHECK (wrote(page));
CREATE POLICY p ON guests USING (wrote(page)); CREATE POLICY q ON guests FOR SELECT USING (person = me());
CREATE POLICY p ON mails USING (me() IN (sender, receiver)) WITH CHECK (sender = me());
CREATE POLICY p ON fans FOR SELECT USING (me() IN (fan, star)); CREATE POLICY q ON fans FOR INSERT WITH CHECK (fan = me()); CREATE POLICY r ON fans FOR DELETE USING (me() IN (fan, star));
GRANT SELECT ON faces TO twin_app; GRANT SELECT, INSERT, UPDATE, DELETE ON pages, marks, guests, mails, fans TO twin_app;`,
		leak: `CREATE POLICY s ON fans FOR SELECT USING (fan < star); CREATE POLICY s ON mails FOR INSERT WITH CHECK (receiver = me());
CREATE POLICY s ON pages FOR UPDATE USING (kind = 'news');`,
		found: []string{"stranger: select fans (open)", "twin_app: insert mails (write)", "twin_app: update pages (write)"},
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
		name: "a tree of tenants, which a function walks from the one that it is given",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE units (id uuid PRIMARY KEY, above uuid REFERENCES units, name text);
CREATE TABLE cars (id int PRIMARY KEY, unit uuid NOT NULL REFERENCES units, plate text);
CREATE FUNCTION mine() RETURNS uuid STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.unit', true), '')::uuid $$;
CREATE FUNCTION below(root uuid) RETURNS SETOF uuid STABLE SECURITY DEFINER SET search_path = public LANGUAGE sql AS
  $$ WITH RECURSIVE t AS (SELECT u.id FROM units u WHERE u.id = root AND u.id = mine() UNION ALL SELECT u.id FROM units u JOIN t ON u.above = t.id AND u.id = mine()) SELECT id FROM t $$;
ALTER TABLE units ENABLE ROW LEVEL SECURITY; ALTER TABLE cars ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON units USING (id IN (SELECT below(mine()))); CREATE POLICY p ON cars USING (unit IN (SELECT below(mine())));
GRANT SELECT ON units TO twin_app; GRANT SELECT, INSERT ON cars TO twin_app;`,
		leak: `CREATE POLICY q ON cars FOR INSERT WITH CHECK (mine() IS NOT NULL);
CREATE POLICY r ON cars FOR SELECT USING (unit = (SELECT above FROM units WHERE id = mine()));`,
		found: []string{"twin_app: insert cars (write)", "twin_app: select cars (read)"},
	},
	{
		name: "tokens that end, of people in several teams who also have things of their own",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE teams (id int PRIMARY KEY, name text);
CREATE TABLE people (id int PRIMARY KEY, name text);
CREATE TABLE seats (id int PRIMARY KEY, team int NOT NULL REFERENCES teams, person int NOT NULL REFERENCES people, ended date, UNIQUE (team, person));
CREATE TABLE tokens (token uuid PRIMARY KEY, person int NOT NULL REFERENCES people, ends timestamptz NOT NULL DEFAULT now() + interval '1 day');
CREATE TABLE boards (id int PRIMARY KEY, team int NOT NULL REFERENCES teams, title text);
CREATE TABLE news (id int PRIMARY KEY, person int NOT NULL REFERENCES people, board int REFERENCES boards, body text);
CREATE FUNCTION me() RETURNS int STABLE SECURITY DEFINER SET search_path = public LANGUAGE sql AS
  $$ SELECT person FROM tokens WHERE token = nullif(current_setting('app.token', true), '')::uuid AND ends > now() $$;
CREATE FUNCTION mine() RETURNS SETOF int STABLE SECURITY DEFINER SET search_path = public LANGUAGE sql AS $$ SELECT team FROM seats WHERE person = me() AND ended IS NULL $$;
ALTER TABLE boards ENABLE ROW LEVEL SECURITY; ALTER TABLE news ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON boards USING (team IN (SELECT mine())); CREATE POLICY p ON news USING (person = me());
GRANT SELECT ON boards, news TO twin_app;`,
		leak:  `CREATE POLICY q ON news USING (me() IS NOT NULL);`,
		found: []string{"twin_app: select news (read)"},
	},
	{
		name: "a batch, of which the first is asked whose it is",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE depots (id int PRIMARY KEY, name text);
CREATE TABLE parcels (id int PRIMARY KEY, depot int NOT NULL REFERENCES depots, state text NOT NULL CHECK (state IN ('in', 'out')));
ALTER TABLE depots ENABLE ROW LEVEL SECURITY; ALTER TABLE parcels ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION depot() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.depot', true), '')::int $$;
CREATE POLICY p ON depots USING (id = depot()); CREATE POLICY p ON parcels USING (depot = depot());
CREATE FUNCTION send(parcels int[]) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
	UPDATE parcels p SET state = 'out' WHERE p.id = ANY (parcels) AND p.depot = depot() $$;
GRANT SELECT ON depots, parcels TO twin_app;`,
		leak: `CREATE OR REPLACE FUNCTION send(parcels int[]) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
	UPDATE parcels p SET state = 'out' WHERE p.id = ANY (parcels) AND EXISTS (SELECT FROM parcels f WHERE f.id = parcels[1] AND f.depot = depot()) $$;`,
		found: []string{"twin_app: update function send (write)"},
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
		name: "tenants that have names, in JSON that the session brings",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE shops (slug text PRIMARY KEY, title text);
CREATE TABLE bills (id int PRIMARY KEY, shop text NOT NULL REFERENCES shops, total int);
CREATE FUNCTION mine() RETURNS text STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.session', true), '')::jsonb -> 'at' ->> 'shop' $$;
ALTER TABLE shops ENABLE ROW LEVEL SECURITY; ALTER TABLE bills ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON shops USING (slug = mine()); CREATE POLICY p ON bills USING (shop = mine());
GRANT SELECT ON shops, bills TO twin_app;`,
		leak:  `CREATE POLICY q ON bills USING (shop LIKE mine() || '%');`,
		found: []string{"twin_app: select bills (read)"},
	},
	{
		name: "tenants inside of documents",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE clinics (id uuid PRIMARY KEY, name text);
CREATE TABLE charts (id int PRIMARY KEY, doc jsonb NOT NULL CHECK (doc ? 'at'));
CREATE TABLE remarks (id int PRIMARY KEY, chart int NOT NULL REFERENCES charts, body text);
CREATE TABLE events (id int PRIMARY KEY, data json, kind text); CREATE INDEX ON events ((data ->> 'clinic'));
CREATE FUNCTION mine() RETURNS uuid STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.clinic', true), '')::uuid $$;
ALTER TABLE clinics ENABLE ROW LEVEL SECURITY; ALTER TABLE charts ENABLE ROW LEVEL SECURITY; ALTER TABLE remarks ENABLE ROW LEVEL SECURITY;
ALTER TABLE events ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON clinics USING (id = mine());
CREATE POLICY p ON charts USING ((doc -> 'at' ->> 'clinic')::uuid = mine());
CREATE POLICY p ON remarks USING (EXISTS (SELECT FROM charts c WHERE c.id = chart AND (c.doc -> 'at' ->> 'clinic')::uuid = mine()));
CREATE POLICY p ON events USING (data ->> 'clinic' = mine()::text);
GRANT SELECT ON clinics, events TO twin_app; GRANT SELECT, UPDATE ON charts TO twin_app; GRANT SELECT ON remarks TO twin_app;`,
		leak: `CREATE POLICY q ON charts FOR UPDATE USING ((doc #>> '{at,clinic}')::uuid = mine()) WITH CHECK (doc #>> '{at,clinic}' IS NOT NULL);
CREATE POLICY q ON events FOR SELECT USING (data ->> 'clinic' IS NULL OR data ->> 'clinic' >= mine()::text);`,
		found: []string{"twin_app: update charts (move)", "twin_app: select events (read)"},
	},
	{
		name: "documents alone, and tokens that name their tenant",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE FUNCTION org() RETURNS text STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'org_id' $$;
CREATE TABLE items (id int PRIMARY KEY, metadata jsonb NOT NULL DEFAULT '{}', title text);
CREATE TABLE links (id int PRIMARY KEY, metadata jsonb NOT NULL DEFAULT '{}', url text);
ALTER TABLE items ENABLE ROW LEVEL SECURITY; ALTER TABLE links ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON items USING (metadata ->> 'org_id' = org()); CREATE POLICY p ON links USING (metadata ->> 'org_id' = org());
GRANT SELECT ON items TO twin_app; GRANT SELECT, INSERT ON links TO twin_app;`,
		leak:  `DROP POLICY p ON links; CREATE POLICY p ON links USING (metadata ->> 'org_id' = org()) WITH CHECK (true);`,
		found: []string{"twin_app: insert links (write)"},
	},
	{
		name: "numbers that are unique within a tenant",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE clinics (id int PRIMARY KEY, region int);
CREATE TABLE patients (id int PRIMARY KEY, clinic int NOT NULL REFERENCES clinics, mrn text NOT NULL, seen date, UNIQUE (clinic, mrn));
CREATE TABLE visits (id int PRIMARY KEY, clinic int NOT NULL, mrn text NOT NULL, day date NOT NULL, FOREIGN KEY (clinic, mrn) REFERENCES patients (clinic, mrn));
CREATE FUNCTION mine() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.clinic', true), '')::int $$;
CREATE FUNCTION note_visit() RETURNS trigger SECURITY DEFINER SET search_path = public LANGUAGE plpgsql AS
  $$ BEGIN UPDATE patients SET seen = NEW.day WHERE mrn = NEW.mrn AND clinic = NEW.clinic; RETURN NEW; END $$;
CREATE TRIGGER note AFTER INSERT ON visits FOR EACH ROW EXECUTE FUNCTION note_visit();
ALTER TABLE clinics ENABLE ROW LEVEL SECURITY; ALTER TABLE patients ENABLE ROW LEVEL SECURITY; ALTER TABLE visits ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON clinics USING (id = mine()); CREATE POLICY p ON patients USING (clinic = mine()); CREATE POLICY p ON visits USING (clinic = mine());
GRANT SELECT ON clinics, patients TO twin_app; GRANT SELECT, INSERT ON visits TO twin_app;`,
		leak: `CREATE OR REPLACE FUNCTION note_visit() RETURNS trigger SECURITY DEFINER SET search_path = public LANGUAGE plpgsql AS
  $$ BEGIN UPDATE patients SET seen = NEW.day WHERE mrn = NEW.mrn; RETURN NEW; END $$;`,
		found: []string{"twin_app: update patients (write)"},
		by:    []string{"visits"},
	},
	{
		name: "files whose first folder is their tenant",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE clinics (id uuid PRIMARY KEY, name text);
CREATE TABLE files (id int PRIMARY KEY, path text NOT NULL, parts text[] GENERATED ALWAYS AS (string_to_array(path, '/')) STORED, size int);
CREATE FUNCTION mine() RETURNS uuid STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.clinic', true), '')::uuid $$;
CREATE FUNCTION used() RETURNS bigint STABLE SECURITY DEFINER SET search_path = public LANGUAGE sql AS $$ SELECT sum(size) FROM files WHERE split_part(path, '/', 1) = mine()::text $$;
ALTER TABLE clinics ENABLE ROW LEVEL SECURITY; ALTER TABLE files ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON clinics USING (id = mine()); CREATE POLICY p ON files USING ((string_to_array(path, '/'))[1] = mine()::text);
GRANT SELECT ON clinics, files TO twin_app;`,
		leak:  `CREATE POLICY q ON files FOR SELECT USING ((string_to_array(path, '/'))[1] >= mine()::text);`,
		found: []string{"twin_app: select files (read)"},
	},
	{
		name: "addresses that customers of two firms have",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, vat int);
CREATE TABLE customers (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, email text NOT NULL, points int);
CREATE UNIQUE INDEX ON customers (firm, lower(email));
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = firm()); CREATE POLICY p ON customers USING (firm = firm());
CREATE VIEW clients AS SELECT x.id, y.points FROM customers x JOIN customers y ON lower(y.email) = lower(x.email) AND y.firm = x.firm WHERE x.firm = firm();
GRANT SELECT ON customers, clients TO twin_app;`,
		leak:  `CREATE OR REPLACE VIEW clients AS SELECT x.id, y.points FROM customers x JOIN customers y ON lower(y.email) = lower(x.email) WHERE x.firm = firm();`,
		found: []string{"twin_app: call view clients (interference)"},
	},
	{
		name: "firms below the same one",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, upper int REFERENCES firms, name text);
CREATE TABLE bills (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, total int);
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
CREATE FUNCTION kin(f int) RETURNS boolean STABLE SECURITY DEFINER SET search_path = public LANGUAGE sql AS $$ SELECT f = firm() $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE bills ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = firm()); CREATE POLICY p ON bills USING (kin(firm));
REVOKE EXECUTE ON FUNCTION kin FROM PUBLIC; GRANT EXECUTE ON FUNCTION kin TO twin_app; GRANT SELECT ON firms, bills TO twin_app;`,
		leak: `CREATE OR REPLACE FUNCTION kin(f int) RETURNS boolean STABLE SECURITY DEFINER SET search_path = public LANGUAGE sql AS
	$$ SELECT EXISTS (SELECT FROM firms a, firms b WHERE a.id = f AND b.id = firm() AND a.upper = b.upper AND a.upper NOT IN (a.id, b.id)) OR f = firm() $$;`,
		found: []string{"twin_app: select bills (read)"},
	},
	{
		name: "a statement that is put together in a temporary table",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE entries (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, memo text);
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE entries ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = firm()); CREATE POLICY p ON entries USING (firm = firm());
CREATE FUNCTION statement() RETURNS SETOF text SET search_path = public LANGUAGE plpgsql AS
	$$ BEGIN DROP TABLE IF EXISTS pg_temp.lines; CREATE TEMP TABLE lines AS SELECT memo FROM entries; RETURN QUERY SELECT * FROM pg_temp.lines; END $$;
GRANT SELECT ON entries TO twin_app;`,
		leak: `CREATE OR REPLACE FUNCTION statement() RETURNS SETOF text SET search_path = public LANGUAGE plpgsql AS
	$$ BEGIN CREATE TEMP TABLE IF NOT EXISTS lines AS SELECT memo FROM entries; RETURN QUERY SELECT * FROM pg_temp.lines; END $$;`,
		found: []string{"stranger: call function statement (open)", "twin_app: call function statement (residue)"},
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
		name: "a sign-up, which must refuse a taken address",
		schema: `
CREATE ROLE twin_web LOGIN;
CREATE TABLE people (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE, hint text);
ALTER TABLE people ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON people USING (id = nullif(current_setting('app.person', true), '')::int);
GRANT SELECT ON people TO twin_web;
CREATE FUNCTION sign_up(email text) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ INSERT INTO people (email) VALUES (email) $$;`,
		leak:  `CREATE FUNCTION remind(email text) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT hint FROM people p WHERE p.email = remind.email $$;`,
		found: []string{"stranger: call function remind (open)"},
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
		name: "files in folders that bear the tenant's number",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE files (id int PRIMARY KEY, path text NOT NULL UNIQUE CHECK (path ~ '^[0-9]+/'));
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE files ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = firm()); CREATE POLICY p ON files USING (split_part(path, '/', 1) = firm()::text);
GRANT SELECT ON files TO twin_app;`,
		leak:  `DROP POLICY p ON files; CREATE POLICY p ON files USING (path LIKE firm()::text || '%');`,
		found: []string{"twin_app: select files (read)"},
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
	{
		name: "users who list their tenants",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE clinics (id int PRIMARY KEY, name text);
CREATE TABLE doctors (id int PRIMARY KEY, name text, clinic_ids int[]);
CREATE TABLE patients (id int PRIMARY KEY, clinic_id int NOT NULL REFERENCES clinics, name text);
CREATE TABLE reports (id int PRIMARY KEY, clinic_ids int[] NOT NULL CHECK (cardinality(clinic_ids) > 0), title text);
CREATE FUNCTION me() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.doctor', true), '')::int $$;
CREATE FUNCTION mine() RETURNS int[] STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS $$ SELECT clinic_ids FROM doctors WHERE id = me() $$;
ALTER TABLE clinics ENABLE ROW LEVEL SECURITY; ALTER TABLE doctors ENABLE ROW LEVEL SECURITY; ALTER TABLE patients ENABLE ROW LEVEL SECURITY; ALTER TABLE reports ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON clinics FOR SELECT USING (EXISTS (SELECT FROM doctors d WHERE d.id = me() AND d.clinic_ids @> ARRAY[clinics.id]));
CREATE POLICY p ON doctors FOR SELECT USING (id = me()); CREATE POLICY u ON doctors FOR UPDATE USING (id = me());
CREATE POLICY p ON patients USING (clinic_id IN (SELECT unnest(d.clinic_ids) FROM doctors d WHERE d.id = me()));
CREATE POLICY r ON reports FOR SELECT USING (clinic_ids && mine()); CREATE POLICY i ON reports FOR INSERT WITH CHECK (clinic_ids <@ mine());
GRANT SELECT ON clinics, doctors TO twin_app; GRANT UPDATE (name) ON doctors TO twin_app; GRANT SELECT, INSERT, UPDATE, DELETE ON patients TO twin_app; GRANT SELECT, INSERT ON reports TO twin_app;`,
		leak: `GRANT UPDATE ON doctors TO twin_app;
DROP POLICY i ON reports; CREATE POLICY i ON reports FOR INSERT WITH CHECK (clinic_ids && mine());`,
		found: []string{"twin_app: update doctors (move)", "twin_app: insert reports (write)"},
	},
	{
		name: "tenants that list their users",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE people (id uuid PRIMARY KEY, email text);
CREATE TABLE spaces (id uuid PRIMARY KEY, name text, members uuid[] NOT NULL);
CREATE TABLE pages (id uuid PRIMARY KEY, space uuid NOT NULL REFERENCES spaces, title text);
CREATE TABLE blocks (id uuid PRIMARY KEY, page uuid NOT NULL REFERENCES pages, body text);
CREATE FUNCTION me() RETURNS uuid STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.me', true), '')::uuid $$;
ALTER TABLE people ENABLE ROW LEVEL SECURITY; ALTER TABLE spaces ENABLE ROW LEVEL SECURITY; ALTER TABLE pages ENABLE ROW LEVEL SECURITY; ALTER TABLE blocks ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON people FOR SELECT USING (id = me()); CREATE POLICY p ON spaces FOR SELECT USING (me() = ANY (members));
CREATE POLICY p ON pages USING (space IN (SELECT s.id FROM spaces s WHERE me() = ANY (s.members)));
CREATE POLICY p ON blocks USING (EXISTS (SELECT FROM pages p JOIN spaces s ON s.id = p.space WHERE p.id = page AND me() = ANY (s.members)));
GRANT SELECT ON people, spaces TO twin_app; GRANT SELECT, INSERT, UPDATE, DELETE ON pages, blocks TO twin_app;`,
		leak:  `CREATE POLICY q ON pages FOR SELECT USING (EXISTS (SELECT FROM spaces s WHERE me() = ANY (s.members)));`,
		found: []string{"twin_app: select pages (read)"},
	},
	{
		name: "users who list tenants that no table has",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE people (id uuid PRIMARY KEY, email text, spaces text[] NOT NULL DEFAULT '{}');
CREATE TABLE notes (id uuid PRIMARY KEY, space text NOT NULL, body text, author uuid REFERENCES people);
CREATE TABLE files (id uuid PRIMARY KEY, space text NOT NULL, path text);
CREATE FUNCTION me() RETURNS uuid STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.me', true), '')::uuid $$;
CREATE FUNCTION mine() RETURNS SETOF text STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS $$ SELECT unnest(spaces) FROM people WHERE id = me() $$;
ALTER TABLE people ENABLE ROW LEVEL SECURITY; ALTER TABLE notes ENABLE ROW LEVEL SECURITY; ALTER TABLE files ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON people FOR SELECT USING (id = me());
CREATE POLICY p ON notes USING (space IN (SELECT mine())); CREATE POLICY p ON files USING (space IN (SELECT mine()));
GRANT SELECT ON people TO twin_app; GRANT SELECT, INSERT, UPDATE, DELETE ON notes, files TO twin_app;`,
		leak:  `DROP POLICY p ON notes; CREATE POLICY p ON notes USING (space IN (SELECT mine())) WITH CHECK (EXISTS (SELECT mine()));`,
		found: []string{"twin_app: insert notes (write)", "twin_app: update notes (move)"},
	},
	{
		name: "firms that a second row of each user names, who see what those below them wrote",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE logins (id int PRIMARY KEY, email text);
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE staff (id int PRIMARY KEY REFERENCES logins, firm int NOT NULL REFERENCES firms, boss int REFERENCES staff, name text);
CREATE TABLE costs (id int PRIMARY KEY, staff int NOT NULL REFERENCES staff, amount int, seen_by int REFERENCES staff);
CREATE TABLE slips (id int PRIMARY KEY, cost int NOT NULL REFERENCES costs, url text);
CREATE FUNCTION me() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.me', true), '')::int $$;
CREATE FUNCTION firm() RETURNS int STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS $$ SELECT firm FROM staff WHERE id = me() $$;
CREATE FUNCTION below(s int) RETURNS boolean STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS $$ SELECT EXISTS (SELECT FROM staff x WHERE x.id = s AND x.firm = firm() AND x.boss = me()) $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE staff ENABLE ROW LEVEL SECURITY; ALTER TABLE costs ENABLE ROW LEVEL SECURITY; ALTER TABLE slips ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms FOR SELECT USING (id = firm()); CREATE POLICY p ON staff FOR SELECT USING (firm = firm());
CREATE POLICY p ON costs FOR SELECT USING (staff = me() OR below(staff)); CREATE POLICY i ON costs FOR INSERT WITH CHECK (staff = me() AND seen_by IS NULL);
CREATE POLICY u ON costs FOR UPDATE USING (below(staff)) WITH CHECK (below(staff) AND (seen_by IS NULL OR seen_by = me()));
CREATE POLICY p ON slips USING (EXISTS (SELECT FROM costs c WHERE c.id = cost));
GRANT SELECT ON firms, staff TO twin_app; GRANT SELECT, INSERT, UPDATE ON costs TO twin_app; GRANT SELECT, INSERT, UPDATE, DELETE ON slips TO twin_app;`,
		leak:  `CREATE OR REPLACE FUNCTION below(s int) RETURNS boolean STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS $$ SELECT EXISTS (SELECT FROM staff x WHERE x.id = s AND x.boss IS NOT NULL) $$;`,
		found: []string{"twin_app: select costs (read)"},
	},
	{
		name: "documents of tenants, shared with others, who remark on them",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE orgs (id int PRIMARY KEY, name text);
CREATE TABLE docs (id int PRIMARY KEY, org int NOT NULL REFERENCES orgs, title text);
CREATE TABLE parts (id int PRIMARY KEY, doc int NOT NULL REFERENCES docs ON DELETE CASCADE, heading text);
CREATE TABLE remarks (id int PRIMARY KEY, part int NOT NULL REFERENCES parts ON DELETE CASCADE, org int NOT NULL REFERENCES orgs, body text);
CREATE TABLE shares (doc int REFERENCES docs ON DELETE CASCADE, guest int REFERENCES orgs, PRIMARY KEY (doc, guest));
CREATE FUNCTION me() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.org', true), '')::int $$;
CREATE FUNCTION seen(d int) RETURNS boolean STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
  $$ SELECT EXISTS (SELECT FROM docs WHERE id = d AND org = me()) OR EXISTS (SELECT FROM shares WHERE doc = d AND guest = me()) $$;
ALTER TABLE docs ENABLE ROW LEVEL SECURITY; ALTER TABLE parts ENABLE ROW LEVEL SECURITY; ALTER TABLE remarks ENABLE ROW LEVEL SECURITY; ALTER TABLE shares ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON docs USING (org = me()); CREATE POLICY q ON docs FOR SELECT USING (seen(id));
CREATE POLICY p ON parts FOR SELECT USING (seen(doc)); CREATE POLICY q ON parts USING (doc IN (SELECT d.id FROM docs d WHERE d.org = me()));
CREATE POLICY p ON remarks FOR SELECT USING (part IN (SELECT id FROM parts)); CREATE POLICY i ON remarks FOR INSERT WITH CHECK (org = me() AND part IN (SELECT id FROM parts));
CREATE POLICY d ON remarks FOR DELETE USING (org = me());
CREATE POLICY p ON shares USING (doc IN (SELECT d.id FROM docs d WHERE d.org = me())); CREATE POLICY q ON shares FOR SELECT USING (guest = me());
GRANT SELECT, INSERT, UPDATE, DELETE ON docs, parts TO twin_app; GRANT SELECT, INSERT, DELETE ON remarks, shares TO twin_app;`,
		leak: `DROP POLICY i ON remarks; CREATE POLICY i ON remarks FOR INSERT WITH CHECK (part IN (SELECT id FROM parts));
DROP POLICY d ON remarks; CREATE POLICY d ON remarks FOR DELETE USING (part IN (SELECT id FROM parts));`,
		found: []string{"twin_app: insert remarks (write)", "twin_app: delete remarks (write)"},
	},
	{
		name: "users who name a tenant, or what hangs on one",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE sellers (id int PRIMARY KEY, name text);
CREATE TABLE buyers (id int PRIMARY KEY, seller int NOT NULL REFERENCES sellers, name text);
CREATE TABLE logins (id int PRIMARY KEY, seller int REFERENCES sellers, buyer int REFERENCES buyers, email text, CHECK ((seller IS NULL) <> (buyer IS NULL)));
CREATE TABLE sites (id int PRIMARY KEY, buyer int NOT NULL REFERENCES buyers, host text);
CREATE FUNCTION me() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.login', true), '')::int $$;
CREATE FUNCTION mine() RETURNS SETOF int STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
  $$ SELECT b.id FROM buyers b JOIN logins l ON l.buyer = b.id OR l.seller = b.seller WHERE l.id = me() $$;
ALTER TABLE sellers ENABLE ROW LEVEL SECURITY; ALTER TABLE buyers ENABLE ROW LEVEL SECURITY; ALTER TABLE logins ENABLE ROW LEVEL SECURITY; ALTER TABLE sites ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON buyers FOR SELECT USING (id IN (SELECT mine())); CREATE POLICY p ON logins FOR SELECT USING (id = me()); CREATE POLICY p ON sites USING (buyer IN (SELECT mine()));
GRANT SELECT ON buyers, logins TO twin_app; GRANT SELECT, INSERT, UPDATE, DELETE ON sites TO twin_app;`,
		leak:  `CREATE POLICY q ON sites FOR SELECT USING (EXISTS (SELECT FROM logins l WHERE l.id = me() AND l.buyer IS NOT NULL));`,
		found: []string{"twin_app: select sites (read)"},
	},
	{
		name: "a user whom functions of several statements alone ask for",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE staff (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, email text);
CREATE TABLE slips (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, staff_id int NOT NULL REFERENCES staff, gross int);
CREATE TABLE looks (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, firm int NOT NULL REFERENCES firms, actor int NOT NULL REFERENCES staff);
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE staff ENABLE ROW LEVEL SECURITY; ALTER TABLE slips ENABLE ROW LEVEL SECURITY; ALTER TABLE looks ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = firm()); CREATE POLICY p ON staff USING (firm = firm()); CREATE POLICY p ON slips USING (firm = firm()); CREATE POLICY p ON looks USING (firm = firm());
CREATE FUNCTION report() RETURNS SETOF slips SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO looks (firm, actor) VALUES (firm(), current_setting('app.actor')::int);
	RETURN QUERY SELECT * FROM slips s WHERE s.firm = firm();
END $$;
GRANT SELECT ON staff, slips TO twin_app;`,
		leak: `CREATE OR REPLACE FUNCTION report() RETURNS SETOF slips SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO looks (firm, actor) VALUES (firm(), current_setting('app.actor')::int);
	RETURN QUERY SELECT * FROM slips s;
END $$;`,
		found: []string{"twin_app: call function report (interference)"},
	},
}
