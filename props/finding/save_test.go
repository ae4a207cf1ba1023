package finding_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
)

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestSave(t *testing.T) {
	c, f := leak()
	out := filepath.Join(t.TempDir(), "new", "out")
	m := finding.Material{Contract: c, ContractPath: filepath.Join(filepath.Dir(out), "rlsfuzz.yaml")}
	var path string
	for range 2 { // the second replaces the first
		var err error
		if path, err = finding.Save(out, f, m); err != nil {
			t.Fatal(err)
		}
	}
	if path != filepath.Join(out, "findings", f.Key) || f.Dir != path {
		t.Errorf("path %s, dir %s", path, f.Dir)
	}
	if diff := cmp.Diff([]string{f.Key}, names(t, filepath.Dir(path))); diff != "" {
		t.Errorf("folders (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"README.md", "case.yaml", "repro.sql"}, names(t, path)); diff != "" {
		t.Errorf("files (-want +got)\n%s", diff)
	}
	src, err := os.ReadFile(filepath.Join(path, finding.CaseFile))
	if err != nil {
		t.Fatal(err)
	}
	k, err := finding.ParseCase(finding.CaseFile, src)
	if err != nil {
		t.Fatal(err)
	}
	if got := filepath.Join(path, k.Contract); got != m.ContractPath {
		t.Errorf("contract %s, want %s", got, m.ContractPath)
	}
	s, err := k.Scenario(c, shapes(c))
	if err != nil {
		t.Fatal(err)
	}
	if got := finding.Key(c, s, f.Divergence); got != f.Key || k.Found.Key != f.Key {
		t.Errorf("key %s, found %s, want %s", got, k.Found.Key, f.Key)
	}
}

// TestSaveNothing puts something in the way at each point: an error names the place
// and the finding, and no part of the folder is left.
func TestSaveNothing(t *testing.T) {
	c, f := leak()
	for _, test := range []struct {
		name string
		way  string // a file that stands where a folder should
	}{
		{"out", "out"},
		{"findings", "out/findings"},
		{"folder", "out/findings/" + f.Key},
	} {
		t.Run(test.name, func(t *testing.T) {
			base := t.TempDir()
			file := filepath.Join(base, test.way)
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := finding.Save(filepath.Join(base, "out"), f, finding.Material{Contract: c})
			var failed *finding.SaveError
			if !errors.As(err, &failed) {
				t.Fatalf("error %v", err)
			}
			if !strings.Contains(err.Error(), f.Key+" (read: agent select help.tickets)") || !strings.Contains(err.Error(), filepath.Join("out", "findings", f.Key)) {
				t.Errorf("the error lacks the finding or the place: %v", err)
			}
			if diff := cmp.Diff([]string{filepath.Base(file)}, names(t, filepath.Dir(file))); diff != "" {
				t.Errorf("left behind (-want +got)\n%s", diff)
			}
			if f.Dir != "" {
				t.Errorf("dir %s", f.Dir)
			}
		})
	}
}

func TestBlock(t *testing.T) {
	_, f := leak()
	f.Dir = "/" + strings.Repeat("long/", 30)
	f.Cause = strings.Repeat("policy ", 60)
	for range 30 {
		f.Like = append(f.Like, "support: update tickets (move)")
	}
	for range 9 {
		f.Scenario.Steps = append(f.Scenario.Steps, f.Scenario.Steps[0])
	}
	f.Divergence.Did = "ERROR 42501: " + strings.Repeat("é", 300)
	f.Explanation = explained()
	f.Fix.SQL = []string{strings.Repeat("ALTER POLICY ", 60)}
	f.Escalation = []finding.Readable{{Table: strings.Repeat("t", 300)}}
	block := finding.Block(f)
	lines := strings.Split(strings.TrimSuffix(block, "\n"), "\n")
	if len(lines) > 24 {
		t.Errorf("%d lines\n%s", len(lines), block)
	}
	for _, l := range lines {
		if n := utf8.RuneCountInString(l); n > 80 && !strings.HasPrefix(l, "  again ") { // that is to be pasted
			t.Errorf("%d columns: %s", n, l)
		}
	}
}

func TestBlockWords(t *testing.T) {
	_, f := leak()
	f.Dir, f.Cause, f.Like = "out/findings/abc", "policy leak on tickets lets it through", []string{"member: select users (read)"}
	f.Apply = []string{"leak.sql"}
	want := `LEAK (read), cross-tenant: agent select help.tickets [` + f.Key + `]
  what     agent of tenant 1 (user 7) received ticket 20 of tenant 2
  allowed  agent may see rows of help.tickets: own
  Postgres SELECT 1
  cause    policy leak on tickets lets it through
  step 1   agent of tenant 1 (user 7): SELECT "id", "account_id", "subject"
           FROM "help"."tickets"
  like it  1 more: member: select users (read)
  again    rlsfuzz replay out/findings/abc \
             --apply leak.sql
`
	if diff := cmp.Diff(want, finding.Block(f)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestAgain quotes what a shell would take apart, in the block and in the page.
func TestAgain(t *testing.T) {
	c, f := leak()
	f.Dir, f.Apply = "my out/findings/abc", []string{"it's.sql"}
	var page strings.Builder
	if err := finding.Page(&page, f, finding.Material{Contract: c}); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"block": finding.Block(f), "page": page.String()} {
		for _, want := range []string{`rlsfuzz replay 'my out/findings/abc' \`, `  --apply 'it'\''s.sql'`} {
			if !strings.Contains(text, want) {
				t.Errorf("the %s lacks %s:\n%s", name, want, text)
			}
		}
	}
}

func TestPage(t *testing.T) {
	c, f := leak()
	f.Scenario.Data[2][0][2] = text("a|b\n<i>`c`")
	var b strings.Builder
	if err := finding.Page(&b, f, finding.Material{Contract: c}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"**agent of tenant 1 (user 7) received ticket 20 of tenant 2.**",
		"| The contract allows | agent may see rows of help.tickets: own |",
		"| Postgres did | SELECT 1, in step 1 |",
		"## Step 1: agent of tenant 1 (user 7), login finding\\_app, role finding\\_member\n    -- app.tenant_id = '1'\n    SELECT",
		"    help.tickets: id 20, account_id 2, subject 'a|b <i>`c`'\n",
		"rlsfuzz replay .",
		"psql -X -v ON_ERROR_STOP=1 -d rlsfuzz_repro -f repro.sql",
		"Found on PostgreSQL 15.18.",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("lacks %s\n%s", want, b.String())
		}
	}
}

// TestLongFix shows a fix of several lines as it is, below the table, and long statements whole.
func TestLongFix(t *testing.T) {
	c, f := leak()
	f.Cause, f.Explanation = "function own answers wrongly", explained()
	f.Fix.SQL = []string{"CREATE OR REPLACE FUNCTION own()\n RETURNS boolean\nAS $$ SELECT  'a  b' = current_setting('app.user_id') $$", "REVOKE ALL ON help.tickets FROM agent"}
	shape := *f.Scenario.Steps[0].Op.Shape
	shape.Columns = slices.Repeat([]int{2}, 60)
	f.Scenario.Steps[0].Op.Shape = model.NewShape(shape, nil)
	var b strings.Builder
	if err := finding.Page(&b, f, finding.Material{Contract: c}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| Fix, tried in 40 checks | below |\n",
		"\n## Fix\n\n    CREATE OR REPLACE FUNCTION own()\n     RETURNS boolean\n    AS $$ SELECT  'a  b' = current_setting('app.user_id') $$;\n    REVOKE ALL ON help.tickets FROM agent;\n",
		`"subject"` + strings.Repeat(`, "subject"`, 59) + ` FROM "help"."tickets";`,
	} {
		if page := b.String(); !strings.Contains(page, want) && !strings.Contains(strings.ReplaceAll(page, "\n    ", " "), want) {
			t.Errorf("lacks %s\n%s", want, page)
		}
	}
	f.Fix.SQL = []string{"DROP POLICY a\nON b"} // short, but of two lines
	b.Reset()
	if err := finding.Page(&b, f, finding.Material{Contract: c}); err != nil {
		t.Fatal(err)
	}
	if want := "\n## Fix\n\n    DROP POLICY a\n    ON b;\n"; !strings.Contains(b.String(), want) {
		t.Errorf("lacks %s\n%s", want, b.String())
	}
}

// TestShortKeys tells of rows with long keys by the last digits of these, as many as tell them apart.
func TestShortKeys(t *testing.T) {
	for _, test := range []struct{ tenant, other, says string }{
		{"00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002", "of tenant …0001 (user 7) received ticket 20 of tenant …0002 "},
		{"00000000-0000-4000-8000-000000020001", "00000000-0000-4000-8000-000000010001", "of tenant …00020001 (user 7) received ticket 20 of tenant …00010001 "},
		{"1", "2", "of tenant 1 (user 7) received ticket 20 of tenant 2 "},
	} {
		_, f := leak()
		f.Scenario.Steps[0].Tenant = text(test.tenant)
		for i := range f.Divergence.Rows {
			f.Divergence.Rows[i] = slices.Clone(f.Divergence.Rows[i])
			f.Divergence.Rows[i][1] = text(test.other)
		}
		if got := strings.Join(strings.Fields(finding.Block(f)), " "); !strings.Contains(got, test.says) {
			t.Errorf("lacks %s\n%s", test.says, got)
		}
	}
}

// TestBound reads quotes and comments as Postgres does, in the statements that pages show.
func TestBound(t *testing.T) {
	args := []model.Value{text("5"), text(`it's \`), null}
	for _, test := range []struct{ text, want string }{
		{"SELECT $1::bigint, $1::text, $2, $3::int", `SELECT 5::bigint, '5'::text,  E'it''s \\', NULL::int`},
		{"SELECT $1, $10, $4, $0", "SELECT '5', $10, $4, $0"},
		{`SELECT '$1', "$1", E'\'$1', $$ $1 $$, $a$ $1 $a$, x$1 -- $1` + "\n$1 /* $1 /* $1 */ $1 */ $1", `SELECT '$1', "$1", E'\'$1', $$ $1 $$, $a$ $1 $a$, x$1 -- $1` + "\n'5' /* $1 /* $1 */ $1 */ '5'"},
		{`SELECT 'open $1`, `SELECT 'open $1`},
		{"SELECT 'é$1é', é$1, $1é", "SELECT 'é$1é', é$1, '5'é"},
	} {
		if got := sql.Bind(test.text, args); got != test.want {
			t.Errorf("%s\ngot  %s\nwant %s", test.text, got, test.want)
		}
	}
}
