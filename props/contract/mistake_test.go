package contract_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/jsonschema-go/jsonschema"

	"github.com/rlsfuzz/rlsfuzz/props/contract"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// good is a whole contract without a mistake; a case replaces one line of it.
const good = `schema: [schema.sql]
preset: plain
tenant: {table: accounts, key: id}
tables:
  invoices: {tenant: account_id}
sessions:
  member:
    login: app
    user: {table: users, where: role = 'member'}
    settings: {app.tenant_id: $tenant}
    sees:
      "*": own
      invoices: {rows: own and deleted_at is null, columns: [id, total]}
    writes:
      invoices: {insert: own, update: {from: own, to: own, columns: [total]}}
paths:
  export:
    kind: export
    as: [member]
    run: SELECT $1
    args: [users.email]
accept:
  - {path: export, class: existence, reason: known}
`

// mistake is one edit of good, and what is said of it.
type mistake struct {
	name     string
	old, new string
	at       string // where the caret points: the text from there on
	msg      string // part of the message
	expected string // part of what was expected
	sql      bool   // about SQL or names: a JSON Schema cannot know
}

var mistakes = []mistake{
	{name: "unknown key", old: "preset: plain", new: "pre_set: plain", at: "pre_set", msg: `unknown key "pre_set"`, expected: "did you mean preset?"},
	{name: "unknown key in a session", old: "login: app", new: "logn: app", at: "logn", msg: `unknown key "logn" in a session`, expected: "did you mean login?"},
	{name: "unknown key in a table", old: "{tenant: account_id}", new: "{tennant: account_id}", at: "tennant", msg: `unknown key "tennant"`, expected: "did you mean tenant?"},
	{name: "unknown key in update", old: "columns: [total]}}", new: "colums: [total]}}", at: "colums", msg: `unknown key "colums" in update`, expected: "did you mean columns?"},
	{name: "unknown key in a rule", old: "{rows: own and", new: "{row: own and", at: "row:", msg: `unknown key "row"`, expected: "did you mean rows?"},
	{name: "unknown key in a path", old: "    args: [users.email]", new: "    arg: [users.email]", at: "arg:", msg: `unknown key "arg"`, expected: "did you mean args?"},
	{name: "unknown key in an exception", old: "reason: known}", new: "reason: known, why: x}", at: "why", msg: `unknown key "why"`, expected: "reason"},
	{name: "a path without a kind", old: "    kind: export\n", new: "", at: "as: [member]", msg: `lacks the key "kind"`, expected: "kind: What it is, one of query, view, "},
	{name: "a session's name that a terminal obeys", old: "sessions:\n", new: "sessions:\n  \"b\\e[31m\": {login: app, sees: {\"*\": own}}\n", at: `"b\e`, msg: `"b\x1b[31m" is no name of a session`, expected: "characters that can be seen", sql: true},
	{name: "a session's name of two lines", old: "sessions:\n", new: "sessions:\n  \"b\\nc\": {login: app, sees: {\"*\": own}}\n", at: `"b\nc`, msg: `is no name of a session`, expected: "on one line", sql: true},
	{name: "a session without a name", old: "sessions:\n", new: "sessions:\n  \"\": {login: app, sees: {\"*\": own}}\n", at: `"": {`, msg: `"" is no name of a session`, expected: "characters that can be seen", sql: true},
	{name: "a mistyped connection string", old: "schema: [schema.sql]", new: "database: me:hunter2@h:1/d", at: "me:", msg: "no connection string", expected: "postgres://user@host", sql: true},
	{name: "a database as a file", old: "[schema.sql]", new: "['postgres://me:hunter2@h/d']", at: "'postgres", msg: "schema names a connection string", expected: "database:", sql: true},
	{name: "wrong preset", old: "preset: plain", new: "preset: plan", at: "plan", msg: `unknown preset "plan"`, expected: "did you mean plain?"},
	{name: "wrong bind", old: "    login: app", new: "    login: app\n    bind: locale", at: "locale", msg: `unknown bind "locale"`, expected: "local"},
	{name: "no address", old: "    login: app", new: "    login: app\n    via: pgbouncer", at: "pgbouncer", msg: `"pgbouncer" is no address of a pooler`, expected: "127.0.0.1:6432", sql: true},
	{name: "no port", old: "    login: app", new: "    login: app\n    via: localhost:0", at: "localhost:0", msg: `"0" is no port`, expected: "65535", sql: true},
	{name: "wrong class", old: "class: existence", new: "class: existance", at: "existance", msg: `unknown class "existance"`, expected: "did you mean existence?"},
	{name: "wrong kind of path", old: "kind: export", new: "kind: exports", at: "exports", msg: `unknown kind "exports"`, expected: "did you mean export?"},
	{name: "no tenant", old: "tenant: {table: accounts, key: id}\n", new: "", at: "schema:", msg: `lacks the key "tenant"`, expected: "tenant"},
	{name: "no login", old: "    login: app\n", new: "", at: "user:", msg: `a session lacks the key "login"`, expected: "login"},
	{name: "tenant is a text", old: "tenant: {table: accounts, key: id}", new: "tenant: accounts", at: "accounts", msg: "tenant is a text", expected: "a mapping"},
	{name: "sessions is a list", old: "sessions:\n  member:\n    login: app\n", new: "sessions:\n  - login: app\n", at: "- login", msg: "sessions is a list", expected: "a mapping"},
	{name: "login is a number", old: "login: app", new: "login: 7", at: "7", msg: "login is a number", expected: "in quotes"},
	{name: "login is a list", old: "login: app", new: "login: [app]", at: "[app]", msg: "login is a list", expected: "a text"},
	{name: "columns is a mapping", old: "columns: [id, total]", new: "columns: {id: total}", at: "{id", msg: "columns is a mapping", expected: "list of texts"},
	{name: "a rule is a number", old: `"*": own`, new: `"*": 7`, at: "7", msg: "is a number", expected: "own, all, none"},
	{name: "an empty rule", old: `"*": own`, new: `"*":`, at: "", msg: "is empty", expected: "own, all, none"},
	{name: "table and values", old: "key: id}", new: "values: text}", at: "text}", msg: "both table and values", expected: "either"},
	{name: "schema and database", old: "preset: plain", new: "database: postgres://localhost/app", at: "postgres:", msg: "both schema and database", expected: "either"},
	{name: "a path that runs nothing", old: "    run: SELECT $1\n    args: [users.email]\n", new: "", at: "kind:", msg: "runs nothing", expected: "run"},
	{name: "an unknown session", old: "as: [member]", new: "as: [membre]", at: "membre", msg: `unknown session "membre"`, expected: "did you mean member?", sql: true},
	{name: "an unknown path", old: "{path: export,", new: "{path: exprot,", at: "exprot", msg: `unknown path "exprot"`, expected: "did you mean export?", sql: true},
	{name: "an exception without a reason", old: ", reason: known", new: "", at: "{path", msg: `lacks the key "reason"`, expected: "reason"},
	{name: "an argument too many", old: "run: SELECT $1", new: "run: SELECT $1, $2", at: "$2", msg: "$2 has no argument", expected: "args with 2", sql: true},
	{name: "a rule that is no SQL", old: "own and deleted_at is null", new: "own and and deleted_at is null", at: "and deleted_at", msg: "not SQL", expected: "own, all, none", sql: true},
	{name: "where that is no SQL", old: "where: role = 'member'", new: `where: "role = 'member' or (true"`, at: `"}`, msg: "not SQL", expected: "own, all, none", sql: true},
	{name: "a path that is no SQL", old: "run: SELECT $1", new: "run: SELCT $1", at: "SELCT", msg: "not SQL", expected: "SQL", sql: true},
	{name: "no way to a tenant", old: "{tenant: account_id}", new: "{tenant: account_id ->}", at: "account_id ->", msg: "no way to a tenant", expected: "COLUMN -> TABLE"},
	{name: "shared among others", old: "{tenant: account_id}", new: "{tenant: [account_id, shared]}", at: "shared", msg: "stands among others", expected: "in a list"},
	{name: "shared and null", old: "{tenant: account_id}", new: `{tenant: shared, "null": shared}`, at: "shared}", msg: "has no tenants", expected: "null"},
	{name: "duplicate key", old: "preset: plain", new: "preset: plain\npreset: supabase", at: "preset: supabase", msg: `key "preset" stands here twice`, expected: "once", sql: true},
	{name: "duplicate table", old: `      "*": own`, new: "      invoices: own", at: "invoices: {rows", msg: "twice", expected: "once", sql: true},
	{name: "a bare star", old: `"*": own`, new: "*: own", at: "*", msg: "YAML", expected: "in quotes", sql: true},
	{name: "an unclosed bracket", old: "schema: [schema.sql]", new: "schema: [schema.sql", at: "", msg: "YAML", sql: true},
	{name: "a tab", old: "    login: app", new: "\tlogin: app", at: "", msg: "YAML", sql: true},
}

