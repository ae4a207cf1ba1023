package props_test

import (
	"slices"
	"strings"
	"testing"
)

// TestNobody ends a search of a schema whose tenants' table takes no row: nobody may act, and there is
// nothing to draw.
func TestNobody(t *testing.T) {
	t.Parallel()
	r := ran(t, written(t, `
CREATE ROLE nobody_app LOGIN;
CREATE TABLE tenants (id bigint PRIMARY KEY, name text NOT NULL, CONSTRAINT never CHECK (length(name) < 0));
GRANT SELECT ON tenants TO nobody_app;
`, `
schema: [schema.sql]
tenant: {table: tenants, key: id}
sessions:
  app: {login: nobody_app, settings: {app.tenant: $tenant}, sees: {tenants: all}}
`))
	if len(r.Untested) == 0 || !strings.Contains(r.Untested[0].Reason, "constraint never refused each of") {
		t.Errorf("untested: %v", r.Untested)
	}
	if !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, "random search ended early") }) {
		t.Errorf("notes: %q", r.Notes)
	}
}
