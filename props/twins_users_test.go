package props_test

// userTwins are schemas in which users, tenants and what is open to all meet in more than one way.
var userTwins = []twin{
	{
		name: "users whose profile says the tenant that the session brings",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE logins (id int PRIMARY KEY, email text);
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE people (id int PRIMARY KEY REFERENCES logins, firm int NOT NULL REFERENCES firms, name text);
CREATE TABLE deals (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, title text);
CREATE TABLE notes (id int PRIMARY KEY, deal int NOT NULL REFERENCES deals, author int NOT NULL REFERENCES people, body text);
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
CREATE FUNCTION me() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.me', true), '')::int $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE people ENABLE ROW LEVEL SECURITY; ALTER TABLE deals ENABLE ROW LEVEL SECURITY; ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = firm()); CREATE POLICY p ON people USING (firm = firm()); CREATE POLICY p ON deals USING (firm = firm());
CREATE POLICY p ON notes FOR SELECT USING (EXISTS (SELECT FROM deals d WHERE d.id = deal));
CREATE POLICY q ON notes FOR INSERT WITH CHECK (author = me() AND EXISTS (SELECT FROM deals d WHERE d.id = deal));
GRANT SELECT ON firms, people, deals TO twin_app; GRANT SELECT, INSERT ON notes TO twin_app;`,
		leak:  `CREATE POLICY r ON notes FOR INSERT WITH CHECK (EXISTS (SELECT FROM deals d WHERE d.id = deal));`,
		found: []string{"twin_app: insert notes (write)"},
	},
	{
		name: "remarks on opened rows, which strangers write and members read",
		schema: `
CREATE ROLE twin_app LOGIN; CREATE ROLE twin_guest LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE posts (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'out')), ended timestamptz, body text);
CREATE TABLE remarks (id int PRIMARY KEY, post int NOT NULL REFERENCES posts, body text);
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE posts ENABLE ROW LEVEL SECURITY; ALTER TABLE remarks ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms TO twin_app USING (id = firm()); CREATE POLICY p ON posts TO twin_app USING (firm = firm());
CREATE POLICY q ON posts FOR SELECT USING (state = 'out' AND ended IS NULL);
CREATE POLICY p ON remarks FOR SELECT TO twin_app USING (EXISTS (SELECT FROM posts p WHERE p.id = post AND p.firm = firm()));
CREATE POLICY q ON remarks FOR INSERT WITH CHECK (EXISTS (SELECT FROM posts p WHERE p.id = post AND p.state = 'out'));
GRANT SELECT ON firms TO twin_app; GRANT SELECT ON posts TO twin_app, twin_guest; GRANT SELECT, INSERT ON remarks TO twin_app; GRANT INSERT ON remarks TO twin_guest;`,
		leak: `CREATE POLICY r ON remarks FOR SELECT TO twin_app USING (EXISTS (SELECT FROM posts p WHERE p.id = post));
CREATE POLICY r ON posts FOR SELECT USING (state = 'out');
CREATE POLICY s ON remarks FOR INSERT WITH CHECK (post IS NOT NULL);`,
		found: []string{"twin_app: select remarks (read)", "twin_guest: select posts (open)", "twin_guest: insert remarks (open)"},
	},
	{
		name: "users of no tenant",
		schema: `
