package script_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// splits are texts and their statements, by psql's rules.
var splits = []struct {
	name, src string
	want      []string
	psqlOnly  bool // Postgres' grammar does not know it
}{
	{name: "empty", src: " \n-- nothing\n/* at all */ ;;", want: nil},
	{name: "two", src: "SELECT 1; SELECT 2;", want: []string{"SELECT 1", "SELECT 2"}},
	{name: "last without semicolon", src: "SELECT 1;\nSELECT 2\n", want: []string{"SELECT 1", "SELECT 2"}},
	{name: "plain string", src: `SELECT 'a;''b;\'; SELECT 2`, want: []string{`SELECT 'a;''b;\'`, "SELECT 2"}},
	{name: "escape string", src: `SELECT E'a\';b', e'\\'; SELECT 2`, want: []string{`SELECT E'a\';b', e'\\'`, "SELECT 2"}},
	{name: "escape string continued", src: "SELECT E'a'\n  'b\\';c'; SELECT 2", want: []string{"SELECT E'a'\n  'b\\';c'", "SELECT 2"}},
	{name: "unicode string", src: `SELECT U&'\0441;' ; SELECT u&"a;b" FROM (SELECT 1 AS "a;b") AS t`, want: []string{`SELECT U&'\0441;'`, `SELECT u&"a;b" FROM (SELECT 1 AS "a;b") AS t`}},
	{name: "bit and national strings", src: `SELECT B'1', X'f', N'a;'; SELECT 2`, want: []string{`SELECT B'1', X'f', N'a;'`, "SELECT 2"}},
	{name: "quoted name", src: `SELECT 1 AS "a;""b;'"; SELECT 2`, want: []string{`SELECT 1 AS "a;""b;'"`, "SELECT 2"}},
	{name: "dollar quotes", src: "DO $$ BEGIN; $a$ ; END $$; SELECT $x$ $$; $y$ $x$", want: []string{"DO $$ BEGIN; $a$ ; END $$", "SELECT $x$ $$; $y$ $x$"}},
	{name: "dollar in a name", src: "SELECT 1 AS a$b$c; SELECT 2 AS d$b$", want: []string{"SELECT 1 AS a$b$c", "SELECT 2 AS d$b$"}},
	{name: "parameter", src: "PREPARE p AS SELECT $1;SELECT $$;$$", want: []string{"PREPARE p AS SELECT $1", "SELECT $$;$$"}},
	{name: "nested comment", src: "SELECT /* a /* ; */ ' ; */ 1; SELECT 2 -- ; '\n+ 3", want: []string{"SELECT /* a /* ; */ ' ; */ 1", "SELECT 2 -- ; '\n+ 3"}},
	{name: "comment after operator", src: "SELECT 1 +--;\n1; SELECT 2 */* ; */3", want: []string{"SELECT 1 +--;\n1", "SELECT 2 */* ; */3"}},
	{name: "rule", src: "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2); SELECT 3", want: []string{"CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2)", "SELECT 3"}},
	{
		name: "atomic", src: "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END; SELECT 3",
		want: []string{"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END", "SELECT 3"},
	},
	{
		name: "atomic with an alias end", src: "create or replace procedure p() begin atomic select 1 as end; select t.case from t; end; select 3",
		want: []string{"create or replace procedure p() begin atomic select 1 as end; select t.case from t; end", "select 3"},
	},
	{name: "case outside", src: "SELECT CASE WHEN true THEN 1 END; BEGIN; COMMIT", want: []string{"SELECT CASE WHEN true THEN 1 END", "BEGIN", "COMMIT"}},
	{name: "multi-byte", src: "SELECT 'ü;€' AS ñame; SELECT $é$;$é$", want: []string{"SELECT 'ü;€' AS ñame", "SELECT $é$;$é$"}},
	{name: "crlf", src: "SELECT 1;\r\n-- ;\r\nSELECT 2\r\n;\r\n", want: []string{"SELECT 1", "SELECT 2"}},
	{name: "bom", src: "\ufeffSELECT 1", want: []string{"SELECT 1"}, psqlOnly: true},
	{name: "slice and cast", src: "SELECT (ARRAY[1,2])[1:2]::int[]; SELECT f(a := 1)", want: []string{"SELECT (ARRAY[1,2])[1:2]::int[]", "SELECT f(a := 1)"}},
	{
		name: "old strings", src: `SET standard_conforming_strings = off; SELECT 'a\';b'; SELECT 2`,
		want: []string{"SET standard_conforming_strings = off", `SELECT 'a\';b'`, "SELECT 2"}, psqlOnly: true,
	},
}

func TestParseSplits(t *testing.T) {
	for _, tt := range splits {
		t.Run(tt.name, func(t *testing.T) {
			s, err := script.Parse("f.sql", tt.src, script.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, texts(s)); diff != "" {
				t.Errorf("statements (-want +got):\n%s", diff)
			}
			if !tt.psqlOnly {
				agrees(t, tt.src, s)
			}
		})
	}
}

