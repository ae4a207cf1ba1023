package script_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// alike are files that Run must read as psql does. Each leaves rows in table o.
var alike = []struct{ name, src string }{
	{"no semicolon at end", "insert into o values ('a');\ninsert into o values ('b') -- bye"},
	{"nested comment", "insert into o /* a /* ; ' */ \" ; */ values ('a'); /* ; */ insert into o values ('b');"},
	{"comment cr", "-- x\rinsert into o values ('cr');\n"},
	{"e string", `insert into o values (E'a\';b'), ('c\'), (E'x'` + "\n" + `'y\';z');`},
	{"e continued comment", "insert into o values (E'x' -- c\n'y\\';z');"},
	{"scs off", "set standard_conforming_strings = off; set escape_string_warning=off;\ninsert into o values ('a\\';b');\nset standard_conforming_strings to on;\ninsert into o values ('c\\');"},
	{"scs off local", "begin; set local standard_conforming_strings to 'off';set escape_string_warning=off;\ninsert into o values ('a\\';b');\ncommit;"},
	{"dollar", "insert into o values ($$a;'$$), ($x$ $$;$y$ $x$), ($é$;$é$);"},
	{"ident dollar", "create table a$b$c(x int); insert into o values ('a$b$');"},
	{"unicode", `insert into o values (U&'d\0061t;a' ), (U&'d!0061t;' UESCAPE '!'); create table U&"d\0061;" (i int);`},
	{"u& backslash", `insert into o values (U&'a\\');`},
	{"bit", `insert into o values (b'101'::text), (x'1F'::text), (n'a;\'); `},
	{"atomic", "create function f(a int) returns int language sql begin atomic select case when a > 0 then case a when 1 then 2 else 3 end else 0 end; select 5; end; insert into o values ('z');"},
	{"atomic proc", "create or replace procedure p() begin atomic insert into o values ('p'); end; call p();"},
	{"atomic alias", "create function g() returns int begin atomic select 1 as \"end\"; select x.\"case\" from (select 1 as \"case\") x; end; insert into o values('q');"},
	{"begin param", "create function h(\"begin\" int) returns int language sql as 'select 1'; insert into o values('q');"},
	{"rule", "create table t(i int); create rule r as on insert to t do also (insert into o values ('r1'); insert into o values ('r2')); insert into t values (1);"},
	{"vars", "\\set n 5\n\\set s 'it''s'\n\\set q 'we\"ird;'\ninsert into o values (:n), (:'s'), (':n'), ((array[1,2,3,4,5,6])[2:n]::text), (:n::text);\ncreate table :\"q\" (i int);\ninsert into o select 'x:n' || $$:n$$;"},
	{"var slice undefined", "insert into o values ((array[1,2,3])[1:2]::text);"},
	{"var backslash quote", "\\set p 'a\\\\b'\ninsert into o values (:'p');"},
	{"var in atomic", "\\set body 'select 1; select 2;'\ncreate function f() returns int begin atomic :body end; insert into o values (1);"},
	{"var with semicolon", "\\set two 'insert into o values (1); insert into o values (2)'\n:two;"},
	{"var recursion", "\\set a 1\n\\set b :a :a\ninsert into o values (:'b');"},
	{"var exists", "\\set yes 1\ninsert into o values (:{?yes}::text), (:{?nope}::text);"},
	{"set concat", "\\set a x 'y z' \"w\"\ninsert into o values (:'a');"},
	{"set empty", "\\set a\ninsert into o values (:'a');"},
	{"set escapes", "\\set a 'l\\n\\t\\101\\x42\\0101'\ninsert into o values (:'a');"},
	{"two commands a line", "\\set a 1 \\set b 2\ninsert into o values (:a), (:b);"},
	{"double backslash", "\\set a 1 \\\\ insert into o values (:a);\ninsert into o values ('after');"},
	{"command in statement", "insert into o\n\\set a 1\nvalues (:a);"},
	{"command in parens", "insert into o values (\n\\set a 7\n:a);"},
	{"g", "insert into o values ('g') \\g\ninsert into o values ('h');"},
	{"g same line", "insert into o values ('g') \\g \\\\ insert into o values ('h');"},
	{"if", "\\if true\ninsert into o values ('t');\n\\elif true\ninsert into o values ('e');\n\\else\ninsert into o values ('f');\n\\endif\n"},
	{"if false", "\\if off\ninsert into o values ('t');\n\\if true\n insert into o values ('no');\\else\nfoo 'bar\n'\n\\endif\n\\elif 1\ninsert into o values ('e');\n\\else\ninsert into o values ('f');\n\\endif\n"},
	{"if in statement", "\\set v false\ninsert into o values (\n\\if :v\n1), (2\n\\else\n3\n\\endif\n);"},
	{"if paren imbalance", "insert into o values \\if false\n ( ((( \n\\else\n ('x') \n\\endif\n;"},
	{"if exists", "\\if :{?zz}\ninsert into o values ('t');\n\\else\n\\set zz 9\n\\endif\ninsert into o values (:zz);"},
	{"crlf", "insert into o values ('a');\r\ninsert into o values ('b\r\nc');\r\n\\set x 4\r\ninsert into o values (:x);\r\n\\if true\r\ninsert into o values ('i');\r\n\\endif\r\n"},
	{"bom", "\ufeffinsert into o values ('é;ü');"},
	{"copy", "copy o from stdin;\na\nb;\\\\x\n\\N\n\\.\ninsert into o values ('after');"},
	{"copy crlf", "copy o from stdin;\r\na\r\nb\r\n\\.\r\ninsert into o values ('after');\r\n"},
	{"copy csv", "copy o (v) from stdin with (format csv, header);\nv\n\"a;b\n\\.x\"\n\\.\ninsert into o values ('after');"},
	{"copy empty", "COPY public.o (v) FROM stdin;\n\\.\n\n\ninsert into o values ('after');"},
	{"copy old", "COPY o FROM STDIN WITH DELIMITER ',';\nab\n\\.\n"},
	{"copy where", "COPY o FROM STDIN where v <> 'a';\nab\na\n\\.\n"},
	{"copy query out", "copy (select 1) to stdout; insert into o values ('x');"},
	{"copy out table", "copy o to stdout; insert into o values ('x');"},
	{"copy table from", "create table \"from\"(stdin text); copy \"from\" from stdin;\nz\n\\.\ninsert into o select stdin from \"from\";"},
	{"copy g", "copy o from stdin \\g\nab\n\\.\n"},
	{"copy comment", "copy /* x */ o -- y\n from /* z */ stdin;\nab\n\\.\n"},
	{"copy lower terminator", "copy o from stdin;\nab\n \\.\n\\.\n"},
	{"echo", "\\echo hi ; 'there' :x\n\\qecho x\n\\warn y\ninsert into o values ('e');"},
	{"echo lone quote", "\\echo it's\ninsert into o values ('e');\n\\echo '\n"},
	{"connect", "\\connect -\nset search_path = pg_catalog;\n\\c\ninsert into o values ('c');"},
	{"tx", "begin; insert into o values ('x'); rollback; start transaction; insert into o values ('y'); commit; insert into o values('z') ; begin; savepoint a; insert into o values ('1'); rollback to a; end;"},
	{"discard", "insert into o values ('z'); discard all; deallocate all; insert into o values ('x');"},
	{"vacuum", "vacuum o; create index concurrently on o (v); reindex table concurrently o; insert into o values('v');"},
	{"do", "do $$ begin insert into o values ('do'); if true then perform 1; end if; end $$;"},
	{"number dollar", "prepare a as select $1::text; execute a('x'); insert into o values ('n');"},
	{"operators", "insert into o values ((1 - -1)::text), ((2 */* c;*/ 3)::text), ((5 <-- c;\n 6)::text);"},
	{"unset", "\\set a 1\n\\unset a\ninsert into o values ('[:a]');"},
	{"typecast var", "\\set text int\ninsert into o values ('1'::text);"},
	{"colon equals", "\\set x 1\ncreate function k(x int) returns int language sql as 'select $1'; insert into o values (k(x := 3)::text), (k(x:=4)::text);"},
	{"empty statements", ";;;\n ; insert into o values ('a');;"},
	{"create schema elems", "create schema s create table t (i int) create view v as select 1 as x; insert into o values ('s');"},
	{"trigger", "create function tf() returns trigger language plpgsql as $f$ begin return new; end; $f$; create trigger t before insert on o for each row execute function tf(); insert into o values ('t');"},
	{"quoted name semicolon", "create table \"a;b\"\"c\" (i int); insert into o values ('q');"},
	{"set role", "set role pg_monitor; reset role; set session authorization default; insert into o values('r');"},
	{"search path", "select pg_catalog.set_config('search_path', '', false); insert into public.o values ('s');"},
	{"gset style", "\\pset pager off\n\\timing on\n\\timing\n\\x\ninsert into o values ('p');"},
	{"ON_ERROR_STOP", "\\set ON_ERROR_STOP on\n\\set QUIET 1\n\\unset ECHO\ninsert into o values ('p');"},
	{"end in policy", "create function ff() returns text language sql stable begin atomic select case when true then 'a' end; end; create view vv as select case when true then 1 end; insert into o values(ff());"},
}