CREATE ROLE twin_shop LOGIN; CREATE ROLE twin_buyer LOGIN;
CREATE TABLE shops (id int PRIMARY KEY, name text, open boolean NOT NULL DEFAULT true);
CREATE TABLE buyers (id int PRIMARY KEY, email text);
CREATE TABLE goods (shop int NOT NULL REFERENCES shops, id int NOT NULL, title text, out_at timestamptz, PRIMARY KEY (shop, id));
CREATE TABLE pictures (id int PRIMARY KEY, shop int NOT NULL, good int NOT NULL, url text, FOREIGN KEY (shop, good) REFERENCES goods);
CREATE TABLE orders (id int PRIMARY KEY, shop int NOT NULL REFERENCES shops, buyer int NOT NULL REFERENCES buyers, note text);
CREATE TABLE lines (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders, amount int);
CREATE TABLE sums (id int PRIMARY KEY, shop int NOT NULL REFERENCES shops, total int);
CREATE FUNCTION shop() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.shop', true), '')::int $$;
CREATE FUNCTION me() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.buyer', true), '')::int $$;
ALTER TABLE shops ENABLE ROW LEVEL SECURITY; ALTER TABLE buyers ENABLE ROW LEVEL SECURITY; ALTER TABLE goods ENABLE ROW LEVEL SECURITY; ALTER TABLE pictures ENABLE ROW LEVEL SECURITY;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY; ALTER TABLE lines ENABLE ROW LEVEL SECURITY; ALTER TABLE sums ENABLE ROW LEVEL SECURITY;
CREATE POLICY s ON shops TO twin_shop USING (id = shop()); CREATE POLICY s ON goods TO twin_shop USING (shop = shop()); CREATE POLICY s ON pictures TO twin_shop USING (shop = shop());
CREATE POLICY s ON orders TO twin_shop USING (shop = shop()); CREATE POLICY s ON sums TO twin_shop USING (shop = shop());
CREATE POLICY s ON lines TO twin_shop USING (EXISTS (SELECT FROM orders o WHERE o.id = order_id AND o.shop = shop()));
CREATE POLICY s ON buyers FOR SELECT TO twin_shop USING (EXISTS (SELECT FROM orders o WHERE o.buyer = buyers.id AND o.shop = shop()));
CREATE POLICY b ON shops FOR SELECT TO twin_buyer USING (open); CREATE POLICY b ON buyers TO twin_buyer USING (id = me());
CREATE POLICY b ON goods FOR SELECT TO twin_buyer USING (out_at <= now());
CREATE POLICY b ON pictures FOR SELECT TO twin_buyer USING (EXISTS (SELECT FROM goods g WHERE g.shop = pictures.shop AND g.id = good));
CREATE POLICY b ON orders TO twin_buyer USING (buyer = me()); CREATE POLICY b ON lines FOR SELECT TO twin_buyer USING (EXISTS (SELECT FROM orders o WHERE o.id = order_id));
GRANT SELECT ON shops, goods, pictures, orders, lines, buyers TO twin_shop, twin_buyer; GRANT SELECT ON sums TO twin_shop;
GRANT INSERT ON orders TO twin_buyer; GRANT UPDATE (email) ON buyers TO twin_buyer;`,
		leak: `CREATE POLICY c ON orders FOR SELECT TO twin_buyer USING (note IS NOT NULL);
