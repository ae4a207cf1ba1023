package props_test

import (
	"fmt"
	"testing"
)

// TestAuditOfSeveral judges the log entries of sessions with several tenants: any of them may be in it,
// unless the session says which one it is of. Go knows the tenants, or Postgres alone does.
func TestAuditOfSeveral(t *testing.T) {
	t.Parallel()
	const (
		mine   = "SELECT max(clinic_id) FROM staff WHERE user_id = nullif(current_setting('app.user', true), '')::bigint"
		others = "SELECT min(id) FROM clinics WHERE id NOT IN (SELECT clinic_id FROM staff WHERE user_id = nullif(current_setting('app.user', true), '')::bigint)"
		one    = "SELECT nullif(current_setting('app.clinic', true), '')::bigint"
		asked  = " AND s.since <= current_date"
		brings = ", app.clinic: $tenant"
	)
	for _, k := range []struct {
		name, logs, where, settings string
		says                        string // empty: no finding
	}{
		{name: "one of them", logs: mine},
		{name: "one of them, by Postgres", logs: mine, where: asked},
		{name: "another", logs: others, says: "a tenant of the session"},
		{name: "another, by Postgres", logs: others, where: asked, says: "a tenant of the session"},
		{name: "the one that it says", logs: one, where: asked, settings: brings},
		{name: "one that it does not say", logs: mine, settings: brings, says: "the tenant of the run"},
	} {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			cfg := written(t, fmt.Sprintf(`
CREATE ROLE several_desk LOGIN;
CREATE TABLE clinics (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE users (id bigint PRIMARY KEY);
CREATE TABLE staff (user_id bigint NOT NULL REFERENCES users, clinic_id bigint NOT NULL REFERENCES clinics, since date NOT NULL DEFAULT '2020-01-01' CHECK (since = '2020-01-01'), PRIMARY KEY (user_id, clinic_id));
CREATE TABLE log (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, clinic_id bigint NOT NULL REFERENCES clinics);
CREATE FUNCTION show() RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE c bigint := (%s);
BEGIN IF c IS NOT NULL THEN INSERT INTO log (clinic_id) VALUES (c); RETURN 1; END IF; RAISE 'none'; END $$;
`, k.logs), fmt.Sprintf(`
schema: schema.sql
tenant: {table: clinics, key: id}
tables:
  users: {tenants: SELECT s.clinic_id FROM public.staff s WHERE s.user_id = users.id}
  staff: {tenant: clinic_id}
  log: {tenant: clinic_id}
sessions:
  desk:
    login: several_desk
    user: {table: users}
    settings: {app.user: $user.id%s}
    tenants: SELECT s.clinic_id FROM public.staff s WHERE s.user_id = $user.id%s
    sees: {"*": none, clinics: {may: all}, staff: {may: all}}
    writes: {"*": none}
paths:
  show: {kind: function, as: [desk], run: SELECT show(), writes: {log: {insert: all}}, audit: {table: log, tenant: clinic_id}}
`, k.settings, k.where))
			cfg.Checks, cfg.Only = 300, []string{"show"}
			audited(t, ran(t, cfg), k.says, true)
		})
	}
}
