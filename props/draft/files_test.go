package draft_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/draft"
)

// TestFiles finds migrations in the order in which their tools run them.
func TestFiles(t *testing.T) {
	for _, k := range []struct {
		name        string
		files, want []string
		written     []string
	}{
		{
			name:  "numbers of several digits",
			files: []string{"V10__c.sql", "V2__b.sql", "V1__a.sql", "U2__b.sql"},
			want:  []string{"V1__a.sql", "V2__b.sql", "V10__c.sql"}, written: []string{"*.sql"},
		},
		{
			name:  "dates, as a pattern",
			files: []string{"20240102_b.sql", "20240101_a.sql", "readme.md"},
			want:  []string{"20240101_a.sql", "20240102_b.sql"}, written: []string{"*.sql"},
		},
		{
			name:  "up and down",
			files: []string{"1_a.up.sql", "1_a.down.sql", "2_b.up.sql", "2_b.down.sql"},
			want:  []string{"1_a.up.sql", "2_b.up.sql"}, written: []string{"*.sql"},
		},
		{
			name:  "a folder of migrations before all else",
			files: []string{"migrations/2.sql", "migrations/1.sql", "tests/x.sql"},
			want:  []string{"migrations/1.sql", "migrations/2.sql"}, written: []string{"migrations/*.sql"},
		},
		{
			name:  "a folder for each migration",
			files: []string{"prisma/9_a/migration.sql", "prisma/10_b/migration.sql", "tests/x.sql", "revert/y.sql"},
			want:  []string{"prisma/9_a/migration.sql", "prisma/10_b/migration.sql"}, written: []string{"prisma/9_a/migration.sql", "prisma/10_b/migration.sql"},
		},
	} {
		t.Run(k.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, f := range k.files {
				path := filepath.Join(dir, f)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, nil, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			found, _, err := draft.Files([]string{dir})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range found {
				rel, err := filepath.Rel(dir, f)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, filepath.ToSlash(rel))
			}
			if d := cmp.Diff(k.want, got); d != "" {
				t.Errorf("files (-want +got):\n%s", d)
			}
			if d := cmp.Diff(k.written, draft.Written(dir, found)); d != "" {
				t.Errorf("in the contract (-want +got):\n%s", d)
			}
		})
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
