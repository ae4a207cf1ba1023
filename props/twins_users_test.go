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
}
