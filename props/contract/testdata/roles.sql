-- One role of Postgres per tenant; its name stands in the tenants' table.
CREATE ROLE contract_acme LOGIN;
CREATE ROLE contract_beta LOGIN;
CREATE ROLE contract_staff NOLOGIN;
GRANT contract_staff TO contract_acme, contract_beta;

CREATE TYPE phase AS ENUM ('planned', 'running', 'closed');

CREATE TABLE firms (
  id bigint PRIMARY KEY,
  name text NOT NULL,
  db_role name NOT NULL UNIQUE
);
CREATE TABLE projects (
  id bigint PRIMARY KEY,
  firm_id bigint NOT NULL REFERENCES firms,
  title varchar(40) NOT NULL,
  phase phase,
  archived boolean,
  UNIQUE (firm_id, id)
);
CREATE TABLE tasks (
  id bigint PRIMARY KEY,
  project_id bigint NOT NULL REFERENCES projects,
  review_of bigint REFERENCES tasks,
  title text NOT NULL,
  due timestamptz
);
CREATE TABLE holidays (
  id bigint PRIMARY KEY,
  firm_id bigint REFERENCES firms,
  day date NOT NULL
);

ALTER TABLE firms ENABLE ROW LEVEL SECURITY;
ALTER TABLE projects ENABLE ROW LEVEL SECURITY;
ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
ALTER TABLE holidays ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON firms USING (db_role = current_user);
CREATE POLICY own ON projects USING (firm_id IN (SELECT id FROM firms));
CREATE POLICY own ON tasks USING (project_id IN (SELECT id FROM projects));
CREATE POLICY own ON holidays USING (firm_id IN (SELECT id FROM firms)) ;
CREATE POLICY everybody ON holidays FOR SELECT USING (firm_id IS NULL);
GRANT SELECT, INSERT, UPDATE, DELETE ON projects, tasks, holidays TO contract_staff;
GRANT SELECT ON firms TO contract_staff;

INSERT INTO firms VALUES (1, 'Same Name', 'contract_acme'), (2, 'Same Name', 'contract_beta');
INSERT INTO projects VALUES
  (1, 1, 'Move', 'planned', false), (2, 2, 'Move', 'planned', false), (3, 1, 'Old', 'closed', true), (4, 2, 'Odd', NULL, NULL);
INSERT INTO tasks VALUES
  (1, 1, NULL, 'call', '2020-01-01'), (2, 2, NULL, 'call', NULL), (3, 3, 1, 'call', 'infinity'), (4, 4, 1, 'call', now());
INSERT INTO holidays VALUES (1, 1, '2024-05-01'), (2, 2, '2024-05-01'), (3, NULL, '2024-12-25');
