package inventory_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/inventory"
)

const csvlogTail = `,"psql","client backend",,0`

func TestReadStatements(t *testing.T) {
	const user, when = `2026-01-02 03:04:05.678 UTC,"app","shop",42,"[local]",65.1,1,"SELECT",2026-01-02 03:04:05 UTC,1/2,0,`, "2026-01-02 03:04:05.678 UTC [42] "
	tests := []struct {
		name, text string
		want       []inventory.Statement
	}{
		{
			"pg_stat_statements", "rolname,calls,query\napp,3,\"SELECT *\nFROM orders\"\napp,2,select * from orders\nweb,1,SELECT $1\n",
			[]inventory.Statement{{Role: "app", Text: "SELECT *\nFROM orders", Calls: 5, Line: 2}, {Role: "web", Text: "SELECT $1", Calls: 1, Line: 5}},
		},
		{"its columns only", "rolname,calls,query\n", nil},
		{
			"csvlog",
			user + `LOG,00000,"statement: SELECT 1 FROM orders",,,,,,,,` + csvlogTail + "\n" +
				user + `LOG,00000,"duration: 0.1 ms  execute <unnamed>: SELECT 1 FROM orders",,,,,,,,` + csvlogTail + "\n" +
				user + `LOG,00000,"checkpoint starting",,,,,,,,` + csvlogTail + "\n" +
				user + `ERROR,42P01,"relation ""x"" does not exist",,,,,,"SELECT * FROM x",15,` + csvlogTail + "\n",
			[]inventory.Statement{{Role: "app", Text: "SELECT 1 FROM orders", Calls: 2, Line: 1}, {Role: "app", Text: "SELECT * FROM x", Calls: 1, Line: 4}},
		},
		{
			"stderr with the user",
			when + "app@shop LOG:  statement: SELECT *\n\tFROM orders\n" + when + "app@shop DETAIL:  parameters: $1 = '1'\n" + when + "app@shop LOG:  duration: 1.5 ms  execute s1: DELETE FROM orders\n",
			[]inventory.Statement{{Role: "app", Text: "SELECT *\nFROM orders", Calls: 1, Line: 1}, {Role: "app", Text: "DELETE FROM orders", Calls: 1, Line: 4}},
		},
		{
			"stderr of an error", "user=app,db=shop ERROR:  permission denied\nuser=app,db=shop STATEMENT:  SELECT * FROM orders\n",
			[]inventory.Statement{{Role: "app", Text: "SELECT * FROM orders", Calls: 1, Line: 2}},
		},
		{"stderr without a user", when + "LOG:  statement: SELECT 1\n", []inventory.Statement{{Text: "SELECT 1", Calls: 1, Line: 1}}},
		{"a log without statements", when + "LOG:  database system is ready to accept connections\n", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := inventory.ReadStatements("f", []byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestBadStatements(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", "f: this is neither"},
		{"prose", "Dear reader,\nthis is a letter.\n", "f: this is neither"},
		{"another table", "a,b\n1,2\n", "f: this is neither"},
		{"numbers of roles", "userid,dbid,query,calls\n10,5,SELECT 1,3\n", "f:1: userid is a number that means a role on that server only; export with psql: \\copy"},
		{"no role at all", "query,calls\nSELECT 1,3\n", "f:1: no column names the role"},
		{"a role that is gone", "rolname,query\nunknown (OID=5),SELECT 1\n", "f:2: the role of this statement no longer exists"},
		{"calls", "rolname,query,calls\napp,SELECT 1,many\n", `f:2: calls is "many"`},
		{"torn", "rolname,query\napp,\"SELECT 1\n", "f:2: this is not CSV"},
		{"another record in csvlog", "2026-01-02 03:04:05 UTC" + strings.Repeat(",", 25) + "\na,b\n", "f:2: this is no line of csvlog"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := inventory.ReadStatements("f", []byte(test.text))
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("%v, not %s", err, test.want)
			}
		})
	}
}

func TestUncovered(t *testing.T) {
	target := open(t, "testdata/shop.yaml")
	tests := []struct {
		name, role, text string
		want             string // the start of the gap; empty: not listed
	}{
		{"a session's table", "inv_app", "SELECT * FROM orders WHERE id = $1", ""},
		{"a table that is everybody's", "inv_report", "SELECT * FROM plans", ""},
		{"no table at all", "inv_report", "SELECT now()", ""},
		{"a role that no session is", "inv_report", "SELECT * FROM orders", "no session of the contract logs in or acts as inv_report"},
		{"a role that the schema lacks", "legacy", "SELECT * FROM orders", "the schema has no role legacy"},
		{"no role", "", "SELECT * FROM orders", "the file does not say which role"},
		{"past row security", "inv_batch", "SELECT * FROM orders WHERE account_id = $1", "row security does not hold (orders as inv_batch: owner without FORCE)"},
		{"past row security, by a function", "inv_app", "SELECT * FROM order_of($1)", "row security does not hold (orders as inv_report: BYPASSRLS)"},
		{"past row security, but a path", "inv_batch", "copy (select o.* from orders o join forced f on f.account_id = o.account_id where o.account_id = 7) to stdout", ""},
		{"a path that calls", "inv_app", "SELECT order_count()", ""},
		{"a materialized view", "inv_app", "SELECT * FROM totals", "row security does not hold (a materialized view has no row security)"},
		{"a table that the session may not use", "inv_app", "SELECT * FROM log", "no session of the role may use table log"},
		{"what the grammar does not take", "inv_report", "SELECT * FROM orders WHERE", "no session of the contract logs in or acts as inv_report"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, ways := list(t, target, t.TempDir(), inventory.Statement{Role: test.role, Text: test.text, Calls: 1})
			got := ""
			if w := ways["statement 1"]; w != nil {
				got = w.Gap
			}
			if test.want == "" && got != "" || !strings.HasPrefix(got, test.want) {
				t.Errorf("%q, not %q", got, test.want)
			}
		})
	}
}
