package props_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// sidePath is a public case of a view that writes or reads past row security, or that
// only looks so. found is the path of its leak; empty: it is silent.
type sidePath struct {
	folder, schema string
	tables         string // how they belong to tenants
	setting        string
	found, class   string
	why            string // where the case's own label says otherwise
}

const safegresCases = "constructive-io__safegres-corpus/packages/safegres/corpus"

var sidePaths = []sidePath{
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
		folder: "46-unchecked-writable-view", schema: "c_unchecked_view_write", tables: "notes: {tenant: tenant}", setting: "app.tenant",
		found: "insert into view c_unchecked_view_write.tenant_notes", class: "open",
	},
	{folder: "47-checked-writable-view", schema: "c_checked_view_write", tables: "notes: {tenant: tenant}", setting: "app.tenant"},
	{
		folder: "50-instead-of-trigger-write", schema: "c_trigger_write", tables: "submissions: {tenant: author}", setting: "app.author",
		found: "insert into view c_trigger_write.submission_inbox", class: "open",
	},
	{folder: "51-invoker-trigger-no-write", schema: "c_invoker_trigger", tables: "submissions: {tenant: author}", setting: "app.author"},
}

// TestSidePaths walks public schemas, each with one view: the leaks are found, and the
// cases that are paired with them are silent.
func TestSidePaths(t *testing.T) {
	require.Postgres(t)
	root := require.Corpus(t)
	for _, c := range sidePaths {
		t.Run(c.folder, func(t *testing.T) {
			t.Parallel()
			cfg := props.Config{Contract: c.contract(t, filepath.Join(root, safegresCases)), Workers: 1, SkipRandom: true, Postgres: os.Getenv("RLSFUZZ_POSTGRES")}
			target, err := props.Open(context.Background(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = target.Close() })
			r, err := props.Run(context.Background(), target, cfg)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range r.Leads {
				t.Errorf("unconfirmed: %s: %s", l.Cell, l.Reason)
			}
			found := false
			for _, b := range r.Blocks {
				if b.Finding.Path == c.found && b.Finding.Class.String() == c.class {
					found = true
				} else {
					t.Errorf("another finding:\n%s", b)
				}
			}
			if c.found != "" && !found {
				t.Errorf("%s (%s) is not found", c.found, c.class)
			}
		})
	}
}

// contract writes the contract of a case, with a login for its two roles.
func (c *sidePath) contract(t *testing.T, folder string) string {
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
	return write("rlsfuzz.yaml", fmt.Sprintf(`schema: ['%s', '%s', '%s']
schemas: [%s]
tenant: {values: text}
tables: {%s}
sessions:
  user:
    login: corpus_login
    role: corpus_user
    settings: {%s: $tenant}
    sees: {"*": {may: own}}
  anonymous:
    login: corpus_login
    role: corpus_anon
    sees: none
    writes: none
`, filepath.Join(folder, "bootstrap.sql"), filepath.Join(folder, "cases", c.folder, "schema.sql"), login, c.schema, c.tables, c.setting))
}
