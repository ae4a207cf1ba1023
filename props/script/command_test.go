package script_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/script"
)

func TestParseCommands(t *testing.T) {
	for _, tt := range []struct {
		name, src string
		vars      map[string]string
		want      []string
	}{
		{name: "pg_dump's own", src: "\\restrict abc\nSELECT 1;\n\\unrestrict abc\n", want: []string{"SELECT 1"}},
		{name: "talk and format", src: "\\echo 'it''s' :x\n\\warn a\n\\qecho b\n\\pset format csv\n\\timing\n\\x on\nSELECT 1;", want: []string{"SELECT 1"}},
		{name: "plain variable", src: "\\set t accounts\nSELECT * FROM :t;SELECT 1", want: []string{"SELECT * FROM accounts", "SELECT 1"}},
		{name: "quoted forms", src: "\\set v 'it''s \"x\"'\nSELECT :'v' AS :\"v\";", want: []string{`SELECT 'it''s "x"' AS "it's ""x"""`}},
		{name: "backslash in a value", src: `SELECT :'v'`, vars: map[string]string{"v": `a\b`}, want: []string{`SELECT  E'a\\b'`}},
		{name: "statements in a value", src: "SELECT 0; :both SELECT 3", vars: map[string]string{"both": "SELECT 1; SELECT 2;"}, want: []string{"SELECT 0", "SELECT 1", "SELECT 2", "SELECT 3"}},
		{name: "variable in a variable", src: "\\set a 1\n\\set b :a '+' :a\nSELECT :b;", want: []string{"SELECT 1+1"}},
		{name: "not in strings", src: "\\set v x\nSELECT ':v', $$:v$$, \":v\" /* :v */", want: []string{`SELECT ':v', $$:v$$, ":v" /* :v */`}},
		{name: "unset", src: "\\set v x\n\\unset v\nSELECT :v, :{?v}", want: []string{"SELECT :v, FALSE"}},
		{name: "cast of a variable", src: "SELECT :v::int, a::v", vars: map[string]string{"v": "1"}, want: []string{"SELECT 1::int, a::v"}},
		{name: "g ends", src: "SELECT 1 \\g\nSELECT 2\n\\g\n", want: []string{"SELECT 1", "SELECT 2"}},
		{name: "command inside", src: "SELECT 1,\n\\echo here\n2;", want: []string{"SELECT 1,\n\n2"}},
		{name: "two on a line", src: "\\set a 1 \\set b 2 \\\\ SELECT :a, :b;", want: []string{"SELECT 1, 2"}},
		{name: "crlf", src: "\\set a 1\r\n\\if true\r\nSELECT :a;\r\n\\endif\r\n", want: []string{"SELECT 1"}},
		{name: "if", src: "\\if on\nSELECT 1;\n\\elif true\nSELECT 2;\n\\else\nSELECT 3;\n\\endif\nSELECT 4;", want: []string{"SELECT 1", "SELECT 4"}},
		{name: "elif", src: "\\if off\nSELECT 1;\n\\elif t\nSELECT 2;\n\\else\nSELECT 3;\n\\endif\nSELECT 4;", want: []string{"SELECT 2", "SELECT 4"}},
		{name: "else", src: "\\if 0\n\\! rm\nSELECT '\\else';\n\\else\nSELECT 3;\n\\endif\nSELECT 4;", want: []string{"SELECT 3", "SELECT 4"}},
		{name: "nested", src: "\\if no\n\\if yes\nSELECT 1;\n\\else\nSELECT 2;\n\\endif\n\\else\n\\if :{?v}\nSELECT 3;\n\\endif\nSELECT 4;\n\\endif", want: []string{"SELECT 4"}},
		{name: "if inside", src: "SELECT 1\n\\if false\n+ 2\n\\endif\n+ 3;", want: []string{"SELECT 1\n\n+ 3"}},
		{name: "same database", src: "\\connect app\nSELECT 1;\n\\c app\n\\c - - - -\nSELECT 2;", want: []string{"SELECT 1", "SELECT 2"}},
		{name: "after the maintenance database", src: "\\c postgres\n\\connect -reuse-previous=on \"dbname='my app'\"\n\\c :DBNAME\nSELECT 2;", want: []string{"SELECT 2"}},
		{name: "another user", src: "\\c app \"My User\"\nSELECT 1;\n\\c -\nSELECT 2", want: []string{
			`SET SESSION AUTHORIZATION "My User"`, "SELECT 1", "SET SESSION AUTHORIZATION DEFAULT", "RESET ALL", "SELECT 2",
		}},
		{name: "encoding", src: "\\encoding LATIN1\n", want: []string{"SET client_encoding TO 'LATIN1'"}},
		{name: "goose", src: "-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;\n", want: []string{"SELECT 1"}},
		{name: "dbmate, down first", src: "-- migrate:down\nSELECT 2;\n-- migrate:up\nSELECT 1\n", want: []string{"SELECT 1"}},
		{name: "node-pg-migrate", src: "-- Up Migration\nSELECT 1;\n-- Down Migration\nSELECT 2;\n", want: []string{"SELECT 1"}},
		{name: "rambler", src: "-- rambler up\nSELECT 1;\n-- rambler down\nSELECT 2;\n", want: []string{"SELECT 1"}},
		{name: "Play", src: "-- --- !Ups\nSELECT 1;\n-- --- !Downs\nSELECT 2;\n", want: []string{"SELECT 1"}},
		{name: "tern", src: "SELECT 1;\n---- create above / drop below ----\nSELECT 2;\n", want: []string{"SELECT 1"}},
		{name: "MyBatis", src: "-- // first\nSELECT 1;\n-- //@UNDO\nSELECT 2;\n", want: []string{"SELECT 1"}},
		{name: "no part of a migration", src: "-- Down Migration is written below, @undo\nSELECT 1;\n", want: []string{"SELECT 1"}},
		{name: "down without up", src: "-- migrate:down\nSELECT 2;\n", want: []string{"SELECT 2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := script.Parse("f.sql", tt.src, script.Options{Vars: tt.vars})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, texts(s)); diff != "" {
				t.Errorf("statements (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseCopy(t *testing.T) {
	src := "COPY public.t (a, b) FROM stdin;\n1\tit's; \\\\.\n\\N\t$$\n\\.\n\n" +
		"copy t from STDIN with (format csv) ; -- data\r\n1,2\r\n\\.\r\nSELECT 1;\n" +
		"COPY t TO stdout;\nCOPY (SELECT 1 FROM stdin) TO stdout;\nCOPY u FROM stdin;\n\\.\n"
	s, err := script.Parse("f.sql", src, script.Options{})
	if err != nil {
		t.Fatal(err)
	}
	type statement struct {
		Text string
		Line int
		Copy []byte
	}
	var got []statement
	for _, one := range s.Statements {
		got = append(got, statement{one.Text, one.Line, one.Copy})
	}
	want := []statement{
		{"COPY public.t (a, b) FROM stdin", 1, []byte("1\tit's; \\\\.\n\\N\t$$\n")},
		{"copy t from STDIN with (format csv)", 6, []byte("1,2\r\n")},
		{"SELECT 1", 9, nil},
		{"COPY t TO stdout", 10, nil},
		{"COPY (SELECT 1 FROM stdin) TO stdout", 11, nil},
		{"COPY u FROM stdin", 12, []byte{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statements (-want +got):\n%s", diff)
	}
}

func TestParseIncludes(t *testing.T) {
	files := map[string]string{
		"db/b.sql":     "SELECT 'b' \\ir c.sql\n",
		"db/c.sql":     "SELECT :'v';",
		"db/loop.sql":  "\\ir loop.sql\n",
		"top.sql":      "SELECT 'top'",
		"db/fault.sql": "SELECT 1;\n  SELECT 'x",
	}
	read := func(path string) ([]byte, error) {
		text, ok := files[filepath.ToSlash(path)]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		}
		return []byte(text), nil
	}
	o := script.Options{Read: read}
	s, err := script.Parse("db/a.sql", "\\set v 1\n\\i top.sql\n\\i c.sql\n\\include_relative c.sql\nSELECT 'a';", o)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range s.Statements {
		got = append(got, filepath.ToSlash(one.File)+": "+one.Text)
	}
	want := []string{"top.sql: SELECT 'top'", "db/c.sql: SELECT '1'", "db/c.sql: SELECT '1'", "db/a.sql: SELECT 'a'"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statements (-want +got):\n%s", diff)
	}
	for src, message := range map[string]string{
		"\\ir b.sql":     "db/b.sql:1:12: \\ir in the middle of a statement",
		"\\ir loop.sql":  "include each other",
		"\\ir fault.sql": "db/fault.sql:2:10: a string begins here and never ends",
	} {
		if _, err := script.Parse("db/a.sql", src, o); err == nil || !strings.Contains(filepath.ToSlash(err.Error()), message) {
			t.Errorf("%s: got %v, want …%s…", src, err, message)
		}
	}
}

func TestParseNotes(t *testing.T) {
	for name, src := range map[string]string{
		"m/1_init.down.sql": "DROP TABLE t;", "m/1/down.sql": "DROP TABLE t;",
		"1.sql": "\n-- migrate:up\n-- migrate:down\nDROP TABLE t", "2.sql": "\\set ON_ERROR_STOP off",
	} {
		s, err := script.Parse(name, src, script.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Statements) != 0 || len(s.Notes) != 1 || !strings.HasPrefix(s.Notes[0], name+":") {
			t.Errorf("%s: statements %q, notes %q; want no statement and one note", name, texts(s), s.Notes)
		}
	}
}

func TestExpand(t *testing.T) {
	base := t.TempDir()
	for _, name := range []string{"schema.sql", "m/2.sql", "m/1.sql", "m/readme.md", "m/sub/3.sql", "p/b/migration.sql", "p/a/migration.sql"} {
		writeFile(t, filepath.Join(base, name), "")
	}
	for _, tt := range []struct{ patterns, want []string }{
		{[]string{"schema.sql", "m"}, []string{"schema.sql", "m/1.sql", "m/2.sql"}},
		{[]string{"m/2.sql", "m/*.sql"}, []string{"m/2.sql", "m/1.sql"}},
		{[]string{"p/*/migration.sql"}, []string{"p/a/migration.sql", "p/b/migration.sql"}},
		{[]string{"m/**/*.sql"}, []string{"m/1.sql", "m/2.sql", "m/sub/3.sql"}},
	} {
		got, _, err := script.Expand(base, tt.patterns)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, relative(base, got)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.patterns, diff)
		}
	}
	writeFile(t, filepath.Join(base, "g/a.sql.gz"), "")
	for pattern, says := range map[string]string{
		"none.sql": "", "m/*.psql": "", "n/*.sql": "", "m/**/9.sql": "",
		"g": "g/a.sql.gz is left out: it is packed",
	} {
		_, _, err := script.Expand(base, []string{"schema.sql", pattern})
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), strconv.Quote(pattern)) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v, want an error that names it and says %q", pattern, err, says)
		}
	}
}
