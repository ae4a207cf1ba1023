package props_test

import (
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
)

// TestUnmet: a condition of a policy or a view that no row of the datasets meets is told; what rows
// meet, and what depends on who asks, is not.
func TestUnmet(t *testing.T) {
	const hash = "md5(body) = '00000000000000000000000000000000'"
	tests := []struct {
		name, change, want string
	}{
		{"none", "", ""},
		{"a policy by a hash", "CREATE POLICY open ON notes USING (org_id = 1 AND " + hash + ");", "policy open on notes"},
		{"a policy by a beginning", "CREATE POLICY open ON notes USING (body LIKE 'PUB-%' AND length(body) > 30);", ""},
		{"a policy by whose it is", "CREATE POLICY open ON notes USING (body = current_user);", ""},
		{"a policy by whose list it is in", "CREATE POLICY open ON notes USING (CURRENT_USER::text = ANY (string_to_array(body, ',')) OR body ~ SESSION_USER::text);", ""},
		{"a policy by a function that asks it", `
CREATE FUNCTION me() RETURNS text LANGUAGE sql STABLE AS 'SELECT current_setting(''app.me'', true)';
CREATE FUNCTION mine(t text) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT t = me()';
CREATE POLICY open ON notes USING (mine(body));`, ""},
		{"a policy by a function of the row", `
CREATE FUNCTION fits(t text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT md5(t) = ''0''';
CREATE POLICY open ON notes USING (fits(body));`, "policy open on notes"},
		{"a policy against a check", "ALTER TABLE notes ADD CHECK (body <> 'x'); CREATE POLICY open ON notes USING (body = 'x');", "policy open on notes"},
		{"a view", "CREATE VIEW odd WITH (security_barrier) AS SELECT id FROM notes WHERE " + hash + "; GRANT SELECT ON odd TO misfit_app;", "view public.odd"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg := written(t, ownNotes, ownNotesContract)
			cfg.SkipRandom = true
			applies(t, &cfg, test.change)
			r, err := props.Run(t.Context(), opened(t, cfg), cfg)
			if err != nil {
				t.Fatal(err)
			}
			told := ""
			for _, note := range r.Notes {
				if strings.Contains(note, "no row of notes meets that") {
					told += note + "\n"
				}
			}
			if !strings.Contains(told, test.want) || (told == "") != (test.want == "") {
				t.Errorf("the notes are %q, want one about %q", told, test.want)
			}
		})
	}
}
