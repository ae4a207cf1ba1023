package draft_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/draft"
)

// TestWritten names files in the contract: as one pattern where that gives them in the same order.
func TestWritten(t *testing.T) {
	for _, k := range []struct {
		name           string
		files, written []string
	}{
		{
			name:    "numbers of several digits",
			files:   []string{"V10__c.sql", "V2__b.sql", "V1__a.sql", "U2__b.sql"},
			written: []string{"*.sql"},
		},
		{
			name:    "dates, as a pattern",
			files:   []string{"20240102_b.sql", "20240101_a.sql", "readme.md"},
			written: []string{"*.sql"},
		},
		{
			name:    "up and down",
			files:   []string{"1_a.up.sql", "1_a.down.sql", "2_b.up.sql", "2_b.down.sql"},
			written: []string{"*.sql"},
		},
		{
			name:    "a folder of migrations before all else",
			files:   []string{"migrations/2.sql", "migrations/1.sql", "tests/x.sql"},
			written: []string{"migrations/*.sql"},
		},
		{
			name:    "a folder for each migration",
			files:   []string{"prisma/9_a/migration.sql", "prisma/10_b/migration.sql", "tests/x.sql", "revert/y.sql"},
			written: []string{"prisma/9_a/migration.sql", "prisma/10_b/migration.sql"},
		},
	} {
		t.Run(k.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, f := range k.files {
				writeFile(t, filepath.Join(dir, f))
			}
			found, _, err := draft.Files([]string{dir})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(k.written, draft.Written(dir, found)); d != "" {
				t.Errorf("in the contract (-want +got):\n%s", d)
			}
		})
	}
}

// TestFiles joins the files of several sources, with the notes of all of them.
func TestFiles(t *testing.T) {
	for _, k := range []struct {
		name           string
		files, sources []string
		want, left     []string
		err            string
	}{
		{
			name:  "a file that another source leaves out",
			files: []string{"db/V1__a.sql", "db/roles.sql", "db/U1__a.sql"}, sources: []string{"db/roles.sql", "db", "db/V1__a.sql"},
			want: []string{"db/roles.sql", "db/V1__a.sql"}, left: []string{"db/U1__a.sql is left out: it undoes a migration"},
		},
		{
			name:  "a folder without SQL",
			files: []string{"a.sql", "db/readme.md"}, sources: []string{"a.sql", "db"},
			err: "db: no .sql file in it or below it; name the files",
		},
		{
			name:  "a folder of a packed file alone",
			files: []string{"a.sql", "db/s.sql.gz"}, sources: []string{"a.sql", "db"},
			err: "db: no .sql file in it or below it; db/s.sql.gz is left out: it is packed: name it",
		},
		{
			name:  "no file",
			files: []string{"a.sql"}, sources: []string{"a.sql", "b/*.sql"},
			err: `schema "b/*.sql": no .sql file matches it`,
		},
	} {
		t.Run(k.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for _, f := range k.files {
				writeFile(t, f)
			}
			got, notes, err := draft.Files(k.sources)
			if k.err != "" || err != nil {
				if k.err == "" || err == nil || !strings.Contains(err.Error(), k.err) {
					t.Errorf("%v, want …%s…", err, k.err)
				}
				return
			}
			if d := cmp.Diff(k.want, got); d != "" {
				t.Errorf("files (-want +got):\n%s", d)
			}
			if d := cmp.Diff(k.left, notes); d != "" {
				t.Errorf("notes (-want +got):\n%s", d)
			}
		})
	}
}

func writeFile(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestGuess says which surroundings files lean on, unless they make them.
func TestGuess(t *testing.T) {
	for _, k := range []struct{ name, sql, want, why string }{
		{name: "nothing", sql: "CREATE TABLE a (id int)", want: "plain"},
		{name: "auth.uid()", sql: "CREATE TABLE a (id uuid);\nCREATE POLICY p ON a USING (id = auth.uid())", want: "supabase", why: "auth.uid( in f.sql:2"},
		{name: "a schema auth of their own", sql: "CREATE SCHEMA IF NOT EXISTS auth; CREATE FUNCTION auth.uid() RETURNS int LANGUAGE sql AS 'SELECT 1'", want: "plain"},
		{name: "PostgREST's roles", sql: "GRANT SELECT ON a TO anon", want: "postgrest", why: "TO anon in f.sql:1"},
	} {
		t.Run(k.name, func(t *testing.T) {
			preset, why := draft.Guess([]draft.Text{{Name: "f.sql", SQL: k.sql}})
			if preset != k.want || why != k.why {
				t.Errorf("%s (%s), want %s (%s)", preset, why, k.want, k.why)
			}
		})
	}
}
