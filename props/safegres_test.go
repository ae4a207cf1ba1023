package props_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// safegresCase is a public case, sorted by hand: its own labels are a linter's, and say
// what might be meant otherwise, not what leaks while it runs.
type safegresCase struct {
	folder, schema string
	tables         string   // how they belong to tenants
	typ            string   // of the tenants' values; empty: text
	setting        string   // that binds a user's session; empty: none does
	role           string   // of that session; empty: corpus_user
	anonymous      string   // what a session without a login sees; empty: none
	version        int      // that the files need
	leaks          []string // session: action object (class); none: silent
	why            string   // where a look at the case does not say it
}

const (
	safegresCases = "constructive-io__safegres-corpus/packages/safegres/corpus"
	jwtUser       = "jwt.claims.user_id"
	jwtTenant     = "jwt.claims.tenant_id"
	failsClosed   = "fails closed: no policy lets a row through"
	sound         = "sound: the case is about speed"
	open          = "about speed, but row security is off: everybody reads every tenant's rows"
	shared        = "about speed: no column says whose a row is, so it is everybody's"
)

// Not here: 45, a schema of a foreign table alone, has nothing to judge. 33's leak needs a
// function of the reader's own, made in pg_temp, that is cheaper than the view's condition:
// who may only send statements of an application cannot make one, and none is tried.
var safegresSorted = []safegresCase{
	{
		folder: "01-anon-write-grant", schema: "c_anon_write_grant", tables: "posts: {tenant: author_id}", typ: "uuid", setting: jwtUser, anonymous: "all",
		why: "labelled a leak; posts are for everybody to read, and no policy lets the insert through that is granted",
	},
	{
		folder: "02-grant-to-public", schema: "c_public_grant", tables: "invoices: {tenant: tenant_id}", typ: "uuid", setting: jwtTenant,
		why: "labelled a leak; whoever may ask, the policy goes by the tenant",
	},
	{
		folder: "03-rls-off-reachable-by-anon", schema: "c_rls_off_public", tables: "audit_log: {tenant: actor_id}", typ: "uuid", setting: jwtUser,
		leaks: []string{"anonymous: select c_rls_off_public.audit_log (open)", "user: select c_rls_off_public.audit_log (read)"},
	},
	{
		folder: "04-permissive-write-policy", schema: "c_permissive_write", tables: "documents: {tenant: tenant_id}", typ: "uuid", setting: jwtTenant,
		leaks: []string{
			"user: select c_permissive_write.documents (read)", "user: insert c_permissive_write.documents (write)", "user: update c_permissive_write.documents (write)",
			"user: update c_permissive_write.documents (move)", "user: delete c_permissive_write.documents (write)",
		},
	},
	{
		folder: "05-public-read-policy", schema: "c_public_read_policy", tables: "profiles: {tenant: email}", setting: "app.email",
		leaks: []string{"anonymous: select c_public_read_policy.profiles (open)"},
		why:   "everybody's e-mail address; a public directory would say so in its contract",
	},
	{
		folder: "06-update-without-with-check", schema: "c_update_no_check", tables: "tasks: {tenant: owner_id}", typ: "uuid", setting: jwtUser,
		why: "labelled a leak; without WITH CHECK the USING condition holds for the new row",
	},
	{folder: "07-rls-enabled-no-policies", schema: "c_rls_no_policies", tables: "settings: {tenant: key}", setting: "app.key", why: failsClosed},
	{folder: "08-select-grant-no-policy", schema: "c_select_no_policy", tables: "orders: {tenant: customer_id}", typ: "uuid", setting: jwtUser, why: failsClosed},
	{folder: "09-write-grant-no-policy", schema: "c_write_no_policy", tables: "comments: {tenant: author_id}", typ: "uuid", setting: jwtUser, why: failsClosed},
	{folder: "10-rls-not-forced", schema: "c_owner_bypass", tables: "secrets: {tenant: owner_id}", typ: "uuid", setting: jwtUser, why: "nobody connects as the owner"},
	{folder: "11-session-user-in-policy", schema: "c_session_user", tables: "reports: {tenant: owner_name}", typ: "name", why: "no tenant has the name of the one role that all sessions have"},
	{folder: "12-volatile-function-in-policy", schema: "c_volatile_policy", tables: "events: {tenant: actor_id}", typ: "uuid", why: "a random value equals none"},
	{
		folder: "13-security-definer-policy-wrapper", schema: "c_definer_wrapper", tables: "memberships: {tenant: tenant_id}", typ: "uuid", setting: jwtTenant,
		leaks: []string{"user: select c_definer_wrapper.memberships (read)"},
		why:   "labelled slow; the function says yes to every tenant",
	},
	{folder: "14-dead-policy", schema: "c_dead_policy", tables: "drafts: {tenant: owner_id}", typ: "uuid", setting: jwtUser, why: failsClosed},
	{folder: "15-unreachable-grant", schema: "c_unreachable_grant", tables: "attachments: {tenant: owner_id}", typ: "uuid", setting: jwtUser, why: "the schema is out of reach"},
	{
		folder: "16-anon-permissive-write-policy", schema: "c_anon_permissive_write", tables: "signups: {tenant: email}", setting: "app.email",
		leaks: []string{"anonymous: insert c_anon_permissive_write.signups (open)"},
		why:   "whoever asks is approved; a form for everybody would say so in its contract",
	},
	{folder: "17-foreign-key-without-index", schema: "c_fk_no_index", tables: "authors: {tenant: shared}, books: {tenant: shared}", why: shared},
	{folder: "18-policy-column-unindexed", schema: "c_policy_unindexed", tables: "documents: {tenant: tenant_id}", typ: "uuid", setting: jwtTenant, why: sound},
	{folder: "19-policy-column-cast", schema: "c_policy_cast", tables: "accounts: {tenant: tenant_id}", typ: "uuid", setting: jwtTenant, why: sound},
	{folder: "20-stable-function-per-row", schema: "c_stable_per_row", tables: "ledger: {tenant: tenant_id}", typ: "uuid", setting: jwtTenant, why: sound},
	{
		folder: "21-table-without-primary-key", schema: "c_no_pk", tables: "click_events: {tenant: session_id}", typ: "uuid", setting: "app.session",
		leaks: []string{"user: select c_no_pk.click_events (read)"}, why: open,
	},
	{
		folder: "22-redundant-index", schema: "c_redundant_index", tables: "shipments: {tenant: tenant_id}", typ: "uuid", setting: jwtTenant,
		leaks: []string{"user: select c_redundant_index.shipments (read)"}, why: open,
	},
	{folder: "23-tsvector-without-index", schema: "c_search_no_index", tables: "articles: {tenant: shared}", why: shared},
	{folder: "24-anon-set-role-escalation", schema: "c_anon_set_role_escalation", tables: "secrets: {tenant: shared}", version: 16, why: "what the role shows is public"},
	{
		folder: "25-definer-view-bypass", schema: "c_definer_view_bypass", tables: "orders: {tenant: customer}", setting: "app.customer",
		why: "labelled a leak; the table is FORCEd and has no policy for the view's owner, who therefore sees no row",
	},
	{folder: "26-invoker-view-no-bypass", schema: "c_invoker_view_no_bypass", tables: "orders: {tenant: customer}", setting: "app.customer"},
	{
		folder: "29-rewrite-rule-bypass", schema: "c_rewrite_rule_bypass", tables: "messages: {tenant: author}, audit_log: {tenant: internal}", setting: "app.author",
		why: "labelled a leak; the log is FORCEd and has no policy for the rule's owner, whose insert is refused",
	},
	{folder: "30-instead-nothing-rule", schema: "c_instead_nothing_rule", tables: "messages: {tenant: author}", setting: "app.author"},
	{
		folder: "34-barrier-view-no-leak", schema: "c_barrier_view", tables: "documents: {tenant: shared}", anonymous: "\"visibility = 'public'\"",
	},
	{folder: "36-column-grant-rls-mediated", schema: "c_column_grant_rls", tables: "notes: {tenant: author}", setting: "app.author"},
	{folder: "36-policy-function-leakproof", schema: "c_policy_fn_leakproof", tables: "invoices: {tenant: tenant_id}", typ: "uuid", setting: jwtTenant, why: sound},
	{folder: "37-sort-column-unindexed", schema: "c_sort_no_index", tables: "feed_items: {tenant: shared}", why: shared},
	{
		folder: "37-unaudited-base-relation", schema: "c_unaudited_view, c_unaudited_hidden", setting: "app.subject",
		tables: "c_unaudited_hidden.credentials: {tenant: subject}, c_unaudited_view.sessions: {tenant: subject}",
		why:    "labelled a leak; the table is FORCEd and has no policy for the view's owner, who therefore sees no row",
	},
	{folder: "38-foreign-key-with-index", schema: "c_fk_indexed", tables: "authors: {tenant: shared}, books: {tenant: shared}", why: shared},
	{
		folder: "38-invoker-view-unaudited-base", schema: "c_invoker_unaudited, c_invoker_hidden", setting: "app.subject",
		tables: "c_invoker_hidden.credentials: {tenant: subject}, c_invoker_unaudited.sessions: {tenant: subject}",
	},
	{
		folder: "41-index-prefix-not-redundant", schema: "c_index_not_redundant", tables: "shipments: {tenant: tenant_id}", typ: "uuid", setting: jwtTenant,
		leaks: []string{"user: select c_index_not_redundant.shipments (read)"}, why: open,
	},
	{
		folder: "41-unreadable-view-body", schema: "c_unreadable_view", tables: "ledger: {tenant: subject}", setting: "app.subject",
		leaks: []string{"anonymous: call view c_unreadable_view.activity (open)"},
	},
	{
		folder: "42-invoker-view-unreadable-body", schema: "c_invoker_unreadable", tables: "ledger: {tenant: subject}", setting: "app.subject",
		leaks: []string{"anonymous: select c_invoker_unreadable.ledger (open)", "anonymous: call view c_invoker_unreadable.activity (open)"},
		why:   "the view adds nothing: the table that it reads is granted, and its row security is off",
	},
	{folder: "42-search-column-indexed", schema: "c_search_indexed", tables: "articles: {tenant: shared}", why: shared},
	{folder: "43-anon-sequence-grant", schema: "c_seq_grant", tables: "invoices: {tenant: subject}", setting: "app.subject", why: "a sequence counts for all, and tells nothing of a row"},
	{folder: "44-serial-sequence-usage", schema: "c_seq_serial", tables: "tickets: {tenant: subject}", setting: "app.subject"},
	{
		folder: "46-unchecked-writable-view", schema: "c_unchecked_view_write", tables: "notes: {tenant: tenant}", setting: "app.tenant",
		leaks: []string{"anonymous: call insert into view c_unchecked_view_write.tenant_notes (open)"},
	},
	{folder: "47-checked-writable-view", schema: "c_checked_view_write", tables: "notes: {tenant: tenant}", setting: "app.tenant"},
	{
		folder: "50-instead-of-trigger-write", schema: "c_trigger_write", tables: "submissions: {tenant: author}", setting: "app.author",
		leaks: []string{"anonymous: call insert into view c_trigger_write.submission_inbox (open)"},
	},
	{folder: "51-invoker-trigger-no-write", schema: "c_invoker_trigger", tables: "submissions: {tenant: author}", setting: "app.author"},
	{folder: "52-revocable-execute-grant", schema: "c_revocable", tables: "events: {tenant: shared}", anonymous: "all"},
	{folder: "53-policy-predicate-retains-execute", schema: "c_policy_reach", tables: "docs: {tenant: owner_id}", typ: "bigint", setting: "app.uid", role: "corpus_anon"},
}

