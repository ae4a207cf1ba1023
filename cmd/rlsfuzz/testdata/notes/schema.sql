CREATE ROLE notes_app LOGIN;
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE notes (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts (id), body text);
CREATE FUNCTION tenant() RETURNS bigint LANGUAGE sql STABLE
    AS $$ SELECT nullif(current_setting('app.tenant_id', true), '')::bigint $$;
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY accounts_read ON accounts FOR SELECT USING (id = tenant());
CREATE POLICY notes_all ON notes USING (account_id = tenant()) WITH CHECK (account_id = tenant());
GRANT SELECT ON accounts TO notes_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO notes_app;
