package props_test

// convention is a way in which schemas keep tenants apart, and what a draft must say.
type convention struct {
	name   string
	schema string
	want   []string // lines of the contract, blanks around them aside
	says   []string // texts in its comments, line breaks aside
	not    []string // what they do not say

	nameless bool // the draft is the same with all names taken away
}

var conventions = []convention{
	{
		name: "a setting and one login", nameless: true,
		schema: `
CREATE TABLE firms (id uuid PRIMARY KEY, name text);
CREATE TABLE jobs (id int PRIMARY KEY, firm_id uuid NOT NULL REFERENCES firms, title text);
CREATE TABLE steps (id int PRIMARY KEY, job_id int NOT NULL REFERENCES jobs, note text);
ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON jobs USING (firm_id = nullif(current_setting('app.firm', true), '')::uuid);
CREATE ROLE init_app LOGIN; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO init_app;`,
		want: []string{
			"tenant: {table: firms, key: id}", "firms: {tenant: id}", "jobs: {tenant: firm_id}", "steps: {tenant: job_id -> jobs}",
			"app.firm: $tenant", "login: init_app", "stranger:",
		},
		says: []string{"row security is off: whoever has a privilege sees every tenant's rows"},
	},
	{
		name: "claims whose names are arguments of a function", nameless: true,
		schema: `
CREATE ROLE web LOGIN NOINHERIT; CREATE ROLE init_named; GRANT init_named TO web;
CREATE FUNCTION claim(name text) RETURNS text STABLE LANGUAGE sql AS
  $$ SELECT nullif(current_setting('request.jwt.claims', true), '')::json -> 'app_metadata' ->> name $$;
CREATE FUNCTION my_org() RETURNS uuid STABLE LANGUAGE sql AS $$ SELECT claim('org')::uuid $$;
CREATE TABLE orgs (id uuid PRIMARY KEY, name text);
CREATE TABLE people (id uuid PRIMARY KEY, org_id uuid NOT NULL REFERENCES orgs, name text);
CREATE TABLE docs (id int PRIMARY KEY, org_id uuid NOT NULL REFERENCES orgs, author uuid REFERENCES people, body text);
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON docs USING (org_id = my_org() AND author = claim('person')::uuid);
GRANT ALL ON ALL TABLES IN SCHEMA public TO init_named;`,
		want: []string{
			"tenant: {table: orgs, key: id}", "user: {table: people}", "claims: {app_metadata: {org: $tenant, person: $user.id}, role: init_named}",
		},
	},
	{
		name: "custom claims in app_metadata", nameless: true,
		schema: `
CREATE ROLE api LOGIN NOINHERIT; CREATE ROLE init_member; GRANT init_member TO api;
CREATE FUNCTION claim(name text) RETURNS text STABLE LANGUAGE sql AS
  $$ SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb -> 'app_metadata' ->> name $$;
CREATE TABLE orgs (id uuid PRIMARY KEY, name text);
CREATE TABLE people (id uuid PRIMARY KEY, org_id uuid NOT NULL REFERENCES orgs, name text);
CREATE TABLE docs (id int PRIMARY KEY, org_id uuid NOT NULL REFERENCES orgs, author uuid REFERENCES people, body text);
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON docs USING (org_id = (SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb -> 'app_metadata' ->> 'org')::uuid)
  AND author = (current_setting('request.jwt.claims', true)::jsonb ->> 'sub')::uuid);
GRANT ALL ON ALL TABLES IN SCHEMA public TO init_member;`,
		want: []string{
			"tenant: {table: orgs, key: id}", "user: {table: people}", "claims: {app_metadata: {org: $tenant}, sub: $user.id, role: init_member}",
			"login: api", "role: init_member", "docs: {tenant: org_id}",
		},
	},
	{
		name: "functions that find their own schema, a worker that may call one alone",
		schema: `
CREATE SCHEMA hr; CREATE ROLE init_app LOGIN; CREATE ROLE init_worker LOGIN;
CREATE TABLE hr.firms (id int PRIMARY KEY, name text);
CREATE TABLE hr.staff (id int PRIMARY KEY, firm int NOT NULL REFERENCES hr.firms, name text, pay int, gone_on date);
CREATE TABLE hr.sheets (id int PRIMARY KEY, firm int NOT NULL, number text NOT NULL, hours int, binned_at date);
CREATE TABLE hr.history (id int PRIMARY KEY, firm int NOT NULL, who text NOT NULL DEFAULT session_user, what text);
CREATE FUNCTION hr.me() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('hr.me', true), '')::int $$;
CREATE FUNCTION hr.firm() RETURNS int STABLE SECURITY DEFINER SET search_path = hr LANGUAGE sql AS $$ SELECT firm FROM staff WHERE id = me() $$;
ALTER TABLE hr.staff ENABLE ROW LEVEL SECURITY; ALTER TABLE hr.sheets ENABLE ROW LEVEL SECURITY; ALTER TABLE hr.history ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON hr.staff USING (firm = hr.firm()); CREATE POLICY p ON hr.history USING (firm = hr.firm());
CREATE POLICY p ON hr.sheets USING (firm = hr.firm() AND binned_at IS NULL);
CREATE FUNCTION hr.import(sheet jsonb) RETURNS void SECURITY DEFINER SET search_path = hr LANGUAGE sql AS
  $$ UPDATE sheets SET hours = (sheet ->> 'hours')::int WHERE number = sheet ->> 'of' AND firm = firm() $$;
CREATE FUNCTION hr.import_all(doc jsonb) RETURNS void SECURITY DEFINER SET search_path = hr LANGUAGE plpgsql AS
  $$ DECLARE line jsonb; BEGIN FOR line IN SELECT jsonb_array_elements(doc -> 'lines') LOOP
    UPDATE sheets SET hours = (line ->> 'hours')::int WHERE number = line ->> 'of' AND what = doc ->> 'what' AND firm = firm(); END LOOP; END $$;
CREATE FUNCTION hr.load(jsonb) RETURNS void SECURITY DEFINER SET search_path = hr LANGUAGE sql AS
  $$ UPDATE sheets s SET hours = x.hours FROM jsonb_to_recordset($1) AS x(number varchar(20), hours numeric(10, 2)) WHERE s.number = x.number AND firm = firm() $$;
REVOKE EXECUTE ON FUNCTION hr.import, hr.import_all, hr.load FROM PUBLIC; GRANT EXECUTE ON FUNCTION hr.import, hr.import_all, hr.load TO init_worker; GRANT USAGE ON SCHEMA hr TO init_app, init_worker;
GRANT SELECT ON hr.sheets, hr.history TO init_app; GRANT SELECT (id, firm, name) ON hr.staff TO init_app;`,
		want: []string{
			"tenant: {table: hr.firms, key: id}", "hr.history: {tenant: firm}", "user: {table: hr.staff}", "hr.me: $user.id", "init_worker:", "login: init_worker",
			`run: "SELECT * FROM hr.import(pg_catalog.jsonb_build_object('hours', $1::text, 'of', $2::text))"`, "args: [hr.sheets.hours, hr.sheets.number]",
			`run: "SELECT * FROM hr.import_all(pg_catalog.jsonb_build_object('what', $3::text, 'lines', pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object('hours', $1::text, 'of', $2::text))))"`, "args: [hr.sheets.hours, hr.sheets.number, hr.history.what]",
			`run: "SELECT * FROM hr.load(pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object('number', $1::text, 'hours', $2::text)))"`, "args: [hr.sheets.number, hr.sheets.hours]",
		},
		says: []string{
			"policies show only rows of hr.sheets with binned_at IS NULL", "sees: {hr.staff: {may: own, columns: [id, firm, name]}}",
			"and $user.gone_on IS NULL}}, or ($user.gone_on IS NULL OR $user.gone_on >= current_date), or",
		},
	},
	{
		name: "users in several tenants",
		schema: `
CREATE TABLE people (id uuid PRIMARY KEY, name text);
CREATE TABLE teams (id int PRIMARY KEY, name text, above int REFERENCES teams);
CREATE TABLE seats (team int REFERENCES teams, person uuid REFERENCES people, kind text CHECK (kind IN ('boss', 'hand')), since date DEFAULT now(), "till" date, PRIMARY KEY (team, person));
CREATE TABLE notes (id int PRIMARY KEY, team int NOT NULL REFERENCES teams, body text);
CREATE TABLE mails (id int PRIMARY KEY, person uuid NOT NULL REFERENCES people, body text);
CREATE TABLE colours (name text PRIMARY KEY);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON notes USING (team IN (SELECT s.team FROM seats s WHERE s.person = current_setting('app.me')::uuid));
CREATE ROLE init_app LOGIN; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO init_app;`,
		want: []string{
			"tenant: {table: teams, key: id}", "people: {tenants: SELECT m.team FROM public.seats m WHERE m.person = people.id}",
			"seats: {tenant: team}", "mails: {tenant: person -> people}", "colours: {tenant: shared}", "app.me: $user.id", "user: {table: people}",
			"tenants: SELECT m.team FROM public.seats m WHERE m.person = $user.id",
			`people: {may: "own or id = $user.id"}`,
		},
		says: []string{"hierarchy", "seats.kind tells kinds apart (boss, hand)", "seats.till may say that a membership does not count", "AND m.till IS NULL, or (m.till IS NULL OR m.till >= current_date)", "colours leads to no tenant"},
	},
	{
		name: "a claim for one tenant, and policies that go by memberships",
		schema: `
CREATE ROLE api LOGIN NOINHERIT; CREATE ROLE init_member; GRANT init_member TO api;
CREATE TABLE people (id uuid PRIMARY KEY, name text);
CREATE TABLE orgs (id uuid PRIMARY KEY, name text, founder uuid NOT NULL REFERENCES people);
CREATE TABLE seats (org uuid REFERENCES orgs, person uuid REFERENCES people, PRIMARY KEY (org, person));
CREATE TABLE bills (id int PRIMARY KEY, org uuid NOT NULL REFERENCES orgs, total int);
CREATE TABLE tasks (id int PRIMARY KEY, org uuid NOT NULL REFERENCES orgs, title text);
CREATE FUNCTION jwt() RETURNS jsonb STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
CREATE FUNCTION mine(wanted uuid) RETURNS boolean STABLE SECURITY DEFINER LANGUAGE plpgsql AS $$
BEGIN -- a member
  RETURN EXISTS (SELECT 1 FROM seats s WHERE s.org = wanted AND s.person = (jwt() ->> 'sub')::uuid);
END $$;
ALTER TABLE bills ENABLE ROW LEVEL SECURITY; ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON bills USING (org = (jwt() ->> 'org')::uuid AND (jwt() ->> 'exp')::int > 0);
CREATE POLICY p ON tasks USING (mine(org));
GRANT ALL ON ALL TABLES IN SCHEMA public TO init_member;`,
		want: []string{
			"tenant: {table: orgs, key: id}", "user: {table: people}", "claims: {org: $tenant, sub: $user.id, exp: 4102444800, role: init_member}",
			"tenants: SELECT m.org FROM public.seats m WHERE m.person = $user.id", `orgs: {may: "own or founder = $user.id"}`,
		},
		says: []string{"policies go by all of a user's too (seats)", "may that user see it all the same?"},
	},
	{
		name: "memberships without a key over both",
		schema: `
CREATE ROLE init_app LOGIN;
CREATE TABLE people (id int PRIMARY KEY, name text); CREATE TABLE teams (id int PRIMARY KEY, name text);
CREATE TABLE seats (id int PRIMARY KEY, team int NOT NULL REFERENCES teams, person int NOT NULL REFERENCES people, kind text);
CREATE TABLE plans (id int PRIMARY KEY, team int NOT NULL REFERENCES teams, author int NOT NULL REFERENCES people, name text);
CREATE TABLE files (id int PRIMARY KEY, plan int NOT NULL REFERENCES plans, author int NOT NULL REFERENCES people, path text);
CREATE FUNCTION mine() RETURNS SETOF int STABLE SECURITY DEFINER LANGUAGE sql AS
  $$ SELECT team FROM seats WHERE person = nullif(current_setting('app.me', true), '')::int $$;
ALTER TABLE plans ENABLE ROW LEVEL SECURITY; ALTER TABLE files ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON plans USING (team IN (SELECT mine()));
CREATE POLICY p ON files USING (plan IN (SELECT id FROM plans WHERE team IN (SELECT mine())));
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO init_app;`,
		want: []string{
			"tenant: {table: teams, key: id}", "user: {table: people}", "tenants: SELECT m.team FROM public.seats m WHERE m.person = $user.id",
			"plans: {tenant: team}", "files: {tenant: plan -> plans}",
		},
	},
	{
		name: "lists of tenants in a setting",
		schema: `
CREATE ROLE init_app LOGIN;
CREATE TABLE firms (id uuid PRIMARY KEY, name text); CREATE TABLE people (id uuid PRIMARY KEY, name text);
CREATE TABLE seats (firm uuid REFERENCES firms, person uuid REFERENCES people, PRIMARY KEY (firm, person));
CREATE TABLE bills (id int PRIMARY KEY, firm uuid NOT NULL REFERENCES firms, total int);
ALTER TABLE bills ENABLE ROW LEVEL SECURITY; ALTER TABLE seats ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON bills USING (firm = ANY (string_to_array(nullif(current_setting('app.firms', true), ''), ',')::uuid[]));
CREATE POLICY p ON seats USING (person = nullif(current_setting('app.person', true), '')::uuid);
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO init_app;`,
		want: []string{"tenant: {table: firms, key: id}", "app.firms: $tenant", "app.person: $user.id", `seats: {may: "own or person = $user.id"}`},
	},
	{
		name: "roles that no policy asks whose data they want",
		schema: `
CREATE ROLE init_app LOGIN; CREATE ROLE init_audit LOGIN; CREATE ROLE init_stats LOGIN; CREATE ROLE init_nightly LOGIN BYPASSRLS;
CREATE TABLE firms (id uuid PRIMARY KEY, name text);
CREATE TABLE bills (id int PRIMARY KEY, firm uuid NOT NULL REFERENCES firms, total int);
ALTER TABLE bills ENABLE ROW LEVEL SECURITY; ALTER TABLE firms ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON bills TO init_app USING (firm = nullif(current_setting('app.firm', true), '')::uuid);
CREATE POLICY p ON firms TO init_app USING (id = nullif(current_setting('app.firm', true), '')::uuid);
CREATE POLICY audit ON bills FOR SELECT TO init_audit USING (true);
CREATE VIEW totals AS SELECT firm, sum(total) AS total FROM bills GROUP BY 1;
GRANT SELECT ON bills, firms TO init_app, init_audit, init_nightly; GRANT SELECT ON totals TO init_stats;`,
		want: []string{"app.firm: $tenant", "init_audit:", `sees: {"*": {may: all}}`, "init_stats:", `sees: {"*": none}`},
		says: []string{
			"nothing tells init_audit whose data it asks for, and policies name it", "nothing tells init_stats whose data it asks for: may it see nothing?",
			`Each is an entry under paths, as a session with login: init_nightly and sees: {"*": all}`,
		},
	},
	{
		name: "a name that a function of one query looks up", schema: sites(`BEGIN RETURN (SELECT id FROM sites WHERE slug = current_setting('app.site', true) AND suspended IS NULL); END`), want: sitesWant,
	},
	{
		name: "a name that a function with variables and a guard looks up", schema: sites(`DECLARE found bigint; wanted text := nullif(current_setting('app.site', true), '');
BEGIN
  IF wanted IS NULL THEN RETURN NULL; END IF; -- nobody's
  SELECT s.id INTO found FROM sites s WHERE s.slug = wanted AND s.suspended IS NULL;
  RETURN found;
END`), want: sitesWant,
	},
	{
		name: "a role for each tenant, which a function looks up",
		schema: `
CREATE ROLE init_acme LOGIN; CREATE ROLE init_beta LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, login name NOT NULL UNIQUE);
INSERT INTO firms VALUES (1, 'init_acme'), (2, 'init_beta');
CREATE TABLE bills (id int PRIMARY KEY, firm_id int NOT NULL REFERENCES firms, total int);
CREATE FUNCTION firm() RETURNS int LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$ SELECT id FROM firms WHERE login = session_user $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE bills ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms FOR SELECT USING (login = session_user); CREATE POLICY p ON bills USING (firm_id = firm());
GRANT SELECT ON firms TO init_acme, init_beta; GRANT SELECT, INSERT ON bills TO init_acme, init_beta;`,
		want: []string{"tenant: {table: firms, key: id}", "firms: {tenant: id}", "bills: {tenant: firm_id}", "login: $tenant.login"},
		says: []string{"one role for each tenant"},
	},
	{
		name: "profiles that name an open tenant",
		schema: `
CREATE ROLE init_app LOGIN;
CREATE TABLE people (id uuid PRIMARY KEY, email text NOT NULL UNIQUE); CREATE TABLE orgs (id uuid PRIMARY KEY, name text);
CREATE TABLE seats (org uuid REFERENCES orgs, person uuid REFERENCES people, PRIMARY KEY (org, person));
CREATE TABLE profiles (person uuid PRIMARY KEY REFERENCES people, opened uuid REFERENCES orgs, bio text);
CREATE TABLE tasks (id int PRIMARY KEY, org uuid NOT NULL REFERENCES orgs, title text);
ALTER TABLE seats ENABLE ROW LEVEL SECURITY; ALTER TABLE profiles ENABLE ROW LEVEL SECURITY; ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON seats USING (person = nullif(current_setting('app.me', true), '')::uuid); CREATE POLICY p ON profiles USING (person = nullif(current_setting('app.me', true), '')::uuid);
CREATE POLICY p ON tasks USING (org IN (SELECT s.org FROM seats s WHERE s.person = nullif(current_setting('app.me', true), '')::uuid));
GRANT SELECT ON ALL TABLES IN SCHEMA public TO init_app; GRANT UPDATE ON profiles TO init_app;`,
		want: []string{"tenant: {table: orgs, key: id}", "tasks: {tenant: org}", "profiles: {tenant: person -> people}", `profiles: {may: "own or person = $user.id"}`},
		says: []string{"a row of profiles is its user's, whatever tenant opened says: right?"},
	},
	{
		name: "invitations that name a person by address",
		schema: `
CREATE TABLE orgs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text);
CREATE TABLE seats (org uuid NOT NULL REFERENCES orgs, person uuid NOT NULL REFERENCES auth.users, PRIMARY KEY (org, person));
CREATE TABLE invites (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org uuid NOT NULL REFERENCES orgs, email text NOT NULL);
CREATE TABLE tasks (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org uuid NOT NULL REFERENCES orgs, title text);
CREATE FUNCTION mine(wanted uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS
  $$ SELECT EXISTS (SELECT FROM seats s WHERE s.org = wanted AND s.person = auth.uid()) $$;
ALTER TABLE orgs ENABLE ROW LEVEL SECURITY; ALTER TABLE seats ENABLE ROW LEVEL SECURITY; ALTER TABLE invites ENABLE ROW LEVEL SECURITY; ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON orgs FOR SELECT TO authenticated USING (mine(id)); CREATE POLICY p ON seats FOR SELECT TO authenticated USING (mine(org));
CREATE POLICY p ON invites FOR SELECT TO authenticated USING (lower(email) = lower(auth.jwt() ->> 'email') OR mine(org)); CREATE POLICY p ON tasks TO authenticated USING (mine(org));`,
		want: []string{"tenant: {table: orgs, key: id}", "invites: {tenant: org}", `invites: {may: "own or lower(email) = lower($user.email)"}`},
		says: []string{"it names a user, who need not belong to its tenant: may that user see it all the same?"},
	},
	{
		name: "a table of sessions behind a claim",
		schema: `
CREATE SCHEMA hidden;
CREATE TABLE people (id int PRIMARY KEY, name text);
CREATE TABLE hidden.logins (token uuid PRIMARY KEY, person int NOT NULL REFERENCES people, at timestamptz);
CREATE FUNCTION me() RETURNS int STABLE SECURITY DEFINER LANGUAGE sql AS
  $$ SELECT person FROM hidden.logins WHERE token = nullif(current_setting('app.session', true), '')::uuid $$;
CREATE TABLE notes (id int PRIMARY KEY, person int NOT NULL REFERENCES people, body text);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON notes USING (person = me());
CREATE ROLE init_app LOGIN; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO init_app;`,
		want: []string{"tenant: {table: people, key: id}", "user: {table: hidden.logins}", "app.session: $user.token", "hidden.logins: {tenant: person}"},
	},
	{
		name: "one role for each tenant",
		schema: `
CREATE ROLE init_one LOGIN; CREATE ROLE init_two LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, login name NOT NULL UNIQUE);
CREATE TABLE jobs (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, title text);
ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON jobs USING (EXISTS (SELECT FROM firms f WHERE f.id = jobs.firm AND f.login = current_user));
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO init_one, init_two;`,
		want: []string{"tenant: {table: firms, key: id}", "tenant:", "login: $tenant.login", "jobs: {tenant: firm}"},
	},
	{
		name: "the owner connects",
		schema: `
CREATE ROLE init_owner LOGIN;
CREATE TABLE jobs (id int PRIMARY KEY, firm uuid NOT NULL, title text);
ALTER TABLE jobs OWNER TO init_owner; ALTER TABLE jobs ENABLE ROW LEVEL SECURITY; ALTER TABLE jobs FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON jobs USING (firm = current_setting('app.firm')::uuid);`,
		want: []string{"tenant: {values: uuid}", "login: init_owner", "jobs: {tenant: firm}"},
		says: []string{"init_owner owns tables"},
	},
	{
		name: "no role at all",
		schema: `
CREATE TABLE "Big Firms" (id int PRIMARY KEY, "Name.Of" text);
CREATE TABLE "Jobs" ("Id" int PRIMARY KEY, "the firm" int NOT NULL REFERENCES "Big Firms", title text);
ALTER TABLE "Jobs" ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON "Jobs" USING ("the firm" = current_setting('app.firm')::int OR title IS NULL);`,
		want: []string{`Jobs: {tenant: "\"the firm\""}`, "login: rlsfuzz_login", "app.firm: $tenant"},
		says: []string{"which role does the application connect as?", `policy "p" for ALL shows rows of any tenant where title IS NULL`},
	},
	{
		name: "nothing but tables",
		schema: `
CREATE TABLE a (id int PRIMARY KEY, b text); CREATE TABLE c (id int PRIMARY KEY, d text);
CREATE ROLE init_app LOGIN; GRANT SELECT, INSERT ON a TO init_app;`,
		want: []string{"tenant: {values: text}", "a: {tenant: shared}", "c: {tenant: internal}"},
		says: []string{"nothing in the schema reads a setting or claim", "may it change what is everybody's?"},
	},
	{
		name: "partitions, keys of several columns and circles",
		schema: `
CREATE TABLE firms (id int PRIMARY KEY, first_job int);
CREATE TABLE jobs (firm int REFERENCES firms, id int, boss int, PRIMARY KEY (firm, id), FOREIGN KEY (firm, boss) REFERENCES jobs);
ALTER TABLE firms ADD FOREIGN KEY (id, first_job) REFERENCES jobs (firm, id) DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE steps (id int, firm int NOT NULL, job int NOT NULL, day date NOT NULL, FOREIGN KEY (firm, job) REFERENCES jobs) PARTITION BY RANGE (day);
CREATE TABLE steps_old PARTITION OF steps FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON jobs USING (firm >= current_setting('app.firm')::int);
CREATE ROLE init_app LOGIN; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO init_app;
CREATE VIEW all_jobs AS SELECT * FROM jobs; GRANT SELECT ON all_jobs TO init_app;
CREATE FUNCTION find(job int, what text, VARIADIC rest int[]) RETURNS SETOF jobs LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM jobs WHERE id = job';
CREATE TABLE labels (firm int REFERENCES firms, colour text); CREATE TABLE people (firm int REFERENCES firms, first text); GRANT SELECT ON labels, people TO init_app;
CREATE FUNCTION search(term text, sort text DEFAULT 'first') RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1 FROM people WHERE first ILIKE '%' || term || '%'; END $$;
CREATE PROCEDURE purge(days int) LANGUAGE plpgsql AS $$ BEGIN DELETE FROM jobs WHERE boss > days; END $$;`,
		want: []string{"firms: {tenant: id}", `view all_jobs:`, `run: "CALL public.purge($1::integer)"`, `run: "SELECT * FROM public.search($1::text)"`, "args: [people.first]", "run: \"SELECT * FROM public.find($1::integer, $2::text, VARIADIC ARRAY[$3::integer, $4::integer])\""},
		says: []string{"steps_old is placed as steps", "compares firm by >=, not by =", "reads its tables as its owner", "SECURITY DEFINER", "a session without a tenant may call find, with"},
	},
	{
		name: "one tenant at a time, of users who may be in none",
		schema: `
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE people (id int PRIMARY KEY, email text);
CREATE TABLE seats (firm int REFERENCES firms, person int REFERENCES people, PRIMARY KEY (firm, person));
CREATE TABLE bills (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, total int);
ALTER TABLE bills ENABLE ROW LEVEL SECURITY; ALTER TABLE people ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON bills USING (firm = nullif(current_setting('app.firm', true), '')::int);
CREATE POLICY p ON people USING (id = nullif(current_setting('app.me', true), '')::int);
CREATE ROLE init_app LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO init_app;`,
		want: []string{"people: {tenants: SELECT m.firm FROM public.seats m WHERE m.person = people.id}", `people: {may: "own or id = $user.id"}`},
	},
	{
		name: "an API with functions that it does not offer, public files, and invitations by address",
		schema: `
CREATE TABLE clubs (id int PRIMARY KEY, name text);
CREATE TABLE seats (club int REFERENCES clubs, person uuid REFERENCES auth.users, PRIMARY KEY (club, person));
CREATE TABLE calls (code uuid PRIMARY KEY, club int NOT NULL REFERENCES clubs, email text NOT NULL);
CREATE TABLE notes (id int PRIMARY KEY, club int NOT NULL REFERENCES clubs, listed boolean NOT NULL DEFAULT false, old boolean NOT NULL DEFAULT true);
CREATE TABLE marks (id int PRIMARY KEY, note int NOT NULL REFERENCES notes, label text);
CREATE SCHEMA hidden; GRANT USAGE ON SCHEMA hidden TO authenticated;
CREATE FUNCTION hidden.club_of(n int) RETURNS int STABLE SECURITY DEFINER LANGUAGE sql AS $$ SELECT club FROM public.notes WHERE id = n $$;
CREATE FUNCTION hidden.mine(c int) RETURNS boolean STABLE SECURITY DEFINER LANGUAGE sql AS $$ SELECT EXISTS (SELECT FROM public.seats WHERE club = c AND person = auth.uid()) $$;
CREATE FUNCTION join_club(given uuid) RETURNS int SECURITY DEFINER LANGUAGE plpgsql AS $$
DECLARE c int; BEGIN
  SELECT club INTO STRICT c FROM public.calls WHERE code = given AND email = auth.jwt() ->> 'email';
  INSERT INTO public.seats VALUES (c, auth.uid()); RETURN c; END $$;
ALTER TABLE seats ENABLE ROW LEVEL SECURITY; ALTER TABLE notes ENABLE ROW LEVEL SECURITY; ALTER TABLE marks ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON seats FOR SELECT TO authenticated USING (hidden.mine(club));
CREATE POLICY p ON notes USING (hidden.mine(club) OR listed OR NOT old); CREATE POLICY q ON notes FOR DELETE USING (club = (auth.jwt() -> 'user_metadata' ->> 'club')::int);
CREATE POLICY p ON marks TO authenticated USING (hidden.mine(hidden.club_of(note)));
INSERT INTO storage.buckets (id, name, public) VALUES ('faces', 'faces', true);
CREATE POLICY p ON storage.objects FOR SELECT USING (bucket_id = 'faces'); CREATE POLICY q ON storage.objects TO authenticated USING (owner = auth.uid());
CREATE TABLE prints (id int PRIMARY KEY, sheet text NOT NULL); ALTER TABLE prints ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON prints USING ((storage.foldername(sheet))[2] IN (SELECT s.club::text FROM seats s WHERE s.person = auth.uid()));`,
		want: []string{
			"schemas: [auth.users, public, storage.buckets, storage.objects]", "claims: {user_metadata: {club: $tenant}, sub: $user.id, email: $user.email, role: authenticated}", "args: [calls.code]",
			"impostor:", "claims: {user_metadata: {club: $other}, sub: $user.id, email: $user.email, role: authenticated}",
			`prints: {tenants: "SELECT t.id FROM public.clubs t WHERE t.id::text = (storage.foldername(prints.sheet))[2]"}`,
			`notes: {may: "own or listed"}`, `notes: {may: "listed"}`, `storage.objects: {may: "EXISTS (SELECT FROM storage.buckets m WHERE m.id = objects.bucket_id AND m.public)"}`,
		},
		says: []string{"claim user_metadata.club is what users write themselves", "schema hidden holds only functions that policies call", `policy "p" for ALL shows rows of any tenant where NOT old: meant?`},
	},
	{
		name: "a list of tenants among the keys of a setting",
		schema: `
CREATE FUNCTION claim(name text) RETURNS text STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('gate.session', true), '')::json ->> name $$;
CREATE FUNCTION my_orgs() RETURNS int[] STABLE LANGUAGE sql AS $$ SELECT coalesce(claim('x-orgs')::int[], '{}') $$;
CREATE TABLE orgs (id int PRIMARY KEY, name text);
CREATE TABLE people (id uuid PRIMARY KEY, name text);
CREATE TABLE seats (org int REFERENCES orgs, person uuid REFERENCES people, PRIMARY KEY (org, person));
CREATE TABLE docs (id int PRIMARY KEY, org int NOT NULL REFERENCES orgs, author uuid REFERENCES people, body text);
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON docs USING (org = ANY (my_orgs()) AND author = claim('x-user')::uuid);
CREATE ROLE init_app LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO init_app;`,
		want: []string{
			"tenant: {table: orgs, key: id}", "user: {table: people}",
			`gate.session: "{\"x-orgs\":\"{$tenant}\",\"x-user\":\"$user.id\"}"`,
		},
	},
	{
		name: "users who list their tenants, which a function gives",
		schema: `
CREATE ROLE init_app LOGIN;
CREATE TABLE orgs (id int PRIMARY KEY, name text);
CREATE TABLE people (id int PRIMARY KEY, email text, org_ids int[] NOT NULL DEFAULT '{}');
CREATE TABLE tickets (id int PRIMARY KEY, org_id int NOT NULL REFERENCES orgs, author int REFERENCES people, body text);
CREATE FUNCTION mine() RETURNS int[] STABLE LANGUAGE sql AS $$ SELECT org_ids FROM people WHERE id = nullif(current_setting('app.me', true), '')::int $$;
ALTER TABLE people ENABLE ROW LEVEL SECURITY; ALTER TABLE tickets ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON people USING (org_ids && mine());
CREATE POLICY p ON tickets USING (org_id = ANY (mine()));
GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO init_app;`,
		want: []string{
			"tenant: {table: orgs, key: id}", `people: {tenants: "SELECT t.id FROM public.orgs t WHERE t.id = ANY (people.org_ids)"}`, "user: {table: people}", "app.me: $user.id",
			`tenants: "SELECT t.id FROM public.orgs t, public.people m WHERE m.id = $user.id AND t.id = ANY (m.org_ids)"`,
			`people: {insert: {may: "own or id = $user.id and org_ids = '{}'"}, update: {may: "own or id = $user.id", to: "own or id = $user.id and org_ids = '{}'"}, delete: {may: "own or id = $user.id"}}`,
		},
	},
	{
		name: "tenants that list their users, to whom nothing refers",
		schema: `
CREATE TABLE spaces (id uuid PRIMARY KEY, name text, member_ids uuid[] NOT NULL DEFAULT '{}');
CREATE TABLE pages (id uuid PRIMARY KEY, space_id uuid NOT NULL REFERENCES spaces, title text);
ALTER TABLE spaces ENABLE ROW LEVEL SECURITY; ALTER TABLE pages ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON spaces FOR SELECT TO authenticated USING (auth.uid() = ANY (member_ids));
CREATE POLICY p ON pages TO authenticated USING (space_id IN (SELECT id FROM spaces WHERE auth.uid() = ANY (member_ids)));`,
		want: []string{
			"schemas: [auth.users, public]", "tenant: {table: spaces, key: id}", `auth.users: {tenants: "SELECT m.id FROM public.spaces m WHERE users.id = ANY (m.member_ids)"}`,
			`tenants: "SELECT m.id FROM public.spaces m WHERE $user.id = ANY (m.member_ids)"`, "claims: {sub: $user.id, role: authenticated}",
		},
	},
	{
		name: "users who list tenants that no table has",
		schema: `
CREATE ROLE init_app LOGIN;
CREATE TABLE people (id uuid PRIMARY KEY, email text, spaces text[]);
CREATE TABLE notes (id uuid PRIMARY KEY, space text NOT NULL, body text, author uuid REFERENCES people);
CREATE TABLE files (id uuid PRIMARY KEY, space text NOT NULL, path text);
CREATE FUNCTION mine() RETURNS SETOF text STABLE LANGUAGE sql AS $$ SELECT unnest(spaces) FROM people WHERE id = nullif(current_setting('app.me', true), '')::uuid $$;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY; ALTER TABLE files ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON notes USING (space IN (SELECT mine())); CREATE POLICY p ON files USING (space IN (SELECT mine()));
GRANT SELECT ON ALL TABLES IN SCHEMA public TO init_app;`,
		want: []string{
			"tenant: {values: text}", "notes: {tenant: space}", "files: {tenant: space}", `people: {tenants: "SELECT unnest(people.spaces)"}`,
			`tenants: "SELECT unnest(m.spaces) FROM public.people m WHERE m.id = $user.id"`,
		},
	},
	{
		name: "a host that a function looks up in a table beside that of the tenants",
		schema: `
CREATE ROLE init_site LOGIN;
CREATE TABLE shops (id int PRIMARY KEY, name text, closed boolean NOT NULL DEFAULT false);
CREATE TABLE hosts (host text PRIMARY KEY, shop int NOT NULL REFERENCES shops, known boolean NOT NULL DEFAULT false);
CREATE TABLE goods (id int PRIMARY KEY, shop int NOT NULL REFERENCES shops, title text);
CREATE FUNCTION shop() RETURNS int STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
  $$ SELECT s.id FROM shops s JOIN hosts h ON h.shop = s.id WHERE h.host = lower(current_setting('app.host', true)) AND h.known AND NOT s.closed $$;
ALTER TABLE goods ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON goods USING (shop = shop());
GRANT SELECT ON goods TO init_site;`,
		want: []string{"tenant: {table: shops, key: id}", "user: {table: hosts}", "app.host: $user.host", "goods: {tenant: shop}"},
		not:  []string{"shows rows of any tenant"},
	},
	{
		name: "keys of a document that a function puts together",
		schema: `
CREATE ROLE init_app LOGIN;
CREATE FUNCTION said(key text) RETURNS text STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('gate.user', true), '')::jsonb ->> ('x-gate-' || key) $$;
CREATE TABLE firms (id uuid PRIMARY KEY, name text); CREATE TABLE people (id uuid PRIMARY KEY, firm uuid NOT NULL REFERENCES firms, name text);
CREATE TABLE tasks (id uuid PRIMARY KEY, firm uuid NOT NULL REFERENCES firms, person uuid REFERENCES people, title text);
ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON tasks USING (firm = said('firm-id')::uuid AND person = said('user-id')::uuid);
GRANT SELECT ON ALL TABLES IN SCHEMA public TO init_app;`,
		want: []string{"tenant: {table: firms, key: id}", `gate.user: "{\"x-gate-firm-id\":\"$tenant\",\"x-gate-user-id\":\"$user.id\"}"`, "user: {table: people}"},
	},
	{
		name: "a login that may call functions and nothing else",
		schema: `
CREATE ROLE init_phone LOGIN;
CREATE TABLE customers (id int PRIMARY KEY, email text);
CREATE TABLE tokens (token uuid PRIMARY KEY, customer int NOT NULL REFERENCES customers);
CREATE TABLE bookings (id int PRIMARY KEY, customer int NOT NULL REFERENCES customers, label text);
CREATE FUNCTION me() RETURNS int STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS $$ SELECT customer FROM tokens WHERE token = nullif(current_setting('app.token', true), '')::uuid $$;
CREATE FUNCTION mine() RETURNS SETOF text STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS $$ SELECT label FROM bookings WHERE customer = me() $$;`,
		want: []string{"init_phone:", "login: init_phone", "tenant: {table: customers, key: id}", "app.token: $user.token", `run: "SELECT * FROM public.mine()"`},
		not:  []string{"which role does the application connect as?"},
	},
	{
		name: "staff of no tenant, who act for some",
		schema: `
CREATE ROLE init_desk LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE people (id int PRIMARY KEY, firm int REFERENCES firms, email text);
CREATE TABLE stints (id int PRIMARY KEY, person int NOT NULL REFERENCES people, firm int NOT NULL REFERENCES firms, ended_at timestamptz);
CREATE TABLE tickets (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, title text);
CREATE FUNCTION me() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.me', true), '')::int $$;
CREATE FUNCTION acts(f int) RETURNS boolean STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
  $$ SELECT EXISTS (SELECT FROM people p WHERE p.id = me() AND p.firm = f) OR EXISTS (SELECT FROM stints s WHERE s.person = me() AND s.firm = f AND s.ended_at IS NULL) $$;
ALTER TABLE people ENABLE ROW LEVEL SECURITY; ALTER TABLE tickets ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON people USING (id = me()); CREATE POLICY p ON tickets USING (acts(firm));
GRANT SELECT ON people, tickets TO init_desk;`,
		want: []string{"tenant: {table: firms, key: id}", "people: {tenant: firm}"},
		says: []string{
			"people.firm may be NULL, and policies ask stints for which tenants a user acts", "user: {table: people, where: firm IS NULL}",
			"tenants: SELECT m.firm FROM public.stints m WHERE m.person = $user.id, after people: {tenant: firm, tenants: SELECT m.firm FROM public.stints m WHERE m.person = people.id}",
		},
	},
	{
		name: "conditions that are no comparisons",
		schema: `
CREATE FUNCTION token() RETURNS jsonb STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('gate.token', true), '')::jsonb $$;
CREATE FUNCTION in_org(o int) RETURNS boolean STABLE LANGUAGE plpgsql AS $$ BEGIN IF o IS NULL THEN RETURN false; END IF; RETURN token() -> 'orgs' @> to_jsonb(o::text); END $$;
CREATE TABLE orgs (id int PRIMARY KEY, name text);
CREATE TABLE docs (id int PRIMARY KEY, org int NOT NULL REFERENCES orgs, body text);
CREATE TABLE notes (id int PRIMARY KEY, org int NOT NULL REFERENCES orgs, body text);
ALTER TABLE docs ENABLE ROW LEVEL SECURITY; ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON docs USING (token() -> 'orgs' ? org::text); CREATE POLICY p ON notes USING (in_org(org));
CREATE ROLE init_app LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO init_app;`,
		want: []string{"tenant: {table: orgs, key: id}", `gate.token: "{\"orgs\":[\"$tenant\"]}"`},
	},
}

// sites is a schema whose policies ask a function in PL/pgSQL which site a session is for.
func sites(body string) string {
	return `
CREATE TABLE sites (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE, suspended timestamptz);
CREATE TABLE pages (id bigint PRIMARY KEY, site_id bigint NOT NULL REFERENCES sites, html text);
CREATE FUNCTION site() RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public AS $$
` + body + ` $$;
ALTER TABLE sites ENABLE ROW LEVEL SECURITY; ALTER TABLE pages ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON sites FOR SELECT USING (id = site()); CREATE POLICY p ON pages USING (site_id = site());
CREATE ROLE init_app LOGIN; GRANT SELECT, INSERT ON sites, pages TO init_app;`
}

var sitesWant = []string{"tenant: {table: sites, key: id}", "sites: {tenant: id}", "pages: {tenant: site_id}", "app.site: $tenant.slug"}
