package contract_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// corpusCase is a schema that nobody here wrote, and how it loads.
type corpusCase struct {
	contract string
	before   string   // SQL before the files: the roles that they name
	files    []string // patterns in the corpus
	rows     string   // SQL after them: a few rows
}

const (
	safegres      = "constructive-io__safegres-corpus/packages/safegres/corpus/"
	safegresLogin = "CREATE ROLE corpus_login LOGIN; GRANT corpus_user, corpus_anon TO corpus_login;"
	replica       = "SET session_replication_role = replica;\n"
)

var corpus = []corpusCase{
	{
		contract: "basejump", before: `SET search_path = public, extensions`, files: []string{"stubs/supabase.sql", "usebasejump__basejump/supabase/migrations/*.sql"},
		rows: replica + `
INSERT INTO auth.users (id, email) SELECT ('00000000-0000-0000-0000-00000000000' || n)::uuid, n || '@example.com' FROM generate_series(1, 3) n;
INSERT INTO basejump.accounts (id, primary_owner_user_id, name, slug, personal_account) VALUES
  ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000001', 'Same', 'a', false),
  ('00000000-0000-0000-0000-00000000000b', '00000000-0000-0000-0000-000000000002', 'Same', 'b', false),
  ('00000000-0000-0000-0000-000000000003', '00000000-0000-0000-0000-000000000003', NULL, NULL, true);
INSERT INTO basejump.account_user (user_id, account_id, account_role) VALUES
  ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000000a', 'owner'),
  ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-00000000000a', 'member'),
  ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-00000000000b', 'owner'),
  ('00000000-0000-0000-0000-000000000003', '00000000-0000-0000-0000-000000000003', 'owner');
INSERT INTO basejump.invitations (account_role, account_id, token, invited_by_user_id, created_at, invitation_type) VALUES
  ('member', '00000000-0000-0000-0000-00000000000a', 't1', '00000000-0000-0000-0000-000000000001', now(), 'one_time'),
  ('member', '00000000-0000-0000-0000-00000000000b', 't2', '00000000-0000-0000-0000-000000000002', '2020-01-01', '24_hour');
INSERT INTO basejump.billing_customers (account_id, id) VALUES ('00000000-0000-0000-0000-00000000000a', 'c1'), ('00000000-0000-0000-0000-00000000000b', 'c2');
INSERT INTO basejump.billing_subscriptions (id, account_id, billing_customer_id, status) VALUES
  ('s1', '00000000-0000-0000-0000-00000000000a', 'c1', 'active'), ('s2', '00000000-0000-0000-0000-00000000000b', 'c2', NULL);`,
	},
	{
		contract: "graphile", files: []string{"graphile__starter/data/schema.sql"},
		before: `CREATE ROLE graphile_starter LOGIN; CREATE ROLE graphile_starter_visitor;
CREATE ROLE graphile_starter_authenticator LOGIN NOINHERIT; GRANT graphile_starter_visitor TO graphile_starter_authenticator;`,
		rows: replica + `
INSERT INTO app_public.users (id, username) SELECT ('00000000-0000-0000-0000-00000000000' || n)::uuid, 'user' || n FROM generate_series(1, 3) n;
INSERT INTO app_public.organizations (id, slug, name) VALUES ('00000000-0000-0000-0000-00000000000a', 'a', 'Same'), ('00000000-0000-0000-0000-00000000000b', 'b', 'Same');
INSERT INTO app_public.organization_memberships (organization_id, user_id, is_owner) VALUES
  ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000001', true),
  ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000002', false),
  ('00000000-0000-0000-0000-00000000000b', '00000000-0000-0000-0000-000000000002', true);
INSERT INTO app_public.organization_invitations (organization_id, user_id) VALUES ('00000000-0000-0000-0000-00000000000b', '00000000-0000-0000-0000-000000000003');
INSERT INTO app_public.user_emails (user_id, email, is_verified, is_primary) VALUES
  ('00000000-0000-0000-0000-000000000001', 'one@example.com', true, true), ('00000000-0000-0000-0000-000000000001', 'uno@example.com', false, false),
  ('00000000-0000-0000-0000-000000000002', 'two@example.com', true, true);
INSERT INTO app_public.user_authentications (user_id, service, identifier) VALUES
  ('00000000-0000-0000-0000-000000000001', 'git', '1'), ('00000000-0000-0000-0000-000000000002', 'git', '2');
INSERT INTO app_private.sessions (user_id) SELECT id FROM app_public.users;`,
	},
	{
		contract: "safegres-04-permissive-write", files: []string{safegres + "bootstrap.sql", safegres + "cases/04-*/schema.sql"},
		rows: safegresLogin + `INSERT INTO c_permissive_write.documents (tenant_id) SELECT ('00000000-0000-0000-0000-00000000000' || n)::uuid FROM generate_series(1, 2) n;`,
	},
	{
		contract: "safegres-06-update-without-check", files: []string{safegres + "bootstrap.sql", safegres + "cases/06-*/schema.sql"},
		rows: safegresLogin + `INSERT INTO c_update_no_check.tasks (owner_id, title) SELECT ('00000000-0000-0000-0000-00000000000' || n)::uuid, 'x' FROM generate_series(1, 2) n;`,
	},
	{
		contract: "safegres-25-definer-view", files: []string{safegres + "bootstrap.sql", safegres + "cases/25-*/schema.sql"},
		rows: safegresLogin + `INSERT INTO c_definer_view_bypass.orders (customer, total) VALUES ('a', 1), ('A', 1);`,
	},
	{
		contract: "safegres-36-column-grant", files: []string{safegres + "bootstrap.sql", safegres + "cases/36-column-*/schema.sql"},
		rows: safegresLogin + `INSERT INTO c_column_grant_rls.notes (author, title, body) VALUES ('a', 'x', 'y'), ('A', 'x', 'y');`,
	},
	{
		contract: "safegres-46-writable-view", files: []string{safegres + "bootstrap.sql", safegres + "cases/46-*/schema.sql"},
		rows: safegresLogin + `INSERT INTO c_unchecked_view_write.notes (tenant, body) VALUES ('a', 'x'), ('A', 'x');`,
	},
}

// TestCorpus resolves contracts for public schemas and evaluates every rule of them.
func TestCorpus(t *testing.T) {
	root := require.Corpus(t)
	for _, k := range corpus {
		t.Run(k.contract, func(t *testing.T) {
			texts := []string{k.before}
			for _, pattern := range k.files {
				found, err := filepath.Glob(filepath.Join(root, pattern))
				if err != nil || len(found) == 0 {
					t.Fatalf("no file %s: %v", pattern, err)
				}
				slices.Sort(found)
				for _, path := range found {
					texts = append(texts, file(t, path))
				}
			}
			// The files leave settings behind, such as an empty search_path.
			conn := load(t, require.Postgres(t), append(texts, "RESET ALL", k.rows, "RESET ALL")...)
			got := compare(t, conn, filepath.Join("..", "public", "contracts", k.contract+".yaml"))
			if got.rules == 0 || got.answers[sql.True] == 0 || got.answers[sql.False] == 0 {
				t.Errorf("the rows are no test of the rules: %d rules, %v", got.rules, got.answers)
			}
			t.Logf("%d rules, answers %v, not in Go: %q", got.rules, got.answers, got.notInGo)
		})
	}
}
