-- One of everything that makes a row hard to make.
CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN email AS citext CHECK (VALUE ~ '^[a-z0-9.]+@[a-z0-9-]+\.[a-z]{2,}$');
CREATE DOMAIN positive AS int NOT NULL CHECK (VALUE > 0);
CREATE DOMAIN country AS char(2) CHECK (VALUE ~ '^[A-Z]{2}$');
CREATE DOMAIN tags AS text[] CHECK (cardinality(VALUE) BETWEEN 1 AND 3);
CREATE TYPE address AS (street text, zip varchar(5), home country);
CREATE TYPE person AS (name text, lives address, moods mood[]);
CREATE TYPE floatrange AS RANGE (subtype = float8, subtype_diff = float8mi);

CREATE TABLE tenants (
  id uuid PRIMARY KEY, slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z][a-z0-9-]{2,20}[a-z0-9]$'), name text NOT NULL CHECK (length(trim(name)) BETWEEN 3 AND 40),
  plan text NOT NULL DEFAULT 'free' CHECK (plan IN ('free', 'pro', 'enterprise')), owner_id uuid NOT NULL
);
-- Who refers to each other in a circle, at the end of the transaction.
CREATE TABLE users (
  id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants DEFERRABLE INITIALLY DEFERRED,
  email email NOT NULL UNIQUE, role text NOT NULL, deleted_at timestamptz, status text NOT NULL DEFAULT 'active',
  UNIQUE (tenant_id, id)
);
ALTER TABLE tenants ADD FOREIGN KEY (owner_id) REFERENCES users DEFERRABLE INITIALLY DEFERRED;
CREATE UNIQUE INDEX one_owner ON users (tenant_id) WHERE role = 'owner';
CREATE INDEX living ON users (id) WHERE deleted_at IS NULL AND status <> 'banned';
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON users USING (tenant_id::text = current_setting('app.tenant', true) AND role <> 'robot');
CREATE VIEW members AS SELECT id FROM users WHERE role IN ('member', 'admin') AND status = 'active';

-- A table that a trigger fills, and triggers that reject or rewrite.
CREATE TABLE profiles (id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE, bio text, prefs jsonb NOT NULL DEFAULT '{}');
CREATE FUNCTION make_profile() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO profiles (id) VALUES (new.id); RETURN new; END $$;
CREATE TRIGGER make_profile AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION make_profile();
ALTER TABLE profiles ENABLE ROW LEVEL SECURITY;
CREATE POLICY open ON profiles USING (prefs ->> 'visibility' = 'public' OR (prefs -> 'flags' ->> 'beta')::boolean OR prefs ? 'listed');
CREATE TABLE guarded (id int PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text NOT NULL, level int);
CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF new.level > 10 THEN RAISE EXCEPTION 'too high'; END IF; new.body := upper(new.body); RETURN new; END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON guarded FOR EACH ROW EXECUTE FUNCTION guard();
ALTER TABLE guarded ENABLE ALWAYS TRIGGER guard;

-- Types.
CREATE TABLE types (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants,
  i2 smallint, i4 int NOT NULL DEFAULT 1, f4 real, f8 double precision, n numeric(5, 2) NOT NULL, n1 numeric(3, 3), m money, b boolean, e mood NOT NULL, es mood[],
  t text, v varchar(3) NOT NULL, c char(4), ci citext NOT NULL, nm name, u uuid, us uuid[],
  d date, ts timestamp(0), tz timestamptz(3), ti time, tt timetz, iv interval, inet inet, cidr cidr, mac macaddr, mac8 macaddr8,
  by bytea, j json, jb jsonb NOT NULL, jp jsonpath, x xml, tv tsvector NOT NULL, tq tsquery, bits bit(5) NOT NULL, vb bit varying(6),
  p point, l line, ls lseg, bx box, pa path, po polygon, ci2 circle, a address NOT NULL, pe person, ad address[],
  r4 int4range NOT NULL, r8 int8range, rn numrange, rd daterange, rt tsrange, rz tstzrange, rf floatrange, mr int4multirange, md datemultirange NOT NULL, mf floatmultirange,
  ai int[], at text[] NOT NULL, an numeric(4, 1)[], em email, po1 positive, co country, tg tags, lsn pg_lsn,
  twice int GENERATED ALWAYS AS (i4 * 2) STORED
);