// changed are files whose meaning PostgreSQL 18 changed.
var changed = map[string]string{
	"copy csv":              `psql before 18 sends the last \. too, which an older server alone takes for the end`,
	"copy lower terminator": `18 refuses a \. that is not alone on its line`,
}

// TestRunAsPsql gives each file to psql and to Run, and compares the rows.
func TestRunAsPsql(t *testing.T) {
	psql, err := exec.LookPath("psql")
	require.Need(t, "psql", err == nil, "install PostgreSQL's client programs")
	theirs, ours := newScratch(t), newScratch(t)
	for _, tt := range alike {
		t.Run(tt.name, func(t *testing.T) {
			if why, ok := changed[tt.name]; ok && require.Postgres(t).Version() >= 180000 {
				t.Skip("means something else since PostgreSQL 18: " + why)
			}
			theirs.empty(t)
			ours.empty(t)
			file := filepath.Join(t.TempDir(), "f.sql")
			if err := os.WriteFile(file, []byte(tt.src), 0o600); err != nil {
				t.Fatal(err)
			}
			url := require.Postgres(t).URL(theirs.name, "")
			out, err := exec.Command(psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", file).CombinedOutput()
			if err != nil {
				t.Fatalf("psql: %v\n%s", err, out)
			}
			if _, err := ours.run(tt.src, script.RunOptions{}); err != nil {
				t.Fatal(err)
			}
			want, got := theirs.rows(t), ours.rows(t)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("rows (-psql +Run):\n%s", diff)
			}
			if len(want) == 0 {
				t.Error("the file leaves no rows, so nothing was compared")
			}
		})
	}
}

// empty leaves nothing but an empty table o.
func (s *scratch) empty(t *testing.T) {
	t.Helper()
	const text = "SET client_min_messages = warning; DROP SCHEMA IF EXISTS s, public CASCADE; CREATE SCHEMA public; CREATE TABLE public.o (v text)"
	if _, err := s.Exec(context.Background(), text); err != nil {
		t.Fatal(err)
	}
}

// rows is what a file left in o.
func (s *scratch) rows(t *testing.T) []*string {
	t.Helper()
	rows, err := s.Query(context.Background(), "SELECT v FROM public.o", pgx.QueryExecModeExec)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[*string])
	if err != nil {
		t.Fatal(err)
	}
	return out
}
