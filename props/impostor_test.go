package props_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// TestImpostor has a session that writes one of its settings itself: it says another tenant
// there. A policy that goes by the other setting is sound.
func TestImpostor(t *testing.T) {
	require.Postgres(t)
	const contract = `
schema: [schema.sql]
tenant: {table: firms, key: id}
sessions:
  impostor:
    login: twin_app
    settings: {app.firm: $tenant, app.said: $other, app.name: $other.name}
    sees: {"*": own}
`
	const schema = `
CREATE ROLE twin_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE bills (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms, total int);
CREATE FUNCTION firm(name text) RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.' || name, true), '')::int $$;
CREATE FUNCTION said() RETURNS text STABLE LANGUAGE sql AS $$ SELECT current_setting('app.name', true) $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE bills ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = firm('firm')); CREATE POLICY p ON bills USING (firm = firm('firm'));
GRANT SELECT ON firms, bills TO twin_app;
`
	for _, c := range []struct {
		name, more string
		want       []string
	}{
		{name: "sound"},
		{
			name: "trusting", more: "CREATE POLICY q ON bills USING (firm = firm('said')); CREATE POLICY q ON firms USING (name = said());",
			want: []string{"read bills", "read firms"},
		},
	} {
		dir := require.Folder(t, map[string]string{"rlsfuzz.yaml": contract, "schema.sql": schema + c.more})
		var found []string
		for _, b := range walked(t, filepath.Join(dir, "rlsfuzz.yaml"), nil).Blocks {
			found = append(found, b.Finding.Class.String()+" "+b.Finding.Table)
		}
		if diff := cmp.Diff(c.want, found); diff != "" {
			t.Errorf("%s (-want +found):\n%s", c.name, diff)
		}
	}
}
