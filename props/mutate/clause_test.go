package mutate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/mutate"
)

func TestConditions(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"none", "SELECT 1", nil},
		{"plain", "SELECT * FROM t WHERE a = 1", []string{" a = 1"}},
		{"ordered", "SELECT * FROM t WHERE a = 1 ORDER BY b", []string{" a = 1 "}},
		{"nested", "SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.id = t.id) AND b GROUP BY c", []string{" EXISTS (SELECT 1 FROM u WHERE u.id = t.id) AND b ", " u.id = t.id"}},
		{"union", "SELECT 1 WHERE a UNION SELECT 2 WHERE b;", []string{" a ", " b"}},
		{"body", "BEGIN FOR r IN SELECT * FROM t WHERE a LOOP UPDATE t SET x = 1 WHERE b RETURNING 1; END LOOP; END", []string{" a ", " b "}},
		{"strings", "SELECT ' WHERE a', \"where\", $$ WHERE b $$ /* WHERE c */ FROM t -- WHERE d\nWHERE e = ')'", []string{" e = ')'"}},
		{"joins", "SELECT * FROM t JOIN u ON t.id = u.id LEFT JOIN v ON left(v.a, 2) = u.a WHERE b", []string{" t.id = u.id ", " left(v.a, 2) = u.a ", " b"}},
		{"view", "SELECT t.a FROM (t JOIN u ON ((t.id = u.id))) WHERE (t.b)", []string{" ((t.id = u.id))", " (t.b)"}},
		{"no joins", "INSERT INTO t SELECT DISTINCT ON (a) b FROM u WHERE c ON CONFLICT (d) DO UPDATE SET e = 1 WHERE t.f", []string{" c ", " t.f"}},
		{"refused", "IF a IS NULL THEN RAISE 'no'; END IF; IF b THEN c := 1; END IF; IF NOT d THEN RETURN; END IF; DROP TABLE IF EXISTS e;", []string{" a IS NULL ", " NOT d "}},
		{"for in parentheses", "SELECT * FROM t WHERE substring(a FOR 3) = 'x'", []string{" substring(a FOR 3) = 'x'"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if d := cmp.Diff(test.want, mutate.Conditions(test.text)); d != "" {
				t.Error(d)
			}
		})
	}
}

// A qualified column is of the table that its qualifier stands for.
func TestEverNotNull(t *testing.T) {
	table := func(name string, notNull bool) *model.Table {
		return &model.Table{Name: name, Columns: []model.Column{{Name: "account_id", NotNull: notNull}}}
	}
	s := &model.Schema{
		Tables: []*model.Table{table("invoices", true), table("audit_log", false)},
		Views:  []*model.View{{Name: "board", Columns: []string{"account_id"}}},
	}
	for _, test := range []struct {
		name, text, qualifier string
		never, known          bool
	}{
		{"of one", "SELECT 1 FROM invoices i WHERE i.account_id = a; INSERT INTO audit_log VALUES (1)", "i", true, true},
		{"the other", "SELECT 1 FROM invoices AS i JOIN audit_log AS l ON true WHERE l.account_id = a", "l", false, true},
		{"of neither", "SELECT 1 FROM invoices, audit_log WHERE account_id = a", "", false, true},
		{"two meanings", "SELECT 1 FROM invoices i; SELECT 1 FROM audit_log i WHERE i.account_id = a", "i", false, true},
		{"outer join", "SELECT 1 FROM audit_log l LEFT JOIN invoices i ON true WHERE i.account_id = a", "i", false, true},
		{"a query", "WITH invoices AS (SELECT * FROM audit_log) SELECT 1 FROM invoices i WHERE i.account_id = a", "i", false, true},
		{"a view", "SELECT 1 FROM board i, invoices x WHERE i.account_id = a", "i", false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			never, known := mutate.EverNotNull(s, test.text, &sql.Column{Qualifier: test.qualifier, Name: "account_id"})
			if never != test.never || known != test.known {
				t.Errorf("never NULL: %t, known: %t", never, known)
			}
		})
	}
}
