package fill_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// corpusCase is a schema that nobody here wrote, and how it loads.
type corpusCase struct {
	name    string
	root    string // the tenants' table; empty: the column that most policies name
	before  string // SQL before the files: the roles that they name
	files   []string
	schemas []string // judged; empty: all that some role may use
	vars    map[string]string
	version int                 // of the server, at least
	change  func(string) string // what the corpus' README says of the files
}

const (
	stubs      = "stubs/supabase.sql"
	searchPath = `ALTER DATABASE :"DBNAME" SET search_path = public, extensions`
)

var corpus = []corpusCase{
	{name: "basejump", root: "basejump.accounts", before: searchPath, files: []string{stubs, "usebasejump__basejump/supabase/migrations/*.sql"}},
	{name: "makerkit", root: "accounts", files: []string{stubs, "makerkit__nextjs-saas-starter-kit-lite/apps/web/supabase/migrations/*.sql"}},
	{name: "nextbase", root: "auth.users", files: []string{stubs, "imbhargav5__nextbase-nextjs-supabase-starter/apps/database/supabase/migrations/*.sql"}},
	{name: "vercel", root: "auth.users", files: []string{stubs, "vercel__nextjs-subscription-payments/schema.sql"}},
	{name: "slack-clone", root: "users", files: []string{stubs, "supabase__supabase-examples/slack-clone/full-schema.sql"}},
	{name: "chatbot-ui", root: "auth.users", before: searchPath, files: []string{stubs, "mckaywrigley__chatbot-ui/supabase/migrations/*.sql"}, change: vectors},
	{name: "launchql", root: "auth.users", files: []string{stubs, "launchql__supabase-test-suite/packages/hello-world/deploy/*.sql"}},
	{name: "rlsgrid-blog", root: "auth.users", files: []string{stubs, "matte97p__rlsgrid/examples/blog/schema.sql"}},
	{name: "rlsgrid-multitenant", files: []string{stubs, "matte97p__rlsgrid/examples/multitenant/schema.sql"}},
	{name: "aws", root: "tenant", files: []string{"aws-samples__*/app/src/main/resources/bootstrap.sql"}, change: func(s string) string {
		return strings.NewReplacer("{{DB_APP_USER}}", "corpus_app", "{{DB_APP_PASS}}", "corpus").Replace(strings.ReplaceAll(s, "END\n$$\n", "END\n$$;\n"))
	}},
	{name: "dctalbot", files: []string{"dctalbot__pg-tenant-isolation/init.sql"}},
	{name: "graphile", root: "app_public.users", files: []string{"graphile__starter/data/schema.sql"}, before: `CREATE ROLE graphile_starter LOGIN; CREATE ROLE graphile_starter_visitor;
CREATE ROLE graphile_starter_authenticator LOGIN NOINHERIT; GRANT graphile_starter_visitor TO graphile_starter_authenticator;`},
	{
		name: "subzero", root: "data.user", schemas: []string{"data", "settings"}, files: []string{"subzerocloud__postgrest-starter-kit/db/src/init.sql"},
		vars:   map[string]string{"anonymous": "anonymous", "authenticator": "authenticator", "authenticator_pass": "corpus", "jwt_secret": "corpus"},
		change: func(s string) string { return environment.ReplaceAllString(s, "") },
	},
}

var (
	vectorType  = regexp.MustCompile(`(?i)\bvector\(\d+\)`)
	vectorIndex = regexp.MustCompile(`(?is)CREATE INDEX[^;]*hnsw[^;]*;`)
	extension   = regexp.MustCompile(`(?i)create extension (http|vector) [^;]*;`)
	environment = regexp.MustCompile("(?m)^\\\\(setenv|set \\w+ `).*$")
)

// vectors does without extensions that few servers have.
func vectors(s string) string {
	return vectorType.ReplaceAllString(vectorIndex.ReplaceAllString(extension.ReplaceAllString(s, ""), ""), "float8[]")
}

// TestCorpus fills public schemas and counts what stays empty.
func TestCorpus(t *testing.T) {
	root := require.Corpus(t)
	s := require.Postgres(t)
	var total measure
	for _, k := range append(slices.Clone(corpus), folders(t, root)...) {
		t.Run(k.name, func(t *testing.T) {
			if k.version > s.Version()/10000 {
				t.Skipf("its grammar is that of PostgreSQL %d", k.version)
			}
			sources := []source{{path: "before", text: k.before + ";"}}
			for _, pattern := range k.files {
				found, err := filepath.Glob(filepath.Join(root, pattern))
				if err != nil || len(found) == 0 {
					t.Fatalf("no file %s: %v", pattern, err)
				}
				slices.Sort(found)
				for _, path := range found {
					text, err := os.ReadFile(path)
					if err != nil {
						t.Fatal(err)
					}
					src := source{path: path, text: string(text), vars: k.vars}
					if k.change != nil {
						src.text = k.change(src.text)
					}
					sources = append(sources, src)
				}
			}
			conn := load(t, s, sources...)
			began := time.Now()
			p := plan(t, conn, k.root, k.schemas...)
			took := time.Since(began)
			m := measureDatasets(t, conn, p)
			t.Logf("%-20s tables %d filled %d; ordinary columns %d given %d; all columns %d given %d; fit %v", k.name, m.tables, m.filled, m.columns, m.given, m.all, m.allGiven, took.Round(time.Millisecond))
			for _, why := range m.empty {
				t.Log("  empty: " + why)
			}
			for _, why := range m.void {
				t.Log("  always NULL: " + why)
			}
			if len(m.thin) > 0 {
				t.Log("  one value only: " + strings.Join(m.thin, ", "))
			}
			total.tables += m.tables
			total.filled += m.filled
			total.columns += m.columns
			total.given += m.given
		})
	}
	t.Logf("all: tables %d filled %d; ordinary columns %d given %d", total.tables, total.filled, total.columns, total.given)
	if total.given*100 < total.columns*99 {
		t.Errorf("%d of %d ordinary columns have values, want 99 %%", total.given, total.columns)
	}
}

// folders is the collections of small schemas.
func folders(t *testing.T, root string) []corpusCase {
	t.Helper()
	var out []corpusCase
	const safegres = "constructive-io__safegres-corpus/packages/safegres/corpus/"
	for pattern, before := range map[string][]string{
		safegres + "cases/*/schema.sql":               {safegres + "bootstrap.sql"},
		"unitautogen__rlsautotest/examples/*.sql":     {stubs},
		"unitautogen__rlsautotest/test-schemas/*.sql": {stubs},
	} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("no file %s: %v", pattern, err)
		}
		for _, path := range found {
			rel, err := filepath.Rel(root, path)
			if err != nil {
				t.Fatal(err)
			}
			name := strings.TrimSuffix(filepath.Base(path), ".sql")
			if name == "schema" {
				name = filepath.Base(filepath.Dir(path))
			}
			version := 0
			if strings.HasPrefix(name, "24-") { // GRANT … WITH INHERIT FALSE
				version = 16
			}
			out = append(out, corpusCase{name: name, version: version, files: append(slices.Clone(before), rel)})
		}
	}
	slices.SortFunc(out, func(a, b corpusCase) int { return strings.Compare(a.files[1], b.files[1]) })
	return out
}
