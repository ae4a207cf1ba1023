package props_test

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/contract"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// drafted writes the files to a folder and drafts a contract from them.
func drafted(t *testing.T, preset string, files map[string]string) *props.Drafted {
	t.Helper()
	require.Postgres(t) // or the test is skipped
	dir := require.Folder(t, files)
	d, err := props.Init(t.Context(), props.InitConfig{
		Sources: []string{dir}, Contract: filepath.Join(dir, "rlsfuzz.yaml"), Preset: preset, Postgres: os.Getenv("RLSFUZZ_POSTGRES"),
		AllowAnyServer: os.Getenv("RLSFUZZ_POSTGRES_ANY") == "1",
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestInit drafts a contract for each convention. That it resolves is a part of Init.
func TestInit(t *testing.T) {
	for _, c := range conventions {
		t.Run(c.name, func(t *testing.T) {
			d := drafted(t, "", map[string]string{"schema.sql": c.schema})
			var lines, comments []string
			for line := range strings.Lines(d.YAML) {
				line = strings.TrimSpace(line)
				if text, ok := strings.CutPrefix(line, "#"); ok {
					comments = append(comments, strings.TrimSpace(text))
				}
				lines = append(lines, line)
			}
			for _, w := range c.want {
				if !slices.Contains(lines, w) {
					t.Errorf("no line %s", w)
				}
			}
			said := strings.Join(comments, " ")
			for _, w := range c.says {
				if !strings.Contains(said, w) {
					t.Errorf("no comment says %s", w)
				}
			}
			for _, w := range c.not {
				if strings.Contains(said, w) {
					t.Errorf("a comment says %s", w)
				}
			}
			if t.Failed() {
				t.Log(d.YAML)
			}
		})
	}
}

// renamed gives every table and column of public a name that means nothing: x and a part
// of the name's hash.
const renamed = `
DO $$ DECLARE r record; BEGIN
  FOR r IN SELECT c.oid::regclass AS t, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped LOOP
    EXECUTE format('ALTER TABLE %s RENAME COLUMN %I TO %I', r.t, r.attname, 'x' || left(md5(r.attname), 8));
  END LOOP;
  FOR r IN SELECT c.oid::regclass AS t, c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') LOOP
    EXECUTE format('ALTER TABLE %s RENAME TO %I', r.t, 'x' || left(md5(r.relname), 8));
  END LOOP;
END $$;`

// word is a name in a contract; names of settings and roles stay.
var word = regexp.MustCompile(`app\.\w+|role: \w+|[A-Za-z_]\w*`)

// TestInitNames drafts schemas with all their names taken away: the draft is the same.
func TestInitNames(t *testing.T) {
	helpdesk, err := os.ReadFile("helpdesk/schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	schemas := map[string]string{"helpdesk": string(helpdesk)}
	for _, c := range conventions {
		if c.nameless {
			schemas[c.name] = c.schema
		}
	}
	for name, schema := range schemas {
		t.Run(name, func(t *testing.T) {
			plain := drafted(t, "plain", map[string]string{"1.sql": schema})
			nameless := drafted(t, "plain", map[string]string{"1.sql": schema, "2.sql": renamed})
			translated := word.ReplaceAllStringFunc(plain.YAML, func(w string) string {
				sum := md5.Sum([]byte(w))
				if x := "x" + hex.EncodeToString(sum[:])[:8]; strings.Contains(nameless.YAML, x) {
					return x
				}
				return w
			})
			if d := cmp.Diff(said(translated), said(nameless.YAML)); d != "" {
				t.Errorf("names decided (-with names +without):\n%s", d)
			}
			if !strings.Contains(nameless.YAML, "{tenant: x") {
				t.Error("nothing was renamed: the test shows nothing")
			}
		})
	}
}

// said is the lines of a contract without comments, in no order: tables come by name.
// Which column feeds an argument is no intent, and by name the best guess.
func said(yaml string) []string {
	var out []string
	for line := range strings.Lines(yaml) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "schema:") && !strings.HasPrefix(line, "args:") {
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return out
}

// TestInitAsks has one policy open two tables alike, with more to say of it than a line holds. A
// person is told once, and who reads the contract gets the whole of it at either table. Of columns
// that sound like credentials it is asked where a session may read them.
func TestInitAsks(t *testing.T) {
	t.Parallel()
	d := drafted(t, "plain", map[string]string{"schema.sql": `
CREATE ROLE asks_app LOGIN;
CREATE TABLE accounts (id bigint PRIMARY KEY);
CREATE TABLE notes (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts);
CREATE TABLE tasks (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts);
CREATE TABLE people (id bigint PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, "passwordHash" text, totp_key text, passed boolean);
GRANT SELECT (id, account_id, "passwordHash", passed) ON people TO asks_app;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY own ON tasks USING (account_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
CREATE POLICY maintenance_bypass ON notes USING (current_setting('app.maintenance', true) = 'on');
CREATE POLICY maintenance_bypass ON tasks USING (current_setting('app.maintenance', true) = 'on');
GRANT SELECT, INSERT, UPDATE, DELETE ON notes, tasks TO asks_app;
`})
	const question = `policy "maintenance_bypass" for ALL shows rows of any tenant where current_setting('app.maintenance'::text, true) = 'on'::text: meant?`
	if review := d.Draft.Review(); !slices.Contains(review, "notes, tasks: "+question) {
		t.Errorf("it is not asked once: %q", review)
	}
	const credential = `people.passwordHash sounds like what nobody should read, and asks_app may: meant? If not, sees: {people: {may: own, columns: [id, account_id, passed]}}`
	if review := d.Draft.Review(); !slices.Contains(review, credential) {
		t.Errorf("it is not asked about the column: %q", review)
	}
	f, err := contract.Load(d.Contract)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"notes", "tasks"} {
		got := f.Questions("asks_app", table, "")
		if !slices.ContainsFunc(got, func(q string) bool { return strings.HasSuffix(q, ": "+question) }) {
			t.Errorf("of %s the contract asks %q", table, got)
		}
	}
}

// TestInitAsksAlong has users delete what others' rows name: it is asked of the key that removes
// those, and not of the one that says whose a row is, or refuses.
func TestInitAsksAlong(t *testing.T) {
	t.Parallel()
	d := drafted(t, "supabase", map[string]string{"schema.sql": `
CREATE TABLE posts (id uuid PRIMARY KEY, author uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE, body text);
CREATE TABLE comments (id uuid PRIMARY KEY, post uuid NOT NULL REFERENCES posts ON DELETE CASCADE, author uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
	answers uuid REFERENCES comments ON DELETE SET NULL, pinned uuid REFERENCES posts, body text);
ALTER TABLE posts ENABLE ROW LEVEL SECURITY;
ALTER TABLE comments ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON posts USING (author = auth.uid());
CREATE POLICY own ON comments USING (author = auth.uid());
GRANT SELECT, INSERT, UPDATE, DELETE ON posts, comments TO authenticated;
`})
	var got []string
	for _, q := range d.Draft.Review() {
		if strings.Contains(q, "who deletes") {
			got = append(got, q)
		}
	}
	want := []string{
		"who deletes a row of comments changes the rows of comments that name it (answers), whoever's they are: meant?",
		"who deletes a row of posts removes the rows of comments that name it (post), whoever's they are: meant?",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("questions (-want +got):\n%s", d)
	}
}

// TestInitConverts has a policy ask a function that makes a key of a text, and fails of most texts: no
// rule can ask it of every row, so that the draft asks whose the rows are, and a check can begin.
func TestInitConverts(t *testing.T) {
	t.Parallel()
	d := drafted(t, "plain", map[string]string{"schema.sql": `
CREATE ROLE converts_app LOGIN;
CREATE TABLE accounts (id uuid PRIMARY KEY, name text NOT NULL);
CREATE TABLE notes (id bigint PRIMARY KEY, account_id uuid NOT NULL REFERENCES accounts, body text);
CREATE TABLE files (id bigint PRIMARY KEY, path text NOT NULL, size integer);
CREATE FUNCTION account() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.account', true), '')::uuid $$;
CREATE FUNCTION owner_of(path text) RETURNS uuid LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN split_part(path, '.', 1)::uuid; END $$;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY; ALTER TABLE files ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (account_id = account());
CREATE POLICY own ON files USING (owner_of(path) = account());
GRANT SELECT ON notes, files TO converts_app;
`})
	if !strings.Contains(d.YAML, "files: {tenant: shared}") || !slices.ContainsFunc(d.Draft.Review(), func(q string) bool { return strings.HasPrefix(q, "files leads to no tenant: ") }) {
		t.Errorf("it does not ask whose files are:\n%s", d.YAML)
	}
	ran(t, props.Config{Contract: d.Contract, Postgres: os.Getenv("RLSFUZZ_POSTGRES"), Checks: 50, SkipMatrix: true, Seed: 1})
}

// TestInitKeeps does not overwrite.
func TestInitKeeps(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "rlsfuzz.yaml")
	if err := os.WriteFile(path, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := props.Init(t.Context(), props.InitConfig{Sources: []string{dir}, Contract: path})
	var mistake *props.InputError
	if !errors.As(err, &mistake) || !strings.Contains(err.Error(), "--force") {
		t.Errorf("an existing contract: %v", err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "mine" {
		t.Errorf("the contract was touched: %q, %v", b, err)
	}
}
