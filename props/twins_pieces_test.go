package props_test

// pieceTwins are schemas in which a piece of a text says whose a row is.
var pieceTwins = []twin{
	{
		name: "paths that name more than their tenant",
		schema: `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE notes (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, title text);
CREATE TABLE files (id int PRIMARY KEY, path text NOT NULL);
CREATE FUNCTION firm() RETURNS text STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '') $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE notes ENABLE ROW LEVEL SECURITY; ALTER TABLE files ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id::text = firm()); CREATE POLICY p ON notes USING (firm::text = firm());
CREATE POLICY r ON files FOR SELECT USING (split_part(path, '/', 1) = firm());
CREATE POLICY w ON files FOR INSERT WITH CHECK (split_part(path, '/', 1) = firm()
	AND (split_part(path, '/', 3) = '' OR split_part(path, '/', 2) IN (SELECT n.id::text FROM notes n)));
GRANT SELECT ON firms, notes TO twin_app; GRANT SELECT, INSERT ON files TO twin_app;`,
		leak: `DROP POLICY r ON files; DROP POLICY w ON files;
CREATE POLICY r ON files FOR SELECT USING (path LIKE '%' || firm() || '/%');
CREATE POLICY w ON files FOR INSERT WITH CHECK (split_part(path, '/', 2) IN (SELECT n.id::text FROM notes n));`,
		found: []string{"twin_app: select files (read)", "twin_app: insert files (write)"},
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
}
