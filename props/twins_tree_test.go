package props_test

// treeTwins are schemas whose tenants stand above others.
var treeTwins = []twin{
	{
		name: "tenants with places in a tree",
		schema: `
CREATE EXTENSION ltree;
CREATE ROLE twin_app LOGIN;
CREATE TABLE units (id int PRIMARY KEY, path ltree NOT NULL UNIQUE);
CREATE TABLE staff (id int PRIMARY KEY, unit int NOT NULL REFERENCES units, name text);
CREATE FUNCTION place() RETURNS ltree STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
	$$ SELECT path FROM units WHERE id = nullif(current_setting('app.unit', true), '')::int $$;
CREATE FUNCTION reaches(u int) RETURNS boolean STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
	$$ SELECT EXISTS (SELECT FROM units WHERE id = u AND path <@ place()) $$;
ALTER TABLE units ENABLE ROW LEVEL SECURITY; ALTER TABLE staff ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON units FOR SELECT USING (path <@ place()); CREATE POLICY p ON staff USING (reaches(unit));
GRANT SELECT ON units TO twin_app; GRANT SELECT, INSERT, UPDATE, DELETE ON staff TO twin_app;`,
		leak: `CREATE OR REPLACE FUNCTION reaches(u int) RETURNS boolean STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
	$$ SELECT EXISTS (SELECT FROM units WHERE id = u AND path @> place()) $$;`,
		found: []string{"twin_app: select staff (read)"},
	},
	{
		name: "tenants with paths in a text",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE units (id int PRIMARY KEY, path text NOT NULL UNIQUE);
CREATE TABLE staff (id int PRIMARY KEY, unit int NOT NULL REFERENCES units, name text);
CREATE FUNCTION place() RETURNS text STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
	$$ SELECT path FROM units WHERE id = nullif(current_setting('app.unit', true), '')::int $$;
CREATE FUNCTION reaches(u int) RETURNS boolean STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
	$$ SELECT EXISTS (SELECT FROM units WHERE id = u AND (path = place() OR path LIKE place() || '/%')) $$;
ALTER TABLE units ENABLE ROW LEVEL SECURITY; ALTER TABLE staff ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON units FOR SELECT USING (path = place() OR path LIKE place() || '/%'); CREATE POLICY p ON staff USING (reaches(unit));
GRANT SELECT ON units TO twin_app; GRANT SELECT, INSERT, UPDATE, DELETE ON staff TO twin_app;`,
		leak: `CREATE OR REPLACE FUNCTION reaches(u int) RETURNS boolean STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
	$$ SELECT EXISTS (SELECT FROM units WHERE id = u AND (path = place() OR path LIKE place() || '%')) $$;`,
		found: []string{"twin_app: select staff (read)"},
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
}
