package props_test

import (
	"context"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// TestScratchDatabasesAreSealed checks a schema that writes to another database of the same server: a trigger by
// dblink, a function by a foreign table. Neither arrives there, and what does not need it is tested, although an event
// trigger refuses all DDL.
func TestScratchDatabasesAreSealed(t *testing.T) {
	const schema = `
CREATE ROLE seal_app LOGIN;
CREATE EXTENSION dblink;
CREATE EXTENSION postgres_fdw;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE notes (id int PRIMARY KEY, firm_id int NOT NULL REFERENCES firms, body text);
CREATE TABLE bills (id int PRIMARY KEY, firm_id int NOT NULL REFERENCES firms, total int);
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
CREATE FUNCTION here() RETURNS text STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
  $$ SELECT format('host=%s port=%s user=postgres dbname=postgres', current_setting('unix_socket_directories'), current_setting('port')) $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE notes ENABLE ROW LEVEL SECURITY; ALTER TABLE bills ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = firm()); CREATE POLICY p ON notes USING (firm_id = firm()); CREATE POLICY p ON bills USING (firm_id = firm());
GRANT SELECT ON firms TO seal_app; GRANT SELECT, INSERT ON notes, bills TO seal_app;
CREATE FUNCTION log_note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
  $$ BEGIN PERFORM dblink_exec(here(), 'INSERT INTO seal_log VALUES (1)'); RETURN NEW; END $$;
CREATE TRIGGER log AFTER INSERT ON notes FOR EACH ROW EXECUTE FUNCTION log_note();
DO $$ BEGIN
  EXECUTE format('CREATE SERVER away FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, port %L, dbname %L)', current_setting('unix_socket_directories'), current_setting('port'), 'postgres');
END $$;
CREATE USER MAPPING FOR PUBLIC SERVER away OPTIONS (user 'postgres', password_required 'false');
CREATE FOREIGN TABLE seal_log (n int) SERVER away;
CREATE FUNCTION remember() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ INSERT INTO seal_log VALUES (2) $$;
CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no % here', tg_tag; END $$;
CREATE EVENT TRIGGER refuse ON ddl_command_start EXECUTE FUNCTION refuse();`
	server := require.Postgres(t)
	ctx := context.Background()
	conn, err := server.Connect(ctx, "postgres", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var extensions int
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM pg_available_extensions WHERE name IN ('dblink', 'postgres_fdw')").Scan(&extensions); err != nil {
		t.Fatal(err)
	}
	require.Need(t, "the extensions dblink and postgres_fdw", extensions == 2, "Debian's package of the server has them")
	d := drafted(t, "plain", map[string]string{"schema.sql": schema})
	target := opened(t, props.Config{Contract: d.Contract})
	other, err := target.Server.Connect(ctx, "postgres", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close(ctx) }()
	if _, err := other.Exec(ctx, "CREATE TABLE IF NOT EXISTS seal_log (n int)"); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = other.Exec(ctx, "DROP TABLE seal_log") }()
	r, err := props.Run(ctx, target, props.Config{SkipRandom: true, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	var arrived int
	if err := other.QueryRow(ctx, "SELECT count(*) FROM seal_log").Scan(&arrived); err != nil {
		t.Fatal(err)
	}
	if arrived > 0 {
		t.Errorf("%d rows were written to another database", arrived)
	}
	for _, u := range r.Untested {
		if u.Object == "bills" {
			t.Errorf("untested: %v", u)
		}
	}
	if len(r.Blocks) > 0 {
		t.Errorf("found: %s", r.Blocks[0])
	}
}
