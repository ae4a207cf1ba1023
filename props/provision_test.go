package props_test

import (
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
)

// TestProvision has a function make something for each new tenant, and tell how many tenants there are.
// That outlives the rows: were it left by a committed run, the same call would fail in the next, and
// its leak would not be confirmed. The twin tells nothing of others.
func TestProvision(t *testing.T) {
	t.Parallel()
	const schema = `
CREATE ROLE provision_app LOGIN;
CREATE TABLE tenants (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE TABLE notes (id int NOT NULL, tenant int NOT NULL REFERENCES tenants, body text, PRIMARY KEY (tenant, id)) PARTITION BY LIST (tenant);
CREATE TABLE notes_rest PARTITION OF notes DEFAULT;
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY; ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON tenants USING (id = nullif(current_setting('app.tenant', true), '')::int);
CREATE POLICY own ON notes USING (tenant = nullif(current_setting('app.tenant', true), '')::int);
CREATE FUNCTION provision(label text) RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE made int;
BEGIN
	INSERT INTO tenants (name) VALUES (label) RETURNING id INTO made;
	MAKE
	RETURN (SELECT count(*) FROM tenants t WHERE WHICH);
END $$;
GRANT SELECT ON tenants, notes TO provision_app;
`
	const contract = `
schema: schema.sql
tenant: {table: tenants, key: id}
tables: {notes: {tenant: tenant}}
sessions:
  app:
    login: provision_app
    settings: {app.tenant: $tenant}
    sees: {"*": own}
    writes: {"*": none, tenants: {insert: all}}
paths:
  provision: {kind: function, as: app, run: "SELECT provision($1)", args: [tenants.name]}
`
	for what, makes := range map[string]string{
		"role":      "EXECUTE format('CREATE ROLE %I NOLOGIN', 'provisioned_' || made); EXECUTE format('GRANT SELECT ON notes TO %I', 'provisioned_' || made);",
		"partition": "EXECUTE format('CREATE TABLE %I PARTITION OF notes FOR VALUES IN (%L)', 'notes_' || made, made);",
		"schema":    "EXECUTE format('CREATE SCHEMA %I', 'tenant_' || made); EXECUTE format('CREATE TABLE %I.files (id int PRIMARY KEY)', 'tenant_' || made);",
	} {
		for which, want := range map[string]string{
			"true":        "interference: function provision runs with the rights of its owner (SECURITY DEFINER) and lets it through",
			"t.id = made": "",
		} {
			t.Run(what+" "+which, func(t *testing.T) {
				cfg := written(t, strings.NewReplacer("MAKE", makes, "WHICH", which).Replace(schema), contract)
				cfg.SkipRandom = true
				reports(t, cfg, want, func(b *props.Block) string { return b.Finding.Class.String() + ": " + b.Cause })
			})
		}
	}
}