// agrees compares a script with the splitting by Postgres' grammar.
func agrees(t *testing.T, src string, s *script.Script) {
	t.Helper()
	parsed, err := sql.Split(src)
	if err != nil {
		t.Fatalf("the grammar refuses it: %v", err)
	}
	var want []string
	for _, p := range parsed {
		want = append(want, p.Text)
	}
	if diff := cmp.Diff(want, texts(s)); diff != "" {
		t.Errorf("differs from the grammar (-grammar +script):\n%s", diff)
	}
	for i := range min(len(parsed), len(s.Statements)) {
		if parsed[i].Line != s.Statements[i].Line {
			t.Errorf("statement %d: the grammar says line %d, the script %d", i, parsed[i].Line, s.Statements[i].Line)
		}
	}
}

func texts(s *script.Script) []string {
	var out []string
	for _, one := range s.Statements {
		out = append(out, one.Text)
	}
	return out
}

// TestParseCorpus reads every SQL file below the folder RLSFUZZ_CORPUS. One
// without psql's own additions must split as the grammar splits it.
func TestParseCorpus(t *testing.T) {
	root := require.Corpus(t)
	files, compared := 0, 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".sql") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		s, err := script.Parse(path, string(b), script.Options{})
		if err != nil {
			t.Log(err)
		}
		parsed, refused := sql.Split(string(b))
		if err != nil || refused != nil || strings.HasSuffix(path, "down.sql") {
			return nil
		}
		compared++
		var want []string
		for _, p := range parsed {
			want = append(want, p.Text)
		}
		if diff := cmp.Diff(want, texts(s)); diff != "" && len(s.Notes) == 0 {
			t.Errorf("%s (-grammar +script):\n%.2000s", path, diff)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files, %d compared", files, compared)
	if compared == 0 {
		t.Errorf("none of %d files could be compared", files)
	}
}

func TestParseMistakes(t *testing.T) {
	for _, tt := range []struct {
		name, src string
		line, col int
		msg       string
	}{
		{"open string", "SELECT 1;\nSELECT 'a;\n", 2, 8, "string"},
		{"open name", "SELECT \"a;\n", 1, 8, "quoted name"},
		{"open comment", "SELECT 1;\n  /* /* */", 2, 3, "comment"},
		{"open dollar", "DO $a$ $$;", 1, 4, "dollar-quoted string $a$"},
		{"open parenthesis", "SELECT 'ü', (1;\nSELECT 2", 1, 13, "parenthesis"},
		{"open body", "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1;", 1, 1, "BEGIN ATOMIC"},
		{"shell", "SELECT 1;\n\\! rm x", 2, 1, `\! is not supported`},
		{"copy", "\\copy t from 'x'", 1, 1, `\copy is not supported`},
		{"gexec", "SELECT 'x' \\gexec", 1, 12, `\gexec is not supported`},
		{"gset", "SELECT 1 AS a \\gset", 1, 15, `\gset is not supported`},
		{"data without COPY", "\\.", 1, 1, `\. is not supported`},
		{"data without end", "COPY t FROM stdin;\n1\n2\n", 1, 1, "never ends"},
		{"data on the line", "COPY t FROM stdin; SELECT 1;\n\\.\n", 1, 19, "last on its line"},
		{"if without endif", "\\if true\nSELECT 1;", 1, 1, `\if without \endif`},
		{"false without endif", "\\if false\nSELECT 1;", 1, 1, `\if without \endif`},
		{"else without if", "\\else\n", 1, 1, `\else without \if`},
		{"not a boolean", "\\if :server_has_it\n\\endif", 1, 1, "needs one boolean"},
		{"else twice", "\\if 1\n\\else\n\\else\n\\endif", 3, 1, `\else after \else`},
		{"second database", "\\c a\n\\c b", 2, 1, "second database"},
		{"backquotes", "\\set x `id`", 1, 8, "backquotes"},
		{"itself", "\\set x :y\n\\set x 'a :x'\nSELECT :x;", 3, 8, "contains itself"},
		{"include in a statement", "SELECT 1\n\\i x.sql\n", 2, 1, "in the middle of a statement"},
		{"missing file", "\\ir none.sql", 1, 1, "cannot read the file"},
		{"autocommit", "\\set AUTOCOMMIT off", 1, 1, "AUTOCOMMIT"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := script.Parse("f.sql", tt.src, script.Options{})
			var e *script.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if e.File != "f.sql" || e.Line != tt.line || e.Col != tt.col || !strings.Contains(e.Msg, tt.msg) {
				t.Errorf("got %v\nwant %d:%d: …%s…", e, tt.line, tt.col, tt.msg)
			}
		})
	}
}
