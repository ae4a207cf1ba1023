package props_test

// callTwins are schemas whose leaks are in functions, triggers and views.
var callTwins = []twin{
	{
		name: "a search that is careful with whole texts",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE clients (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, email text NOT NULL);
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE clients ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
CREATE POLICY p ON firms USING (id = firm()); CREATE POLICY p ON clients USING (firm = firm());
CREATE FUNCTION find_clients(term text) RETURNS TABLE (id int, email text) STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
  $$ SELECT c.id, c.email FROM clients c WHERE length(term) >= 3 AND term !~ '[%_]' AND c.email ILIKE '%' || term || '%' AND c.firm = firm() $$;
GRANT SELECT ON firms, clients TO twin_app;`,
		leak: `CREATE OR REPLACE FUNCTION find_clients(term text) RETURNS TABLE (id int, email text) STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
  $$ SELECT c.id, c.email FROM clients c WHERE length(term) >= 3 AND term !~ '[%_]' AND c.email ILIKE '%' || term || '%' AND (c.firm = firm() OR c.email <> term) $$;`,
		found: []string{"twin_app: call function find_clients (interference)"},
	},
	{
		name: "a function that ties a row to two others",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE halls (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, city text);
CREATE TABLE goods (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, code text);
CREATE TABLE orders (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, hall int NOT NULL REFERENCES halls, item int NOT NULL REFERENCES goods, pieces int NOT NULL CHECK (pieces > 0));
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE halls ENABLE ROW LEVEL SECURITY; ALTER TABLE goods ENABLE ROW LEVEL SECURITY; ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = firm()); CREATE POLICY p ON halls USING (firm = firm()); CREATE POLICY p ON goods USING (firm = firm());
CREATE POLICY p ON orders USING (EXISTS (SELECT FROM halls h WHERE h.id = hall AND h.firm = firm()) AND EXISTS (SELECT FROM goods g WHERE g.id = item AND g.firm = firm()));
CREATE FUNCTION place(p_hall int, p_item int, n int) RETURNS void SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE plpgsql AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM halls WHERE id = p_hall AND firm = firm()) THEN RAISE EXCEPTION 'no such hall'; END IF;
	IF NOT EXISTS (SELECT FROM goods WHERE id = p_item AND firm = firm()) THEN RAISE EXCEPTION 'no such item'; END IF;
	INSERT INTO orders (hall, item, pieces) VALUES (p_hall, p_item, n);
END $$;
GRANT SELECT ON firms, halls, goods, orders TO twin_app;`,
		leak: `CREATE OR REPLACE FUNCTION place(p_hall int, p_item int, n int) RETURNS void SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE plpgsql AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM halls WHERE id = p_hall AND firm = firm()) THEN RAISE EXCEPTION 'no such hall'; END IF;
	INSERT INTO orders (hall, item, pieces) VALUES (p_hall, p_item, n);
END $$;`,
		found: []string{"twin_app: insert function place (write)"},
	},
	{
		name: "a function that copies rows from one parent to another",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE schools (id int PRIMARY KEY, name text);
CREATE TABLE courses (id int PRIMARY KEY, school int NOT NULL REFERENCES schools, title text);
CREATE TABLE tasks (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, course int NOT NULL REFERENCES courses, title text);
CREATE FUNCTION mine(c int) RETURNS boolean STABLE LANGUAGE sql AS $$ SELECT EXISTS (SELECT FROM public.courses WHERE id = c AND school = nullif(current_setting('app.school', true), '')::int) $$;
ALTER TABLE schools ENABLE ROW LEVEL SECURITY; ALTER TABLE courses ENABLE ROW LEVEL SECURITY; ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON schools USING (id = nullif(current_setting('app.school', true), '')::int);
CREATE POLICY p ON courses USING (school = nullif(current_setting('app.school', true), '')::int); CREATE POLICY p ON tasks USING (mine(course));
CREATE FUNCTION import(src int, dst int) RETURNS void SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE plpgsql AS $$
BEGIN
	IF NOT mine(src) OR NOT mine(dst) THEN RAISE EXCEPTION 'no such course'; END IF;
	INSERT INTO tasks (course, title) SELECT dst, title FROM tasks WHERE course = src;
END $$;
GRANT SELECT ON schools, courses, tasks TO twin_app;`,
		leak: `CREATE OR REPLACE FUNCTION import(src int, dst int) RETURNS void SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE plpgsql AS $$
BEGIN
	IF NOT mine(dst) THEN RAISE EXCEPTION 'no such course'; END IF;
	INSERT INTO tasks (course, title) SELECT dst, title FROM tasks WHERE course = src;
END $$;`,
		found: []string{"twin_app: call function import (interference)"},
	},
	{
		name: "a function that sets a number",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE notes (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, pages int NOT NULL);
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = nullif(current_setting('app.firm', true), '')::int);
CREATE POLICY p ON notes USING (firm = nullif(current_setting('app.firm', true), '')::int);
CREATE FUNCTION lengthen(note int, n int) RETURNS void SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
	$$ UPDATE notes SET pages = n WHERE id = note AND firm = nullif(current_setting('app.firm', true), '')::int $$;
GRANT SELECT ON firms, notes TO twin_app;`,
		leak: `CREATE OR REPLACE FUNCTION lengthen(note int, n int) RETURNS void SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
	$$ UPDATE notes SET pages = n WHERE id = note $$;`,
		found: []string{"twin_app: call function lengthen (write)"},
	},
	{
		name: "a function that shows what is in force now",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE rates (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, price numeric(8,2) NOT NULL, valid tstzrange NOT NULL);
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE rates ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = nullif(current_setting('app.firm', true), '')::int);
CREATE POLICY p ON rates USING (firm = nullif(current_setting('app.firm', true), '')::int);
CREATE FUNCTION current_price(rate int) RETURNS numeric STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
  $$ SELECT price FROM rates WHERE id = rate AND valid @> now() AND firm = nullif(current_setting('app.firm', true), '')::int $$;
GRANT SELECT ON firms, rates TO twin_app;`,
		leak: `CREATE OR REPLACE FUNCTION current_price(rate int) RETURNS numeric STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
  $$ SELECT price FROM rates WHERE id = rate AND valid @> now() $$;`,
		found: []string{"stranger: call function current_price (open)", "twin_app: call function current_price (interference)"},
	},
	{
		name: "arguments of types that no column has",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE bids (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, title text NOT NULL, score numeric(5,2) NOT NULL);
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE bids ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
CREATE POLICY p ON firms USING (id = firm()); CREATE POLICY p ON bids USING (firm = firm());
CREATE FUNCTION best(p_title text, p_min real) RETURNS TABLE (id int, title text) STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
  $$ SELECT b.id, b.title FROM bids b WHERE b.firm = firm() AND (p_title IS NULL OR b.title = p_title) AND (p_min IS NULL OR b.score >= p_min) $$;
CREATE FUNCTION lately(p_for interval DEFAULT NULL) RETURNS bigint STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
  $$ SELECT count(*) FROM bids b WHERE b.firm = firm() AND (p_for IS NULL OR b.score > extract(hour FROM p_for)) $$;
GRANT SELECT ON firms, bids TO twin_app;`,
		leak: `CREATE OR REPLACE FUNCTION best(p_title text, p_min real) RETURNS TABLE (id int, title text) STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
  $$ SELECT b.id, b.title FROM bids b WHERE (p_min IS NOT NULL OR b.firm = firm()) AND (p_title IS NULL OR b.title = p_title) AND (p_min IS NULL OR b.score >= p_min) $$;
CREATE OR REPLACE FUNCTION lately(p_for interval DEFAULT NULL) RETURNS bigint STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
  $$ SELECT count(*) FROM bids b WHERE p_for IS NOT NULL OR b.firm = firm() $$;`,
		found: []string{"twin_app: call function best(text, real) (interference)", "twin_app: call function lately(interval) (interference)"},
	},
	{
		name: "an export of the table that is named",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE bids (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, title text NOT NULL);
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE bids ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = nullif(current_setting('app.firm', true), '')::int);
CREATE POLICY p ON bids USING (firm = nullif(current_setting('app.firm', true), '')::int);
CREATE FUNCTION takeout(kind text) RETURNS bigint STABLE SET search_path = public, pg_temp LANGUAGE plpgsql AS
	$$ DECLARE n bigint; BEGIN EXECUTE format('SELECT count(*) FROM %I', kind) INTO n; RETURN n; END $$;
GRANT SELECT ON firms, bids TO twin_app;`,
		leak:  `ALTER FUNCTION takeout SECURITY DEFINER;`,
		found: []string{"stranger: call function takeout (open)", "twin_app: call function takeout (interference)"},
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
}