CREATE POLICY c ON buyers FOR SELECT TO twin_shop USING (shop() IS NOT NULL);
CREATE POLICY d ON buyers FOR UPDATE TO twin_buyer USING (true);`,
		found: []string{"twin_buyer: select orders (read)", "twin_shop: select buyers (read)", "twin_buyer: update buyers (write)"},
	},
	{
		name: "pairs of tenants that no longer count",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE people (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, name text);
CREATE TABLE pairs (upper int NOT NULL REFERENCES firms, lower int NOT NULL REFERENCES firms, by int NOT NULL REFERENCES people, ended timestamptz, PRIMARY KEY (upper, lower), CHECK (upper <> lower));
CREATE TABLE plans (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, title text);
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
CREATE FUNCTION me() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.me', true), '')::int $$;
CREATE FUNCTION reads(f int) RETURNS boolean STABLE SECURITY DEFINER SET search_path = public LANGUAGE sql AS
  $$ SELECT f = firm() OR EXISTS (SELECT FROM pairs p WHERE p.upper = firm() AND p.lower = f AND p.ended IS NULL) $$;
REVOKE EXECUTE ON FUNCTION reads(int) FROM PUBLIC; GRANT EXECUTE ON FUNCTION reads(int) TO twin_app;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE people ENABLE ROW LEVEL SECURITY; ALTER TABLE pairs ENABLE ROW LEVEL SECURITY; ALTER TABLE plans ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms FOR SELECT USING (reads(id)); CREATE POLICY p ON people FOR SELECT USING (firm = firm()); CREATE POLICY p ON plans USING (reads(firm));
CREATE POLICY p ON pairs FOR SELECT USING (firm() IN (upper, lower));
CREATE POLICY i ON pairs FOR INSERT WITH CHECK (lower = firm() AND by = me() AND EXISTS (SELECT FROM people o WHERE o.id = by AND o.firm = firm()));
CREATE POLICY u ON pairs FOR UPDATE USING (lower = firm());
GRANT SELECT ON firms, people, pairs, plans TO twin_app; GRANT INSERT, UPDATE (ended) ON pairs TO twin_app; GRANT UPDATE (title) ON plans TO twin_app;`,
		leak: `CREATE POLICY v ON pairs FOR UPDATE USING (firm() IN (upper, lower));
CREATE POLICY v ON plans FOR SELECT USING (EXISTS (SELECT FROM pairs p WHERE p.upper = firm() AND p.lower = firm));`,
		found: []string{"twin_app: update pairs (write)", "twin_app: select plans (read)"},
	},
	{
		name: "members in two lists",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE people (id int PRIMARY KEY, name text);
CREATE TABLE teams (id int PRIMARY KEY, name text, members int[] NOT NULL DEFAULT '{}', heads int[] NOT NULL DEFAULT '{}');
CREATE TABLE boards (id int PRIMARY KEY, team int NOT NULL REFERENCES teams, title text);
CREATE TABLE cards (id int PRIMARY KEY, board int NOT NULL REFERENCES boards, author int NOT NULL REFERENCES people, title text);
CREATE FUNCTION me() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.me', true), '')::int $$;
CREATE FUNCTION inside(t int) RETURNS boolean STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS $$ SELECT EXISTS (SELECT FROM teams WHERE id = t AND me() = ANY (members || heads)) $$;
ALTER TABLE people ENABLE ROW LEVEL SECURITY; ALTER TABLE teams ENABLE ROW LEVEL SECURITY; ALTER TABLE boards ENABLE ROW LEVEL SECURITY; ALTER TABLE cards ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON people USING (id = me()); CREATE POLICY p ON teams FOR SELECT USING (me() = ANY (members || heads)); CREATE POLICY p ON boards USING (inside(team));
CREATE POLICY p ON cards USING (EXISTS (SELECT FROM boards b WHERE b.id = board AND inside(b.team)));
GRANT SELECT ON people, teams, boards, cards TO twin_app;`,
		leak:  `CREATE POLICY q ON boards FOR SELECT USING (title IS NOT NULL);`,
		found: []string{"stranger: select boards (open)"},
	},
	{
		name: "two parents, one of them far from the tenant",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE schools (id int PRIMARY KEY, name text);
CREATE TABLE people (id int PRIMARY KEY, school int NOT NULL REFERENCES schools, name text);
CREATE TABLE courses (id int PRIMARY KEY, school int NOT NULL REFERENCES schools, title text);
CREATE TABLE tasks (id int PRIMARY KEY, course int NOT NULL REFERENCES courses, title text);
CREATE TABLE answers (id int PRIMARY KEY, task int NOT NULL REFERENCES tasks, person int NOT NULL REFERENCES people, body text);
CREATE FUNCTION school() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.school', true), '')::int $$;
ALTER TABLE schools ENABLE ROW LEVEL SECURITY; ALTER TABLE people ENABLE ROW LEVEL SECURITY; ALTER TABLE courses ENABLE ROW LEVEL SECURITY;
ALTER TABLE tasks ENABLE ROW LEVEL SECURITY; ALTER TABLE answers ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON schools USING (id = school()); CREATE POLICY p ON people USING (school = school()); CREATE POLICY p ON courses USING (school = school());
CREATE POLICY p ON tasks USING (EXISTS (SELECT FROM courses c WHERE c.id = course AND c.school = school()));
CREATE POLICY p ON answers USING (EXISTS (SELECT FROM tasks t WHERE t.id = task) AND EXISTS (SELECT FROM people o WHERE o.id = person));
GRANT SELECT ON schools, people, courses, tasks TO twin_app; GRANT SELECT, INSERT, UPDATE ON answers TO twin_app;`,
		leak:  `CREATE POLICY q ON answers FOR INSERT WITH CHECK (EXISTS (SELECT FROM people o WHERE o.id = person));`,
		found: []string{"twin_app: insert answers (write)"},
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
		name: "rows whose column says who reads them",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE plans (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, shown varchar(9) NOT NULL DEFAULT 'firm', body text);
CREATE TABLE steps (id int PRIMARY KEY, plan int NOT NULL REFERENCES plans, body text);
CREATE TABLE songs (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, reach text NOT NULL DEFAULT 'none', body text);
CREATE TABLE talks (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, aired timestamptz, state text NOT NULL DEFAULT 'new', body text);
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE plans ENABLE ROW LEVEL SECURITY; ALTER TABLE steps ENABLE ROW LEVEL SECURITY;
ALTER TABLE songs ENABLE ROW LEVEL SECURITY; ALTER TABLE talks ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = firm());
CREATE POLICY p ON plans USING (firm = firm()); CREATE POLICY q ON plans FOR SELECT USING (shown IN ('link', 'all'));
CREATE POLICY p ON steps FOR SELECT USING (plan IN (SELECT id FROM plans WHERE shown IN ('link', 'all')) OR plan IN (SELECT id FROM plans WHERE firm = firm()));
CREATE POLICY p ON songs USING (firm = firm()); CREATE POLICY q ON songs FOR SELECT USING (reach <> 'none');
CREATE POLICY p ON talks USING (firm = firm()); CREATE POLICY q ON talks FOR SELECT USING (aired IS NOT NULL AND state NOT IN ('new', 'gone'));
GRANT SELECT ON firms, steps TO twin_app; GRANT SELECT, INSERT, UPDATE, DELETE ON plans, songs, talks TO twin_app;`,
		leak: `DROP POLICY p ON steps; CREATE POLICY p ON steps FOR SELECT USING (firm() IS NOT NULL);
CREATE POLICY r ON songs FOR SELECT USING (reach IN ('none', 'few')); CREATE POLICY r ON talks FOR UPDATE USING (aired IS NOT NULL);`,
		found: []string{"twin_app: select songs (read)", "twin_app: select steps (read)", "twin_app: update talks (write)"},
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