func (m *mistake) text(t *testing.T) string {
	t.Helper()
	if strings.Count(good, m.old) == 0 {
		t.Fatalf("the contract has no %q", m.old)
	}
	return strings.Replace(good, m.old, m.new, 1)
}

func TestMistakes(t *testing.T) {
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			src := m.text(t)
			_, err := contract.Parse("rlsfuzz.yaml", []byte(src))
			one(t, src, err, m.at, m.msg, m.expected)
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("it tells the password: %v", err)
			}
		})
	}
}

// one checks that among the mistakes there is the wanted one, at its place.
func one(t *testing.T, src string, err error, at, msg, expected string) {
	t.Helper()
	var all *contract.Errors
	if !errors.As(err, &all) || len(all.List) == 0 {
		t.Fatalf("got %v, want *Errors", err)
	}
	lines := strings.Split(src, "\n")
	for _, e := range all.List {
		if e.Line < 1 || e.Line > len(lines) || e.Col < 1 || e.Col > len([]rune(lines[e.Line-1]))+1 {
			t.Errorf("a place outside of the file: %v", e)
			continue
		}
		if e.Excerpt != strings.TrimRight(lines[e.Line-1], " \t") {
			t.Errorf("line %d is %q, the excerpt is %q", e.Line, lines[e.Line-1], e.Excerpt)
		}
		if !strings.Contains(e.Msg, msg) {
			continue
		}
		if rest := string([]rune(lines[e.Line-1])[e.Col-1:]); !strings.HasPrefix(rest, at) {
			t.Errorf("the caret points at %q, want %q:\n%v", rest, at, e)
		}
		if !strings.Contains(e.Expected, expected) {
			t.Errorf("expected %q, want something with %q", e.Expected, expected)
		}
		return
	}
	t.Errorf("no mistake with %q among:\n%v", msg, err)
}

