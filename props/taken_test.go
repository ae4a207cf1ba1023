package props_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props"
)

const takenSchema = `
CREATE ROLE taken_desk LOGIN;
CREATE TABLE accounts (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE invoices (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, total integer, UNIQUE (account_id, id));
CREATE TABLE jobs (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, invoice_id bigint, state text NOT NULL);
ALTER TABLE invoices ENABLE ROW LEVEL SECURITY;
ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON invoices USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY own ON jobs USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
GRANT SELECT, INSERT, DELETE ON invoices, jobs TO taken_desk;
`

const takenContract = `
schema: schema.sql
tenant: {table: accounts, key: id}
tables: {invoices: {tenant: account_id}, jobs: {tenant: account_id}}
sessions:
  desk:
    login: taken_desk
    settings: {app.tenant_id: $tenant}
    sees: {"*": own, accounts: none}
    writes: {"*": {insert: own, delete: own}, accounts: none}
`

// TestTaken makes rows that name another tenant's: a key that takes them along when that row
// is gone changes them. Its twin takes the tenant's own.
func TestTaken(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, key, want string }{
		{name: "removed", key: "FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE CASCADE", want: "write: foreign key jobs_invoice_id_fkey on jobs takes its rows along (ON DELETE CASCADE)"},
		{name: "emptied", key: "FOREIGN KEY (invoice_id) REFERENCES invoices ON DELETE SET NULL", want: "write: foreign key jobs_invoice_id_fkey on jobs takes its rows along (ON DELETE SET NULL)"},
		{name: "refused", key: "FOREIGN KEY (invoice_id) REFERENCES invoices"},
		{name: "its own", key: "FOREIGN KEY (account_id, invoice_id) REFERENCES invoices (account_id, id) ON DELETE CASCADE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, random := range []bool{false, true} {
				cfg := written(t, takenSchema+"ALTER TABLE jobs ADD "+test.key+";", takenContract)
				cfg.SkipRandom, cfg.SkipMatrix, cfg.Checks = !random, random, 300
				reports(t, cfg, test.want, func(b *props.Block) string { return b.Finding.Class.String() + ": " + b.Cause })
			}
		})
	}
}

// TestTakenAsked has posts that everybody reads, whose deletion takes along what others said of
// them. The function that says who asks is right: with another answer nothing would be deleted.
// What the contract asks about the key is no question about the open policy.
func TestTakenAsked(t *testing.T) {
	t.Parallel()
	const schema = `
CREATE ROLE taken_writer LOGIN;
CREATE TABLE users (id uuid PRIMARY KEY, name text NOT NULL);
CREATE TABLE posts (id uuid PRIMARY KEY, author uuid NOT NULL REFERENCES users, body text, published boolean NOT NULL DEFAULT false);
CREATE TABLE comments (id uuid PRIMARY KEY, post uuid NOT NULL REFERENCES posts ON DELETE CASCADE, author uuid NOT NULL REFERENCES users, body text);
CREATE FUNCTION me() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.user_id', true), '')::uuid $$;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE posts ENABLE ROW LEVEL SECURITY;
ALTER TABLE comments ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON users USING (id = me());
CREATE POLICY own ON posts USING (author = me());
CREATE POLICY published ON posts FOR SELECT USING (published);
CREATE POLICY own ON comments USING (author = me());
CREATE POLICY readable ON comments FOR SELECT USING (true);
GRANT SELECT ON users TO taken_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON posts, comments TO taken_writer;
`
	const contract = `
schema: schema.sql
tenant: {table: users, key: id}
tables:
  users: {tenant: id}
  posts: {tenant: author}
  # ? who deletes a row of posts removes the rows of comments that name it (post), whoever's they are: meant?
  comments: {tenant: author}
sessions:
  writer:
    login: taken_writer
    settings: {app.user_id: $tenant}
    sees: {"*": {may: own}}
    writes: {"*": {may: own}}
`
	cfg := written(t, schema, contract)
	cfg.SkipRandom = true
	r := ran(t, cfg)
	got := map[string]int{}
	for _, b := range r.Blocks {
		got[b.Cause] = len(b.Finding.Asked)
	}
	want := map[string]int{
		"policy published on posts lets it through":                                           0,
		"policy readable on comments lets it through":                                         0,
		"foreign key comments_post_fkey on comments takes its rows along (ON DELETE CASCADE)": 1,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("questions by cause (-want +got):\n%s", d)
	}
}
