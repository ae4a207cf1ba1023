package props_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// publicSchema is a schema of the corpus, and how it is loaded: what its own tools or
// README would do, which is no work of rlsfuzz's.
type publicSchema struct {
	name   string // of its reviewed contract, too
	folder string // in the corpus
	run    []string
	before string      // SQL that runs first: the roles that the files name
	edits  [][2]string // patterns in the files and what takes their place
}

const rlsautotest = "unitautogen__rlsautotest/examples"

var publicSchemas = []publicSchema{
	{name: "aws-samples", folder: "aws-samples__aws-saas-factory-postgresql-rls/app/src/main/resources", run: []string{"bootstrap.sql"}, edits: [][2]string{
		{`\{\{DB_APP_USER\}\}`, "saas_app"}, {`\{\{DB_APP_PASS\}\}`, "saas"}, {`(?m)^\$\$$`, "$$$$;"},
	}},
	{name: "basejump", folder: "usebasejump__basejump/supabase/migrations", run: []string{"*.sql"}},
	{name: "chatbot-ui", folder: "mckaywrigley__chatbot-ui/supabase/migrations", run: []string{"*.sql"}, edits: [][2]string{
		{`(?i)vector ?\(\d+\)`, "float8[]"}, {`(?im)^create extension (http|vector)\b.*$`, ""}, {`(?is)CREATE INDEX \w+ ON \w+\s+USING hnsw[^;]*;`, ""},
	}},
	{name: "dctalbot", folder: "dctalbot__pg-tenant-isolation", run: []string{"init.sql"}},
	{name: "graphile", folder: "graphile__starter/data", run: []string{"schema.sql"}, before: `
CREATE ROLE graphile_starter LOGIN; CREATE ROLE graphile_starter_visitor; CREATE ROLE graphile_starter_authenticator LOGIN NOINHERIT;
GRANT graphile_starter_visitor TO graphile_starter_authenticator;`},
	{name: "launchql", folder: "launchql__supabase-test-suite/packages/hello-world/deploy", run: []string{"rls-demo.sql"}},
	{name: "makerkit", folder: "makerkit__nextjs-saas-starter-kit-lite/apps/web/supabase/migrations", run: []string{"*.sql"}},
	{name: "nextbase", folder: "imbhargav5__nextbase-nextjs-supabase-starter/apps/database/supabase/migrations", run: []string{"*.sql"}},
	{name: "rlsautotest-acl", folder: "unitautogen__rlsautotest/test-schemas", run: []string{"acl.sql"}},
	{name: "rlsautotest-quoted", folder: rlsautotest, run: []string{"quoted_idents.sql"}},
	{name: "rlsautotest-rbac-tenant", folder: rlsautotest, run: []string{"rbac_tenant.sql"}},
	{name: "rlsautotest-tenancy", folder: rlsautotest, run: []string{"tenancy.sql"}},
	{name: "rlsautotest-vault", folder: "unitautogen__rlsautotest/test-schemas", run: []string{"vault.sql"}},
	{name: "rlsgrid-blog", folder: "matte97p__rlsgrid/examples/blog", run: []string{"schema.sql"}},
	{name: "rlsgrid-multitenant", folder: "matte97p__rlsgrid/examples/multitenant", run: []string{"schema.sql"}},
	{name: "slack-clone", folder: "supabase__supabase-examples/slack-clone", run: []string{"full-schema.sql"}},
	{name: "subzero", folder: "subzerocloud__postgrest-starter-kit/db/src", run: []string{"init.sql"}, edits: [][2]string{
		{`(?m)^\\setenv .*$`, ""},
		{"(?m)^\\\\set base_dir `.*$", ""},
		{"`echo \\$DB_ANON_ROLE`", "anonymous"},
		{"`echo \\$DB_USER`", "authenticator"},
		{"`echo \\$DB_PASS`", "pass"},
		{"`echo \\$JWT_SECRET`", "reallyreallyreallyreallyverysafe"},
	}},
	{name: "vercel", folder: "vercel__nextjs-subscription-payments", run: []string{"schema.sql"}},
}

