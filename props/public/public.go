// Package public has schemas that nobody here wrote, for tests: how each is loaded from the corpus, which
// RLSFUZZ_CORPUS names, and its contract, drafted by init and reviewed by hand.
package public

import (
	"embed"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// Schema is a public schema, and how it is loaded: what its own tools or README would do,
// which is no work of rlsfuzz's.
type Schema struct {
	Name   string // of its reviewed contract, too
	folder string // in the corpus
	run    []string
	before string      // SQL that runs first: the roles that the files name
	edits  [][2]string // patterns in the files and what takes their place
}

// Schemas are those of which a contract was reviewed.
var Schemas = []Schema{
	{Name: "aws-samples", folder: "aws-samples__aws-saas-factory-postgresql-rls/app/src/main/resources", run: []string{"bootstrap.sql"}, edits: [][2]string{
		{`\{\{DB_APP_USER\}\}`, "saas_app"}, {`\{\{DB_APP_PASS\}\}`, "saas"}, {`(?m)^\$\$$`, "$$$$;"},
	}},
	{Name: "basejump", folder: "usebasejump__basejump/supabase/migrations", run: []string{"*.sql"}},
	{Name: "chatbot-ui", folder: "mckaywrigley__chatbot-ui/supabase/migrations", run: []string{"*.sql"}, edits: [][2]string{
		{`(?i)vector ?\(\d+\)`, "float8[]"}, {`(?im)^create extension (http|vector)\b.*$`, ""}, {`(?is)CREATE INDEX \w+ ON \w+\s+USING hnsw[^;]*;`, ""},
	}},
	{Name: "dctalbot", folder: "dctalbot__pg-tenant-isolation", run: []string{"init.sql"}},
	{Name: "graphile", folder: "graphile__starter/data", run: []string{"schema.sql"}, before: `
CREATE ROLE graphile_starter LOGIN; CREATE ROLE graphile_starter_visitor; CREATE ROLE graphile_starter_authenticator LOGIN NOINHERIT;
GRANT graphile_starter_visitor TO graphile_starter_authenticator;`},
	{Name: "launchql", folder: "launchql__supabase-test-suite/packages/hello-world/deploy", run: []string{"rls-demo.sql"}},
	{Name: "makerkit", folder: "makerkit__nextjs-saas-starter-kit-lite/apps/web/supabase/migrations", run: []string{"*.sql"}},
	{Name: "nextbase", folder: "imbhargav5__nextbase-nextjs-supabase-starter/apps/database/supabase/migrations", run: []string{"*.sql"}},
	{Name: "rlsautotest-acl", folder: "unitautogen__rlsautotest/test-schemas", run: []string{"acl.sql"}},
	{Name: "rlsautotest-quoted", folder: "unitautogen__rlsautotest/examples", run: []string{"quoted_idents.sql"}},
	{Name: "rlsautotest-rbac-tenant", folder: "unitautogen__rlsautotest/examples", run: []string{"rbac_tenant.sql"}},
	{Name: "rlsautotest-tenancy", folder: "unitautogen__rlsautotest/examples", run: []string{"tenancy.sql"}},
	{Name: "rlsautotest-vault", folder: "unitautogen__rlsautotest/test-schemas", run: []string{"vault.sql"}},
	{Name: "rlsgrid-blog", folder: "matte97p__rlsgrid/examples/blog", run: []string{"schema.sql"}},
	{Name: "rlsgrid-multitenant", folder: "matte97p__rlsgrid/examples/multitenant", run: []string{"schema.sql"}},
	{Name: "slack-clone", folder: "supabase__supabase-examples/slack-clone", run: []string{"full-schema.sql"}},
	{Name: "subzero", folder: "subzerocloud__postgrest-starter-kit/db/src", run: []string{"init.sql"}, edits: [][2]string{
		{`(?m)^\\setenv .*$`, ""},
		{"(?m)^\\\\set base_dir `.*$", ""},
		{"`echo \\$DB_ANON_ROLE`", "anonymous"},
		{"`echo \\$DB_USER`", "authenticator"},
		{"`echo \\$DB_PASS`", "pass"},
		{"`echo \\$JWT_SECRET`", "reallyreallyreallyreallyverysafe"},
	}},
	{Name: "vercel", folder: "vercel__nextjs-subscription-payments", run: []string{"schema.sql"}},
}

// Prepare copies a schema's files and gives their folder and what runs. The test is skipped
// where the corpus is not there.
func (s *Schema) Prepare(t testing.TB) (dir string, sources []string) {
	t.Helper()
	from, dir := filepath.Join(require.Corpus(t), s.folder), t.TempDir()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".sql" {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text := string(b)
		for _, e := range s.edits {
			text = regexp.MustCompile(e[0]).ReplaceAllString(text, e[1])
		}
		to := filepath.Join(dir, strings.TrimPrefix(path, from))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return os.WriteFile(to, []byte(text), 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.before != "" {
		if err := os.WriteFile(filepath.Join(dir, "0-before.sql"), []byte(s.before), 0o644); err != nil {
			t.Fatal(err)
		}
		sources = append(sources, filepath.Join(dir, "0-before.sql"))
	}
	for _, r := range s.run {
		sources = append(sources, filepath.Join(dir, r))
	}
	return dir, sources
}

//go:embed contracts/*.yaml
var contracts embed.FS

// Reviewed puts the reviewed contract into the folder of the schema's files, and gives its path.
func (s *Schema) Reviewed(t testing.TB, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "rlsfuzz.yaml")
	if err := os.WriteFile(path, s.contract(t), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// contract is the text of the reviewed contract.
func (s *Schema) contract(t testing.TB) []byte {
	t.Helper()
	text, err := contracts.ReadFile("contracts/" + s.Name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// leak is a leak of a schema, as its contract names it in a comment:
//
//	# leak: SESSION: COMMAND TABLE (CLASS): why
//	# leak: SESSION: call PATH (CLASS): why
var leak = regexp.MustCompile(`(?m)^# leak: (.*?: (?:(?:select|insert|update|delete) \S+|call .+?) \(\w+\)): \S`)

// Leaks are the leaks that the schema has, as the reviewed contract names them.
func (s *Schema) Leaks(t testing.TB) []string {
	t.Helper()
	var out []string
	for _, l := range leak.FindAllStringSubmatch(string(s.contract(t)), -1) {
		out = append(out, l[1])
	}
	return out
}
