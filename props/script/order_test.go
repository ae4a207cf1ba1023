package script_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/disk"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// TestExpandOrder finds files in the order of the tools that wrote them, and notes what it leaves out.
func TestExpandOrder(t *testing.T) {
	for _, tt := range []struct {
		name              string
		files, want, left []string
		plan              string
		patterns          []string // the folder itself where there is none
	}{
		{
			name:  "Flyway, with a repeatable one",
			files: []string{"R__views.sql", "U1__a.sql", "V1.1__x.sql", "V1__a.sql", "V10__c.sql", "V2__b.sql", "V2_0_1__d.sql", "afterMigrate.sql", "beforeEachMigrate.sql", "notes.sql"},
			want:  []string{"V1__a.sql", "V1.1__x.sql", "V2__b.sql", "V2_0_1__d.sql", "V10__c.sql", "R__views.sql", "afterMigrate.sql"},
			left:  []string{"U1__a.sql is left out: it undoes", "beforeEachMigrate.sql is left out", "notes.sql is left out"},
		},
		{
			name:  "Flyway, with repeatable ones, by their descriptions",
			files: []string{"R__a1.sql", "R__a_b.sql", "R__a-c.sql", "R__a.sql", "V1__a.sql"},
			want:  []string{"V1__a.sql", "R__a.sql", "R__a_b.sql", "R__a-c.sql", "R__a1.sql"},
		},
		{
			name:  "Flyway, with folders of tests and seeds",
			files: []string{"V1__a.sql", "more/V2__b.sql", "seed/V3__c.sql", "test/V4__d.sql"},
			want:  []string{"V1__a.sql", "more/V2__b.sql"},
			left:  []string{"seed/V3__c.sql and 1 more are left out: its folder is of tests"},
		},
		{
			name:     "Flyway, beside files that are named",
			files:    []string{"V1__a.sql", "last.sql", "other.sql", "roles.sql"},
			patterns: []string{"roles.sql", ".", "last.sql"},
			want:     []string{"roles.sql", "V1__a.sql", "last.sql"},
			left:     []string{"other.sql is left out: its name is none of Flyway's"},
		},
		{
			name:     "Flyway, by a pattern",
			files:    []string{"R__views.sql", "V1.1__x.sql", "V1__a.sql", "roles.sql"},
			patterns: []string{"*.sql"},
			want:     []string{"roles.sql", "V1__a.sql", "V1.1__x.sql", "R__views.sql"},
		},
		{
			name:  "Flyway, from a baseline on, in several folders",
			files: []string{"V1__a.sql", "B3__all.sql", "two/V3__c.sql", "two/V4__d.sql", "V5__e.sql"},
			want:  []string{"B3__all.sql", "two/V4__d.sql", "V5__e.sql"},
			left:  []string{"V1__a.sql and 1 more are left out: the baseline of version 3"},
		},
		{
			name:  "golang-migrate",
			files: []string{"1_a.up.sql", "1_a.down.sql", "2_b.up.sql", "2_b.down.sql", "10_c.up.sql"},
			want:  []string{"1_a.up.sql", "2_b.up.sql", "10_c.up.sql"},
			left:  []string{"1_a.down.sql and 1 more are left out: it undoes"},
		},
		{
			name:     "golang-migrate, by a pattern",
			files:    []string{"1_a.up.sql", "1_a.down.sql", "10_c.up.sql", "2_b.up.sql"},
			patterns: []string{"*.sql"},
			want:     []string{"1_a.up.sql", "2_b.up.sql", "10_c.up.sql"},
			left:     []string{"1_a.down.sql is left out"},
		},
		{
			name:  "a name, and the same with numbers",
			files: []string{"init10.sql", "init2.sql", "init.sql", "schema.sql", "schema2.sql"},
			want:  []string{"init.sql", "init2.sql", "init10.sql", "schema.sql", "schema2.sql"},
		},
		{
			name:  "Prisma",
			files: []string{"20240102_b/migration.sql", "20240101_a/migration.sql", "migration_lock.toml", "tests/t.sql"},
			want:  []string{"20240101_a/migration.sql", "20240102_b/migration.sql"},
			left:  []string{"tests/t.sql is left out"},
		},
		{
			name:  "diesel",
			files: []string{"2024-01-02_b/up.sql", "2024-01-02_b/down.sql", "2024-01-01_a/up.sql"},
			want:  []string{"2024-01-01_a/up.sql", "2024-01-02_b/up.sql"},
			left:  []string{"2024-01-02_b/down.sql is left out"},
		},
		{
			name:  "Supabase",
			files: []string{"seed.sql", "migrations/2_b.sql", "migrations/10_c.sql"},
			want:  []string{"migrations/2_b.sql", "migrations/10_c.sql"},
			left:  []string{"seed.sql is left out"},
		},
		{
			name:  "a folder that pg_dump wrote",
			files: []string{"toc.dat", "3051.dat.gz"},
			want:  []string{"."},
		},
		{
			name:  "a folder beside files",
			files: []string{"schema.sql", "old/1.sql", "old/2.sql"},
			want:  []string{"schema.sql"},
			left:  []string{"old/1.sql and 1 more are left out: it lies in a folder of its own"},
		},
		{
			name:     "what two patterns leave out",
			files:    []string{"1_a.up.sql", "1_a.down.sql"},
			patterns: []string{"*.sql", "."},
			want:     []string{"1_a.up.sql"},
			left:     []string{"1_a.down.sql is left out: it undoes"},
		},
		{
			name:     "folders between files, by a pattern",
			files:    []string{"1_a.sql", "2_b/x.sql", "3_c.sql", "10_d/y.sql", "11_e.down.sql", "11_e.sql", "12_f.down.sql"},
			patterns: []string{"*"},
			want:     []string{"1_a.sql", "2_b/x.sql", "3_c.sql", "10_d/y.sql", "11_e.sql"},
			left:     []string{"11_e.down.sql and 1 more are left out: it undoes"},
		},
		{
			name:     "Flyway beside a folder, by a pattern",
			files:    []string{"B2__all.sql", "R__views.sql", "V1__a.sql", "V2__b.sql", "V3__c.sql", "x/y.sql"},
			patterns: []string{"*"},
			want:     []string{"B2__all.sql", "V3__c.sql", "R__views.sql", "x/y.sql"},
			left:     []string{"V1__a.sql and 1 more are left out: the baseline"},
		},
		{
			name:  "a packed copy",
			files: []string{"schema.sql", "schema.sql.gz"},
			want:  []string{"schema.sql"},
			left:  []string{"schema.sql.gz is left out: it is packed: name it"},
		},
		{
			name:     "packed files that are named",
			files:    []string{"a.sql.gz", "b/c.sql.gz", "d.sql"},
			patterns: []string{"a.sql.gz", ".", "b/*.gz"},
			want:     []string{"a.sql.gz", "d.sql", "b/c.sql.gz"},
		},
		{
			name:  "Sqitch, with a change that was reworked",
			files: []string{"deploy/b.sql", "deploy/a@v1.sql", "deploy/a.sql", "deploy/z.sql", "revert/a.sql", "verify/a.sql"},
			plan:  "%syntax-version=1.0.0\n%project=x\n\nb 2024-01-01T00:00:00Z A <a@b.c> # first\na [b] 2024-01-01T00:00:00Z A <a@b.c>\n@v1 2024-01-01T00:00:00Z A <a@b.c>\n\na [a@v1] 2024-01-02T00:00:00Z A <a@b.c>\n",
			want:  []string{"deploy/b.sql", "deploy/a@v1.sql", "deploy/a.sql"},
			left:  []string{"deploy/z.sql is left out: it is not in"},
		},
		{
			name:     "Sqitch, by a pattern",
			files:    []string{"deploy/b.sql", "deploy/a.sql"},
			plan:     "b 2024-01-01T00:00:00Z A <a@b.c>\na 2024-01-01T00:00:00Z A <a@b.c>\n",
			patterns: []string{"deploy/*.sql"},
			want:     []string{"deploy/b.sql", "deploy/a.sql"},
		},
		{
			name:     "Sqitch, some by a pattern",
			files:    []string{"deploy/b.sql", "deploy/a2.sql", "deploy/a1.sql", "deploy/a0.sql"},
			plan:     "a2 2024-01-01T00:00:00Z A <a@b.c>\nb 2024-01-01T00:00:00Z A <a@b.c>\na1 2024-01-01T00:00:00Z A <a@b.c>\n",
			patterns: []string{"deploy/a*.sql"},
			want:     []string{"deploy/a2.sql", "deploy/a1.sql"},
			left:     []string{"deploy/a0.sql is left out: it is not in"},
		},
		{
			name:  "Sqitch, in folders",
			files: []string{"deploy/s/b.sql", "deploy/a.sql", "deploy/s/c.sql"},
			plan:  "s/b 2024-01-01T00:00:00Z A <a@b.c>\na 2024-01-01T00:00:00Z A <a@b.c>\n",
			want:  []string{"deploy/s/b.sql", "deploy/a.sql"},
			left:  []string{"deploy/s/c.sql is left out: it is not in"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if tt.plan != "" {
				writeFile(t, filepath.Join(dir, "sqitch.plan"), tt.plan)
			}
			for _, f := range tt.files {
				writeFile(t, filepath.Join(dir, f), "")
			}
			if tt.patterns == nil {
				tt.patterns = []string{"."}
			}
			got, notes, err := script.Expand(dir, tt.patterns)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, relative(dir, got)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			if len(notes) != len(tt.left) {
				t.Fatalf("notes %q, want %q", notes, tt.left)
			}
			for i := range notes {
				if !strings.Contains(notes[i], tt.left[i]) {
					t.Errorf("note %q, want …%s…", notes[i], tt.left[i])
				}
			}
		})
	}
}

// TestExpandPlan refuses a plan of Sqitch whose change has no file.
func TestExpandPlan(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "sqitch.plan"), "%project=x\n\ngone 2024-01-01T00:00:00Z A <a@b.c>\n")
	writeFile(t, filepath.Join(dir, "deploy/here.sql"), "")
	if _, _, err := script.Expand(dir, []string{"."}); err == nil || !strings.Contains(err.Error(), "sqitch.plan:3: there is no file deploy/gone.sql") {
		t.Errorf("got %v", err)
	}
}

// relative is paths as seen from a folder.
func relative(dir string, paths []string) []string {
	var out []string
	for _, p := range paths {
		out = append(out, disk.Relative(dir, p))
	}
	return out
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