// TestSafegres walks public schemas of one trap each: the leaks are found with their
// classes, and the others, many of which look alike, are silent.
func TestSafegres(t *testing.T) {
	server := require.Postgres(t)
	root := require.Corpus(t)
	for _, c := range safegresSorted {
		t.Run(c.folder, func(t *testing.T) {
			if c.version > 0 {
				require.Version(t, server, c.version)
			}
			t.Parallel()
			r := walked(t, c.contract(t, filepath.Join(root, safegresCases)), nil)
			for _, l := range r.Leads {
				t.Errorf("unconfirmed: %s: %s", l.Cell, l.Reason)
			}
			var found []string
			for _, b := range r.Blocks {
				f := b.Finding
				object, action := f.Table, f.Command
				if f.Path != "" {
					object, action = f.Path, "call"
				}
				found = append(append(found, fmt.Sprintf("%s: %s %s (%s)", f.Session, action, object, f.Class)), b.Like...)
			}
			sort := cmpopts.SortSlices(func(a, b string) bool { return a < b })
			if d := cmp.Diff(c.leaks, found, sort, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("leaks (-want +got):\n%s", d)
			}
		})
	}
}

// contract writes the contract of a case, with a login for its two roles.
func (c *safegresCase) contract(t *testing.T, folder string) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	login := write("login.sql", "CREATE ROLE corpus_login LOGIN;\nGRANT corpus_user, corpus_anon TO corpus_login;\n")
	settings := ""
	if c.setting != "" {
		settings = "    settings: {" + c.setting + ": $tenant}\n"
	}
	return write("rlsfuzz.yaml", fmt.Sprintf(`schema: ['%s', '%s', '%s']
schemas: [%s]
tenant: {values: %s}
tables: {%s}
sessions:
  user:
    login: corpus_login
    role: %s
%s    sees: {"*": {may: own}}
  anonymous:
    login: corpus_login
    role: corpus_anon
    sees: %s
    writes: none
`, filepath.Join(folder, "bootstrap.sql"), filepath.Join(folder, "cases", c.folder, "schema.sql"), login, c.schema,
		or(c.typ, "text"), c.tables, or(c.role, "corpus_user"), settings, or(c.anonymous, "none")))
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
