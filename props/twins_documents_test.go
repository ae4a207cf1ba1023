package props_test

// documentTwins are schemas whose tenants stand in JSON, of rows or of what the session brings.
var documentTwins = []twin{
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
}
