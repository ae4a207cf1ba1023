package props_test

// roleTwins are schemas whose tenants, or users, are Postgres' own roles.
var roleTwins = []twin{
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
}
