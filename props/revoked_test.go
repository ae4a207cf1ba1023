package props_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
)

// Sessions that bring the key of a vendor. One that was revoked gets nothing; here a function forgets to
// ask, and revokedFix asks.
const (
	revoked = `
CREATE ROLE revoked_app LOGIN;
CREATE TABLE vendors (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE api_keys (id int PRIMARY KEY, vendor_id int NOT NULL REFERENCES vendors, hash text NOT NULL UNIQUE CHECK (hash <> ''), revoked_at timestamptz);
CREATE TABLE notes (id int PRIMARY KEY, vendor_id int NOT NULL REFERENCES vendors, body text NOT NULL);
CREATE TABLE files (id int PRIMARY KEY, vendor_id int NOT NULL REFERENCES vendors, body text NOT NULL);
CREATE FUNCTION me() RETURNS int LANGUAGE sql STABLE SECURITY DEFINER AS $$
  SELECT k.vendor_id FROM api_keys k WHERE k.hash = nullif(current_setting('api.key', true), '') $$;
ALTER TABLE vendors ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE files ENABLE ROW LEVEL SECURITY;
CREATE POLICY notes_own ON notes USING (vendor_id = me());
CREATE POLICY files_own ON files USING (vendor_id = me());
GRANT SELECT ON notes, files TO revoked_app;
`
	revokedFix = `CREATE OR REPLACE FUNCTION me() RETURNS int LANGUAGE sql STABLE SECURITY DEFINER AS $$
  SELECT k.vendor_id FROM api_keys k WHERE k.hash = nullif(current_setting('api.key', true), '') AND k.revoked_at IS NULL $$;`
	revokedContract = `
schema: [schema.sql]
tenant: {table: vendors, key: id}
tables: {api_keys: {tenant: vendor_id}, notes: {tenant: vendor_id}, files: {tenant: vendor_id}}
sessions:
  api: &key
    login: revoked_app
    user: {table: api_keys, where: revoked_at IS NULL}
    settings: {api.key: $user.hash}
    sees: {"*": none, notes: own, files: own}
    writes: {"*": none}
  revoked:
    <<: *key
    user: {table: api_keys, where: revoked_at IS NOT NULL}
    sees: {"*": none}
`
)

// TestRevoked finds what a revoked key still opens. Its least case has a key that is revoked, so that it
// shows nothing once the function asks; one whose key is not, or is another tenant's, cannot run.
func TestRevoked(t *testing.T) {
	cfg := written(t, revoked, revokedContract)
	cfg.SkipRandom = true
	r := reports(t, cfg, "function me answers wrongly; policies of 2 tables ask it", func(b *props.Block) string { return b.Cause })
	if t.Failed() {
		return
	}
	dir := r.Blocks[0].Dir
	path := filepath.Join(dir, "case.yaml")
	saved, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := "revoked_at: '2024-03-01 12:00:00+00'"
	if !strings.Contains(string(saved), at) {
		t.Fatalf("the key of the least case is not revoked:\n%s", saved)
	}
	revokes := "steps:\n  - {session: api, tenant: 1, user: 1, sql: UPDATE api_keys SET revoked_at = now()}\n"
	for _, test := range []struct {
		name  string
		edits []string // old and new texts
		apply string
		want  props.ReplayVerdict
	}{
		{"as it is", nil, "", props.StillLeaks},
		{"with the fix", nil, revokedFix, props.Fixed},
		{"a key that is not revoked", []string{at, "revoked_at: null"}, "", props.CannotRun},
		{"a key of another vendor", []string{"vendors:\n", "vendors:\n    - {id: 2, name: another}\n", "{id: 1, vendor_id: 1, hash", "{id: 1, vendor_id: 2, hash"}, "", props.CannotRun},
		{"a step may not revoke it", []string{at, "revoked_at: null", "steps:\n", revokes}, "", props.Fixed},
		{"a step revokes it", []string{at, "revoked_at: null", "steps:\n", revokes}, "GRANT UPDATE ON api_keys TO revoked_app; ALTER TABLE api_keys DISABLE ROW LEVEL SECURITY;", props.StillLeaks},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := strings.NewReplacer(test.edits...).Replace(string(saved))
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := replays(t, cfg, dir, test.apply); got.Verdict != test.want {
				t.Errorf("%s (%s), want %s\n%s", got.Verdict, got.Why, test.want, text)
			}
		})
	}
}