func TestGoodContract(t *testing.T) {
	f, err := contract.Parse("rlsfuzz.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if f.Preset != "plain" || len(f.SchemaFiles) != 1 || f.SchemaFiles[0] != "schema.sql" {
		t.Errorf("preset %q, schema files %q", f.Preset, f.SchemaFiles)
	}
}

func TestEveryMistakeIsPrinted(t *testing.T) {
	src := strings.NewReplacer("preset: plain", "pre_set: plain", "logn", "login", "class: existence", "class: existance").Replace(good)
	_, err := contract.Parse("some/rlsfuzz.yaml", []byte(src))
	if err == nil {
		t.Fatal("no mistake")
	}
	for _, want := range []string{
		"some/rlsfuzz.yaml:2:1: unknown key \"pre_set\"", "\n  pre_set: plain\n  ^\n  expected one of schema",
		"some/rlsfuzz.yaml:23:27: unknown class", "\n    - {path: export, class: existance, reason: known}\n                            ^\n",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
}

func TestHashOfMeaning(t *testing.T) {
	hash := func(src string) string {
		t.Helper()
		f, err := contract.Parse("x.yaml", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		return f.Hash()
	}
	first := hash(good)
	if again := hash("# a comment\n" + strings.Replace(good, "login: app", `login:   "app"  # who`, 1)); again != first {
		t.Error("a comment, blanks and quotes change the hash")
	}
	if other := hash(strings.Replace(good, "login: app", "login: app2", 1)); other == first {
		t.Error("another login has the same hash")
	}
}

func TestJSONSchema(t *testing.T) {
	schema, err := contract.JSONSchema().Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(data(t, good)); err != nil {
		t.Errorf("the schema refuses a good contract: %v", err)
	}
	for _, m := range mistakes {
		if m.sql {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			if err := schema.Validate(data(t, m.text(t))); err == nil {
				t.Error("the schema accepts it")
			}
		})
	}
}

func TestJSONSchemaDescribesEveryKey(t *testing.T) {
	var walk func(path string, s *jsonschema.Schema)
	walk = func(path string, s *jsonschema.Schema) {
		if s == nil {
			return
		}
		for name, p := range s.Properties {
			if p.Description == "" {
				t.Errorf("%s.%s has no description", path, name)
			}
			walk(path+"."+name, p)
		}
		walk(path+".*", s.AdditionalProperties)
		walk(path+"[]", s.Items)
		for _, a := range s.AnyOf {
			walk(path, a)
		}
	}
	walk("", contract.JSONSchema())
}

// data is a YAML text as an editor's checker sees it.
func data(t *testing.T, src string) any {
	t.Helper()
	var out any
	if err := yaml.Unmarshal([]byte(src), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestByteOrderMark(t *testing.T) {
	if _, err := contract.Parse("rlsfuzz.yaml", []byte("\ufeff"+good)); err != nil {
		t.Error(err)
	}
}

func TestNotUTF8(t *testing.T) {
	_, err := contract.Parse("rlsfuzz.yaml", []byte(strings.Replace(good, "known", "caf\xe9 known", 1)))
	if err == nil || !strings.Contains(err.Error(), "rlsfuzz.yaml:23:49: this is not UTF-8") || !strings.Contains(err.Error(), "reason: caf\ufffd known") {
		t.Error(err)
	}
}

// TestPasswordsOfMistakes says that a message about a connection string does not show its
// password.
func TestPasswordsOfMistakes(t *testing.T) {
	_, err := contract.Parse("rlsfuzz.yaml", []byte("database: postgres://me:hunter2@h/d\n"+good))
	if err == nil || !strings.Contains(err.Error(), "both schema and database") || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}

// TestAcceptTakesEachClass names each class that a finding may be of.
func TestAcceptTakesEachClass(t *testing.T) {
	for class := judge.Open; class <= judge.Existence; class++ {
		src := strings.Replace(good, "class: existence", "class: "+class.String(), 1)
		if _, err := contract.Parse("rlsfuzz.yaml", []byte(src)); err != nil {
			t.Errorf("%s: %v", class, err)
		}
	}
}
