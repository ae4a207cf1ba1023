package mutate_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/mutate"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

func TestMain(m *testing.M) { require.Main(m) }

const schema = `
CREATE ROLE mutate_app LOGIN;
CREATE ROLE mutate_reader NOLOGIN;
GRANT mutate_reader TO mutate_app;
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE items (id bigint PRIMARY KEY, account_id bigint REFERENCES accounts (id), other_id bigint, body text);
CREATE TABLE notes (id bigint PRIMARY KEY, item_id bigint NOT NULL REFERENCES items (id), body text);
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
ALTER TABLE items FORCE ROW LEVEL SECURITY;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY accounts_read ON accounts FOR SELECT USING (id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY items_read ON items FOR SELECT TO mutate_app USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY notes_read ON notes FOR SELECT USING (EXISTS (SELECT 1 FROM items i WHERE i.id = notes.item_id
	AND i.account_id = nullif(current_setting('app.tenant_id', true), '')::bigint));
GRANT SELECT ON accounts, items, notes TO mutate_app;
`

const contract = `schema: [schema.sql]
tenant: {table: accounts, key: id}
tables:
  items: {tenant: account_id}
  notes: {tenant: item_id -> items}
sessions:
  member:
    login: mutate_app
    settings: {app.tenant_id: $tenant}
    sees: {"*": own}
    writes: {"*": none}
  stranger:
    login: mutate_app
    sees: {"*": none}
    writes: {"*": none}
`

func open(t *testing.T, contract, schema string) *props.Target {
	t.Helper()
	require.Postgres(t)
	dir := require.Folder(t, map[string]string{"rlsfuzz.yaml": contract, "schema.sql": schema})
	target, err := props.Open(context.Background(), props.Config{Contract: filepath.Join(dir, "rlsfuzz.yaml"), Postgres: os.Getenv("RLSFUZZ_POSTGRES")})
	if err != nil {
		t.Fatal(err)
	}
	require.Closed(t, target)
	return target
}

// statuses is what became of the mutants of one object, by kind and change.
func statuses(results []mutate.Result, object string) map[string]mutate.Status {
	out := map[string]mutate.Status{}
	for _, r := range results {
		if r.Object == object {
			out[string(r.Kind)+": "+strings.ReplaceAll(r.Change, "NULLIF(current_setting('app.tenant_id'::text, true), ''::text)::bigint", "tenant")] = r.Status
		}
	}
	return out
}

func TestRun(t *testing.T) {
	target := open(t, contract, schema)
	var seen int
	results, err := mutate.Run(t.Context(), target, mutate.Config{Seed: 1, Checks: 300, Each: func(done, _ int, _ mutate.Result) { seen = done }})
	if err != nil {
		t.Fatal(err)
	}
	if seen != len(results) || len(results) == 0 {
		t.Errorf("%d results, %d of them announced", len(results), seen)
	}
	for _, r := range results {
		if r.Status == mutate.Survived || r.Status == mutate.Refused {
			t.Errorf("%s: %s: %s", r.Key, r.Status, r.Reason)
		}
		if r.Status == mutate.Equivalent && r.Reason == "" {
			t.Errorf("%s is %s, for the reason %q", r.Key, r.Status, r.Reason)
		}
	}
	counts := map[mutate.Status]int{}
	for _, s := range statuses(results, "policy notes_read on notes") {
		counts[s]++
	}
	if counts[mutate.Killed] < 4 || counts[mutate.Equivalent] < 3 {
		t.Errorf("of the policy on notes: %v", statuses(results, "policy notes_read on notes"))
	}
	want := map[string]mutate.Status{
		"row security off: DISABLE ROW LEVEL SECURITY":             mutate.Killed,
		"owned by a session's role: OWNER TO mutate_app, NO FORCE": mutate.Killed,
		"no FORCE: NO FORCE ROW LEVEL SECURITY":                    mutate.Equivalent,
	}
	for _, privilege := range []string{"INSERT", "UPDATE", "DELETE"} { // no policy is for them
		want["grant: GRANT "+privilege+" TO mutate_app"] = mutate.Equivalent
	}
	if d := cmp.Diff(want, statuses(results, "table items")); d != "" {
		t.Error(d)
	}

	done := map[string]mutate.Result{}
	for _, r := range results {
		done[r.Key] = r
	}
	again, err := mutate.Run(t.Context(), target, mutate.Config{Seed: 1, Checks: 300, Done: done})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(results, again); d != "" {
		t.Errorf("what was judged before is judged again: %s", d)
	}
}

