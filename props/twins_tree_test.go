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
}
