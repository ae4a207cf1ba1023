package props_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
)

const argumentSchema = `CREATE ROLE argument_app LOGIN;
CREATE TABLE teams (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE contacts (id int PRIMARY KEY, team_id int NOT NULL REFERENCES teams, email text NOT NULL);
CREATE FUNCTION team() RETURNS int LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.team', true), '')::int $$;
`

const argumentContract = `schema: schema.sql
tenant: {table: teams, key: id}
tables: {contacts: {tenant: team_id}}
sessions:
  app:
    login: argument_app
    settings: {app.team: $tenant}
    sees: {"*": own}
    writes: {"*": none, contacts: {insert: own, update: {from: own, to: own}}}
`

// TestArguments calls functions of which no path of the contract says what they take: the leak shows
// only in calls with arguments of the kind that the function's text wants.
func TestArguments(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, function, want string }{
		{"records that replace others'", `CREATE FUNCTION put(p_rows jsonb) RETURNS void SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE plpgsql AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM teams WHERE id = team()) THEN RAISE EXCEPTION 'no team'; END IF;
	INSERT INTO contacts (id, team_id, email) SELECT r.id, team(), r.email FROM jsonb_to_recordset(p_rows) AS r(id int, email text)
		ON CONFLICT (id) DO UPDATE SET email = excluded.email;
END $$;`, "write"},
		{"a name of a table", `CREATE FUNCTION takeout(kind text) RETURNS jsonb STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE plpgsql AS $$
DECLARE v jsonb;
BEGIN
	EXECUTE format('SELECT jsonb_agg(to_jsonb(t)) FROM public.%I t', kind) INTO v;
	RETURN v;
END $$;`, "canary"},
		{"a table", `CREATE FUNCTION takeout(kind regclass) RETURNS jsonb STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE plpgsql AS $$
DECLARE v jsonb;
BEGIN
	EXECUTE 'SELECT jsonb_agg(to_jsonb(t)) FROM ' || kind || ' t' INTO v;
	RETURN v;
END $$;`, "canary"},
		{"a table and its schema", `CREATE FUNCTION takeout(kind text, at name) RETURNS jsonb STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE plpgsql AS $$
DECLARE v jsonb;
BEGIN
	EXECUTE format('SELECT jsonb_agg(to_jsonb(t)) FROM %2$I.%1$I t', kind, at) INTO v;
	RETURN v;
END $$;`, "canary"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := written(t, argumentSchema+test.function, argumentContract)
			cfg.SkipRandom = true
			reports(t, cfg, test.want, func(b *props.Block) string { return b.Finding.Class.String() })
		})
	}
}
