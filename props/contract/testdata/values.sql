-- Tenants are values of columns: no table lists them.
CREATE ROLE contract_app LOGIN;

CREATE TABLE notes (
  id uuid PRIMARY KEY,
  tenant text NOT NULL,
  body text,
  readers text[] NOT NULL DEFAULT '{}'
);
CREATE TABLE comments (
  id bigint PRIMARY KEY,
  note_id uuid NOT NULL REFERENCES notes,
  body text NOT NULL
);
CREATE TABLE events (
  id bigint NOT NULL,
  tenant text NOT NULL,
  kind text,
  PRIMARY KEY (id, tenant)
) PARTITION BY LIST (tenant);
CREATE TABLE events_a PARTITION OF events FOR VALUES IN ('a', 'A');
CREATE TABLE events_rest PARTITION OF events DEFAULT;
CREATE TABLE transfers (
  id bigint PRIMARY KEY,
  tenant text NOT NULL,
  receiver text NOT NULL
);
CREATE TABLE accounts (
  id bigint PRIMARY KEY,
  tenant text NOT NULL,
  login text NOT NULL,
  admin boolean
);
CREATE TABLE "Queue of Jobs" ("Job Id" bigint PRIMARY KEY, payload jsonb);

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO contract_app;

INSERT INTO notes VALUES
  ('00000000-0000-0000-0000-000000000001', 'a', 'x', '{A}'), ('00000000-0000-0000-0000-000000000002', 'A', 'x', '{}'),
  ('00000000-0000-0000-0000-000000000003', 'it''s "b"', NULL, '{a,"it''s \"b\""}');
INSERT INTO comments VALUES
  (1, '00000000-0000-0000-0000-000000000001', 'x'), (2, '00000000-0000-0000-0000-000000000002', 'x'),
  (3, '00000000-0000-0000-0000-000000000003', 'y');
INSERT INTO events VALUES (1, 'a', 'x'), (1, 'A', NULL), (1, 'it''s "b"', 'x');
INSERT INTO transfers VALUES (1, 'a', 'a'), (2, 'a', 'A'), (3, 'A', 'it''s "b"');
INSERT INTO accounts VALUES (1, 'a', 'ann', true), (2, 'A', 'ann', false), (3, 'it''s "b"', 'bob', NULL);
INSERT INTO "Queue of Jobs" VALUES (1, '{}');
