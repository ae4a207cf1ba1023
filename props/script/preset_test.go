package script_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/script"
)

func TestPresetSupabase(t *testing.T) {
	s := newScratch(t)
	preset, schemas, err := script.Preset("supabase")
	if err != nil {
		t.Fatal(err)
	}
	result, err := s.runScript(preset, script.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{"anon", "authenticated", "service_role", "authenticator", "supabase_admin"} {
		if !slices.Contains(result.Roles, role) {
			t.Errorf("role %s was not created, only %q", role, result.Roles)
		}
	}
	own := s.asks(`SELECT string_agg(nspname, ' ' ORDER BY nspname) FROM pg_namespace
		WHERE nspname !~ '^pg_' AND nspname NOT IN ('public', 'information_schema')`)
	if diff := cmp.Diff(strings.Join(schemas, " "), own); diff != "" {
		t.Errorf("its own schemas (-said +there):\n%s", diff)
	}
	s.must(`
CREATE TABLE notes (id uuid PRIMARY KEY DEFAULT uuid_generate_v4(), owner uuid REFERENCES auth.users, body text);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes TO authenticated USING (auth.uid() = owner);
CREATE POLICY files ON storage.objects FOR SELECT USING ((storage.foldername(name))[1] = auth.uid()::text);
ALTER PUBLICATION supabase_realtime ADD TABLE notes;
INSERT INTO auth.users (id, email) VALUES ('00000000-0000-0000-0000-00000000000a', 'a@x'), ('00000000-0000-0000-0000-00000000000b', 'b@x');
INSERT INTO notes (owner, body) SELECT id, email FROM auth.users;
INSERT INTO storage.buckets (id, name) VALUES ('b', 'b');
INSERT INTO storage.objects (bucket_id, name) SELECT 'b', id || '/pic.of.png' FROM auth.users;
CREATE TABLE seen (who text, notes text, files text);
GRANT INSERT ON seen TO anon, authenticated, service_role;
SET SESSION AUTHORIZATION authenticator;
SET ROLE authenticated;
SET request.jwt.claims = '{"sub": "00000000-0000-0000-0000-00000000000a", "role": "authenticated", "email": "a@x"}';
INSERT INTO seen SELECT auth.role() || ' ' || auth.email(), (SELECT string_agg(body, ',') FROM notes), (SELECT string_agg(storage.filename(name) || storage.extension(name), ',') FROM storage.objects);
RESET request.jwt.claims;
SET request.jwt.claim.sub = '00000000-0000-0000-0000-00000000000b';
INSERT INTO seen SELECT 'older', (SELECT string_agg(body, ',') FROM notes), NULL;
SET ROLE service_role;
INSERT INTO seen SELECT 'service', (SELECT string_agg(body, ',' ORDER BY body) FROM notes), NULL;
RESET request.jwt.claim.sub;
SET ROLE anon;
INSERT INTO seen SELECT 'anon', (SELECT string_agg(body, ',') FROM notes), auth.uid()::text;
`)
	got := s.asks(`SELECT string_agg(concat_ws('|', who, coalesce(notes, '-'), coalesce(files, '-')), E'\n' ORDER BY who) FROM seen`)
	want := "anon|-|-\nauthenticated a@x|a@x|pic.of.pngpng\nolder|b@x|-\nservice|a@x,b@x|-"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what each saw (-want +got):\n%s", diff)
	}
}

func TestPresetPostgrest(t *testing.T) {
	s := newScratch(t)
	preset, schemas, err := script.Preset("postgrest")
	if err != nil || len(schemas) != 0 {
		t.Fatalf("got schemas %q, error %v", schemas, err)
	}
	if _, err := s.runScript(preset, script.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	s.must("CREATE TABLE who AS SELECT 1 AS a; SET SESSION AUTHORIZATION authenticator; SET ROLE anon;")
	if got := s.asks("SELECT rolcanlogin AND NOT rolinherit AND NOT rolsuper FROM pg_roles WHERE rolname = 'authenticator'"); got != "true" {
		t.Error("authenticator has other attributes")
	}
}

func TestPresetNames(t *testing.T) {
	for _, name := range []string{"", "plain"} {
		s, schemas, err := script.Preset(name)
		if err != nil || len(s.Statements) != 0 || len(schemas) != 0 {
			t.Errorf("%q: got %v, %q, %v; want nothing", name, s, schemas, err)
		}
	}
	if _, _, err := script.Preset("firebase"); err == nil || !strings.Contains(err.Error(), "firebase") {
		t.Errorf("got %v, want an error that names the preset", err)
	}
}