// A contract that says little catches little, and hears what it would have to say.
func TestSurvivors(t *testing.T) {
	loose := strings.Replace(contract, `sees: {"*": own}`, `sees: {"*": {may: all}}`, 1)
	want := map[string]string{
		"policy notes_read on notes: comparison":   "some of which are bounds (may:)",
		"policy notes_read on notes: wrong column": "may show less than before",
		"session member: setting not set":          "may see less than before",
	}
	seen := map[string]bool{}
	results, err := mutate.Run(t.Context(), open(t, loose, schema), mutate.Config{Seed: 1, Checks: 100, Keep: func(m *mutate.Mutant) bool {
		key := m.Object + ": " + string(m.Kind)
		again := seen[key] || m.Kind == mutate.Comparison && !strings.Contains(m.Change, "i.id <=")
		seen[key] = seen[key] || !again
		return want[key] != "" && !again
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != len(want) {
		t.Errorf("%d results", len(results))
	}
	for _, r := range results {
		if w := want[r.Object+": "+string(r.Kind)]; r.Status != mutate.Survived || !strings.Contains(r.Reason, w) {
			t.Errorf("%s: %s: %s, and not: %s", r.Key, r.Status, r.Reason, w)
		}
	}
}

// What the contract accepts, it accepts of a mutant too.
func TestAccepted(t *testing.T) {
	accepting := contract + "accept:\n" +
		"  - {session: member, table: notes, command: select, reason: everybody reads notes}\n" +
		"  - {session: stranger, table: notes, command: select, reason: everybody reads notes}\n"
	results, err := mutate.Run(t.Context(), open(t, accepting, schema), mutate.Config{Seed: 1, Checks: 100, Keep: func(m *mutate.Mutant) bool {
		return m.Object == "policy notes_read on notes" && m.Kind == mutate.UsingTrue
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Status != mutate.Survived || !strings.Contains(r.Reason, "everybody reads notes") {
			t.Errorf("%s: %s: %s", r.Key, r.Status, r.Reason)
		}
	}
	if len(results) == 0 {
		t.Error("no mutant")
	}
}

// TestFails has policies that fail without the setting: a session that does not set it finds
// nothing, and a check says that it tested nothing. The key of the tenant is an index.
func TestFails(t *testing.T) {
	const schema = `
CREATE ROLE fails_app LOGIN;
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE items (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts (id), number integer NOT NULL);
CREATE UNIQUE INDEX items_number ON items (account_id, number);
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
CREATE POLICY items_all ON items USING (account_id = current_setting('app.tenant_id')::bigint);
GRANT SELECT, INSERT ON items TO fails_app;
`
	const contract = `schema: [schema.sql]
tenant: {table: accounts, key: id}
tables: {items: {tenant: account_id}}
sessions:
  member:
    login: fails_app
    settings: {app.tenant_id: $tenant}
    sees: {"*": own, accounts: none}
    writes: {"*": none, items: {insert: own}}
`
	results, err := mutate.Run(t.Context(), open(t, contract, schema), mutate.Config{Seed: 1, Checks: 100, Keep: func(m *mutate.Mutant) bool {
		return m.Kind == mutate.Unset || m.Kind == mutate.UniqueKey
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[mutate.Kind]string{}
	for _, r := range results {
		got[r.Kind] = fmt.Sprintf("%s, %s", r.Status, r.Class)
	}
	if d := cmp.Diff(map[mutate.Kind]string{mutate.Unset: "killed, untested", mutate.UniqueKey: "killed, existence"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestLeaks(t *testing.T) {
	_, err := mutate.Run(t.Context(), open(t, contract, schema+"ALTER TABLE items DISABLE ROW LEVEL SECURITY;"), mutate.Config{Seed: 1, Checks: 100})
	var leaks *mutate.LeaksError
	if !errors.As(err, &leaks) || len(leaks.Report.Blocks) == 0 {
		t.Errorf("%v", err)
	}
}

func TestState(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	s := mutate.State{Hash: "h", Seed: 1, Checks: 2, Results: []mutate.Result{{Key: "k", Status: mutate.Killed, Checks: 3}}}
	if done, err := mutate.ReadState(dir, s); err != nil || done != nil {
		t.Fatalf("of no file: %v, %v", done, err)
	}
	if err := s.Write(dir); err != nil {
		t.Fatal(err)
	}
	if done, err := mutate.ReadState(dir, s); err != nil || done["k"].Checks != 3 {
		t.Errorf("%v, %v", done, err)
	}
	other := s
	other.Seed = 2
	if done, err := mutate.ReadState(dir, other); err != nil || done != nil {
		t.Errorf("of another seed: %v, %v", done, err)
	}
	if err := os.WriteFile(filepath.Join(dir, mutate.StateFile), []byte(`{"hash"`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := mutate.ReadState(dir, s); err == nil || !strings.Contains(err.Error(), "delete it") {
		t.Errorf("of a truncated file: %v", err)
	}
}

// TestClaims has a session whose claims are set in two ways, as JSON and one by one: not to set them is
// one mutant. Its login takes another role before anything runs, so that its own rights are idle.
func TestClaims(t *testing.T) {
	const schema = `
CREATE ROLE claims_login LOGIN NOINHERIT; CREATE ROLE claims_app; GRANT claims_app TO claims_login;
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE items (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts (id), body text);
CREATE FUNCTION account() RETURNS bigint LANGUAGE sql STABLE AS $$
	SELECT coalesce(nullif(current_setting('request.jwt.claim.account', true), ''), nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'account')::bigint $$;
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.body := NEW.body; RETURN NEW; END $$;
CREATE TRIGGER noted BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION noted();
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
CREATE POLICY items_all ON items USING (account_id = account());
GRANT SELECT ON items TO claims_app;
`
	const contract = `schema: [schema.sql]
tenant: {table: accounts, key: id}
tables: {items: {tenant: account_id}}
sessions:
  member:
    login: claims_login
    role: claims_app
    claims: {account: $tenant, role: claims_app}
    sees: {"*": own, accounts: none}
    writes: {"*": none}
`
	results, err := mutate.Run(t.Context(), open(t, contract, schema), mutate.Config{Seed: 1, Checks: 100, Keep: func(m *mutate.Mutant) bool {
		return m.Kind == mutate.Unset || m.Kind == mutate.BypassRLS
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]mutate.Status{}
	for _, r := range results {
		got[r.Object+": "+r.Change] = r.Status
	}
	want := map[string]mutate.Status{
		"session member: request.jwt.claims is not set": mutate.Killed,
		"role claims_app: BYPASSRLS":                    mutate.Killed,
		"role claims_login: BYPASSRLS":                  mutate.Equivalent,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
