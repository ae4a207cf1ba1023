package sql_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

func TestReferences(t *testing.T) {
	tests := []struct {
		name, text string
		want       []sql.Reference
	}{
		{"a join and a call", `SELECT lower(t.subject) FROM tickets t JOIN app.users u ON u.id = t.user_id`, []sql.Reference{
			{Name: "lower", Call: true}, {Name: "tickets"}, {Schema: "app", Name: "users"},
		}},
		{"common table expressions are none", `WITH tickets AS (SELECT * FROM old) SELECT * FROM tickets, public.tickets`, []sql.Reference{
			{Schema: "public", Name: "tickets"}, {Name: "old"},
		}},
		{"writes", `INSERT INTO a SELECT * FROM b; UPDATE c SET x = 1 FROM d; DELETE FROM e USING f`, []sql.Reference{
			{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}, {Name: "e"}, {Name: "f"},
		}},
		{"COPY of a query", `COPY (SELECT * FROM a) TO STDOUT WITH (FORMAT csv)`, []sql.Reference{{Name: "a"}}},
		{"COPY of a table", `COPY app.a TO STDOUT`, []sql.Reference{{Schema: "app", Name: "a"}}},
		{"variables", `SELECT * FROM search($1, $tenant, $user.id)`, []sql.Reference{{Name: "search", Call: true}}},
		{"CALL", `CALL app.close_month(1)`, []sql.Reference{{Schema: "app", Name: "close_month", Call: true}}},
		{"sub-selects", `SELECT (SELECT count(*) FROM a) WHERE EXISTS (SELECT FROM b)`, []sql.Reference{{Name: "count", Call: true}, {Name: "a"}, {Name: "b"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := sql.References(test.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(inOrder(test.want), inOrder(got)); diff != "" {
				t.Errorf("references (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := sql.References("SELEC 1"); err == nil {
		t.Error("a mistake has references")
	}
}

func inOrder(list []sql.Reference) []sql.Reference {
	return slices.SortedFunc(slices.Values(list), func(a, b sql.Reference) int {
		return strings.Compare(a.Name+" "+a.Schema, b.Name+" "+b.Schema)
	})
}

func TestScan(t *testing.T) {
	body := `BEGIN -- FROM nowhere
  SELECT a.id, status INTO x FROM a, "B c" WHERE app.d.id = 1;
  EXECUTE 'DELETE FROM e' || f(1);
END`
	got := map[string]sql.Mention{}
	for _, m := range sql.Scan(body, true) {
		got[m.Parts[len(m.Parts)-1]+"/"+m.Clause] = m
	}
	want := map[string]sql.Mention{
		"status/select": {Parts: []string{"status"}, After: ",", Clause: "select"},
		"a/from":        {Parts: []string{"a"}, After: "from", Clause: "from"},
		"B c/from":      {Parts: []string{"B c"}, After: ",", Clause: "from"},
		"id/where":      {Parts: []string{"app", "d", "id"}, After: "where", Clause: "where"},
		"e/from":        {Parts: []string{"e"}, After: "from", Clause: "from", Quoted: true},
		"f/execute":     {Parts: []string{"f"}, After: "|", Clause: "execute", Call: true},
	}
	for key, m := range want {
		if diff := cmp.Diff(m, got[key]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
	if _, ok := got["nowhere/from"]; ok {
		t.Error("a comment was read")
	}
	bare := sql.Scan(body, false)
	if len(bare) == 0 {
		t.Error("nothing stands outside of strings")
	}
	for _, m := range bare {
		if m.Quoted {
			t.Errorf("%v stands in a string", m.Parts)
		}
	}
}

func TestNormal(t *testing.T) {
	tests := []struct {
		name, a, b string
		same       bool
	}{
		{"constants and parameters", "SELECT * FROM t WHERE a = 'x' AND b = 12.5", "select *  from t\nwhere a = $1 and b = $2;", true},
		{"lists of any length", "DELETE FROM t WHERE id IN (1, 2, 3)", "DELETE FROM t WHERE id IN ($1)", true},
		{"comments", "SELECT 1 /* app: web */ -- x", "SELECT $1", true},
		{"quoted names", `SELECT "A" FROM t`, `SELECT "a" FROM t`, false},
		{"another table", "SELECT * FROM t", "SELECT * FROM u", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := sql.Normal(test.a) == sql.Normal(test.b); got != test.same {
				t.Errorf("%q and %q: same is %v", sql.Normal(test.a), sql.Normal(test.b), got)
			}
		})
	}
}
