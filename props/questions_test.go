package props_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestQuestions has a contract ask about a policy that shows rows of any tenant, and about another
// one: what that one shows is a finding without a question, as is what no policy shows.
func TestQuestions(t *testing.T) {
	t.Parallel()
	const schema = `
CREATE ROLE questions_app LOGIN;
CREATE TABLE accounts (id bigint PRIMARY KEY);
CREATE TABLE notes (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, published boolean NOT NULL);
CREATE TABLE tasks (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, published boolean NOT NULL);
CREATE TABLE files (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, published boolean NOT NULL);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY own ON tasks USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY published ON notes FOR SELECT USING (published);
CREATE POLICY shown ON tasks FOR SELECT USING (published);
CREATE POLICY own ON files USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint); -- and row security is off
GRANT SELECT ON notes, tasks, files TO questions_app;
`
	const contract = `
schema: schema.sql
tenant: {table: accounts, key: id}
tables:
  # policy "published" for SELECT shows rows of any tenant where published: meant?
  files: {tenant: account_id}
  # policy "published" for SELECT shows rows of any tenant where published: meant?
  notes: {tenant: account_id}
  # policy "published" for SELECT shows rows of any tenant where published: meant?
  tasks: {tenant: account_id}
sessions:
  app: {login: questions_app, settings: {app.tenant_id: $tenant}, sees: {"*": own, accounts: none}, writes: {"*": none}}
`
	cfg := written(t, schema, contract)
	cfg.SkipRandom = true
	r := ran(t, cfg)
	got := map[string][]string{}
	for _, b := range r.Blocks {
		got[b.Cause] = b.Finding.Asked
	}
	want := map[string][]string{
		"policy published on notes lets it through": {`rlsfuzz.yaml:7: policy "published" for SELECT shows rows of any tenant where published: meant?`},
		"policy shown on tasks lets it through":     {},
		"row security of files is off":              {},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("asked, by cause (-want +got):\n%s", d)
	}
}