-- Checks.
CREATE TABLE checks (
  id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants,
  code text NOT NULL CHECK (code ~ '^[A-Z]{3}-\d{4}$'), digest text CHECK (digest ~ '^sha256:[0-9a-f]{64}$'), repo text CHECK (repo ~ '^[\w.-]+/[\w.-]+$'),
  color text CHECK (color ~* '^#[0-9a-f]{6}$'), lk text CHECK (lk LIKE 'pre\_%.txt'), sim text CHECK (sim SIMILAR TO '(a|b)+_%'), notspace text CHECK (notspace !~ '\s' AND char_length(notspace) >= 12),
  pct int CHECK (pct BETWEEN 0 AND 100), port int NOT NULL CHECK (port > 1023 AND port < 65536), price numeric(10, 2) CHECK (price >= 0.01), odd int CHECK (odd % 7 = 3),
  key bytea NOT NULL CHECK (octet_length(key) = 32), currency char(3) NOT NULL CHECK (currency = upper(currency) AND currency ~ '^[A-Z]+$'),
  starts_at timestamptz NOT NULL, ends_at timestamptz, CHECK (ends_at > starts_at),
  low int NOT NULL, high int NOT NULL, CHECK (low < high), CHECK (high <= low + 10),
  kind text NOT NULL CHECK (kind IN ('card', 'bank')), card text, iban text,
  CONSTRAINT shape CHECK (kind = 'card' AND card IS NOT NULL AND iban IS NULL OR kind = 'bank' AND card IS NULL AND iban ~ '^[A-Z]{2}\d{2}'),
  a int, b int, c int, CONSTRAINT one_of CHECK (num_nonnulls(a, b, c) = 1),
  owner_user uuid REFERENCES users, owner_check uuid REFERENCES checks, CONSTRAINT owned_by CHECK (num_nonnulls(owner_user, owner_check) = 1), CONSTRAINT not_self CHECK (owner_check <> id),
  meta jsonb CHECK (jsonb_typeof(meta) = 'object' AND meta ? 'kind'), list jsonb CHECK (jsonb_array_length(list) > 0), labels text[] CHECK (array_length(labels, 1) = 2),
  done boolean NOT NULL, done_at timestamptz, CHECK (done = (done_at IS NOT NULL))
);
CREATE FUNCTION is_level(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1 IN ('bronze', 'silver', 'gold') $$;
CREATE TABLE called (id int PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, level text NOT NULL CHECK (is_level(level)));

-- References.
CREATE TABLE teams (tenant_id uuid NOT NULL REFERENCES tenants, no int NOT NULL, name text, parent int, PRIMARY KEY (tenant_id, no),
  FOREIGN KEY (tenant_id, parent) REFERENCES teams);
CREATE TABLE team_members (tenant_id uuid NOT NULL, team int NOT NULL, user_id uuid NOT NULL, since date NOT NULL DEFAULT now(), PRIMARY KEY (tenant_id, team, user_id),
  FOREIGN KEY (tenant_id, team) REFERENCES teams, FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id));
CREATE TABLE nodes (id int PRIMARY KEY, root int NOT NULL REFERENCES nodes, tenant_id uuid NOT NULL REFERENCES tenants, label text);
CREATE TABLE "Order Items" ("Id" int PRIMARY KEY, "tenantId" uuid NOT NULL REFERENCES tenants, "unitPrice" numeric(8, 2), "select" text NOT NULL, "it's ""quoted""" text);
CREATE TABLE "Order Notes" ("Id" serial PRIMARY KEY, "order item" int NOT NULL REFERENCES "Order Items", "Text" text);

-- Unique and exclusion constraints.
CREATE TABLE unique_codes (tenant_id uuid NOT NULL REFERENCES tenants, code text NOT NULL UNIQUE CHECK (code ~ '^[A-F]{2}$'), rank smallint UNIQUE CHECK (rank BETWEEN 1 AND 9),
  day date UNIQUE, address inet UNIQUE, label text, PRIMARY KEY (tenant_id, code));
CREATE UNIQUE INDEX lower_label ON unique_codes (lower(label));
CREATE TABLE bookings (id int PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, room int NOT NULL, during tstzrange NOT NULL, EXCLUDE USING gist (room WITH =, during WITH &&));
CREATE TABLE shifts (id int PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, desk int NOT NULL, starts timestamptz NOT NULL, ends timestamptz NOT NULL, CHECK (starts < ends),
  EXCLUDE USING gist (desk WITH =, tstzrange(starts, ends) WITH &&));
CREATE TABLE cages (id int PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, cage int NOT NULL, animal text NOT NULL, EXCLUDE USING gist (cage WITH =, animal WITH <>));
CREATE TABLE singles (id int PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, a int, b int, UNIQUE NULLS NOT DISTINCT (tenant_id, a, b));

-- Partitions and children.
CREATE TABLE events (id bigint NOT NULL, tenant_id uuid NOT NULL REFERENCES tenants, at timestamptz NOT NULL, region text NOT NULL, body text, PRIMARY KEY (id, at, region)) PARTITION BY RANGE (at);
CREATE TABLE events_old PARTITION OF events FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE TABLE events_new PARTITION OF events FOR VALUES FROM ('2022-01-01') TO ('2022-06-01') PARTITION BY LIST (region);
CREATE TABLE events_eu PARTITION OF events_new FOR VALUES IN ('eu', 'uk');

-- What nobody can fill, and what refers to it.
CREATE TABLE refused (id int PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, v text NOT NULL, CONSTRAINT never CHECK (v <> v));
CREATE TABLE orphans (id int PRIMARY KEY, refused_id int NOT NULL REFERENCES refused, body text);