// prepare copies a schema's files and gives their folder and what runs.
func (p *publicSchema) prepare(t *testing.T) (dir string, sources []string) {
	t.Helper()
	from, dir := filepath.Join(require.Corpus(t), p.folder), t.TempDir()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".sql" {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text := string(b)
		for _, e := range p.edits {
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
	if p.before != "" {
		if err := os.WriteFile(filepath.Join(dir, "0-before.sql"), []byte(p.before), 0o644); err != nil {
			t.Fatal(err)
		}
		sources = append(sources, filepath.Join(dir, "0-before.sql"))
	}
	for _, r := range p.run {
		sources = append(sources, filepath.Join(dir, r))
	}
	return dir, sources
}

// expected is a leak of a public schema, as its contract names it in a comment:
//
//	# leak: SESSION: COMMAND TABLE (CLASS): why
//	# leak: SESSION: call PATH (CLASS): why
var expected = regexp.MustCompile(`(?m)^# leak: (.*?: (?:(?:select|insert|update|delete) \S+|call .+?) \(\w+\)): \S`)

// TestPublicSchemas drafts a contract for each schema of the corpus, then checks it
// against the one that was reviewed: it has the leaks that are written there, no others.
func TestPublicSchemas(t *testing.T) {
	for i := range publicSchemas {
		p := &publicSchemas[i]
		t.Run(p.name, func(t *testing.T) {
			dir, sources := p.prepare(t)
			require.Postgres(t)
			path := filepath.Join(dir, "rlsfuzz.yaml")
			began := time.Now()
			d, err := props.Init(t.Context(), props.InitConfig{Sources: sources, Contract: path, Postgres: os.Getenv("RLSFUZZ_POSTGRES")})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("drafted in %s", time.Since(began).Round(time.Millisecond))
			if out := os.Getenv("RLSFUZZ_DRAFTS"); out != "" {
				if err := os.WriteFile(filepath.Join(out, p.name+".yaml"), []byte(d.YAML), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			reviewed, err := os.ReadFile(filepath.Join("contract", "testdata", "corpus", p.name+".yaml"))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, reviewed, 0o644); err != nil {
				t.Fatal(err)
			}
			checkPublic(t, path, expected.FindAllStringSubmatch(string(reviewed), -1))
		})
	}
}

// publicTime is how long one schema may take at most: a first finding walks the matrix.
var publicTime = func() time.Duration {
	if require.IsLong() {
		return 15 * time.Minute
	}
	return 15 * time.Second
}()

// checkPublic checks for a short while: what is found must be written, and what is
// written is found when there is time.
func checkPublic(t *testing.T, path string, leaks [][]string) {
	cfg := props.Config{Contract: path, Postgres: os.Getenv("RLSFUZZ_POSTGRES"), Checks: 300, Seed: 1}
	if !require.IsLong() {
		cfg.SkipMatrix = true
	} else {
		cfg.Checks = 20000
	}
	target, err := props.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = target.Close() }()
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), publicTime)
	defer cancel()
	r, err := props.Run(ctx, target, cfg)
	if r == nil || err != nil && ctx.Err() == nil {
		t.Fatal(err)
	}
	t.Logf("%d tables, %d checks in %s", len(target.Contract.Schema.Tables), r.Checks, time.Since(began).Round(time.Second))
	var known, found []string
	for _, l := range leaks {
		known = append(known, l[1])
	}
	for _, b := range r.Blocks {
		f := b.Finding
		first := fmt.Sprintf("%s: %s %s (%s)", f.Session, f.Command, f.Table, f.Class)
		if f.Path != "" { // whatever it did to the table
			first = fmt.Sprintf("%s: call %s (%s)", f.Session, f.Path, f.Class)
		}
		for _, name := range append(b.Like, first) {
			found = append(found, name)
			if !slices.Contains(known, name) {
				t.Errorf("not written in the contract: %s", name)
			}
		}
	}
	for _, l := range known {
		if require.IsLong() && !slices.Contains(found, l) {
			t.Errorf("not found: %s", l)
		}
	}
}

// TestPublicDrafts drafts a contract for every other schema of the corpus, small ones that
// each try one thing. That it resolves is a part of Init; which of them leak is not asked.
func TestPublicDrafts(t *testing.T) {
	root := require.Corpus(t)
	server := require.Postgres(t)
	const cases = "constructive-io__safegres-corpus/packages/safegres/corpus"
	var sources [][]string
	for _, pattern := range []string{cases + "/cases/*/schema.sql", rlsautotest + "/*.sql", "unitautogen__rlsautotest/test-schemas/*.sql"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("no file %s: %v", pattern, err)
		}
		for _, f := range found {
			if strings.Contains(f, "/cases/") {
				sources = append(sources, []string{filepath.Join(root, cases, "bootstrap.sql"), f})
			} else {
				sources = append(sources, []string{f})
			}
		}
	}
	for _, s := range sources {
		name := strings.TrimSuffix(strings.TrimPrefix(s[len(s)-1], root+"/"), ".sql")
		t.Run(filepath.Base(filepath.Dir(name))+"/"+filepath.Base(name), func(t *testing.T) {
			if strings.Contains(name, "24-anon-set-role") {
				require.Version(t, server, 16) // GRANT … WITH INHERIT FALSE
			}
			_, err := props.Init(t.Context(), props.InitConfig{
				Sources: s, Contract: filepath.Join(t.TempDir(), "rlsfuzz.yaml"), Postgres: os.Getenv("RLSFUZZ_POSTGRES"),
			})
			if strings.Contains(name, "45-anon-foreign-table") {
				if err == nil || !strings.Contains(err.Error(), "no table") {
					t.Errorf("a schema of foreign tables alone: %v", err)
				}
				return
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}
