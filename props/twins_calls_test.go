package props_test

// callTwins are schemas whose functions write with their owners' rights.
var callTwins = []twin{
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
}
