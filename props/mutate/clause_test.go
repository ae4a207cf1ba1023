package mutate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

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
		{"for in parentheses", "SELECT * FROM t WHERE substring(a FOR 3) = 'x'", []string{" substring(a FOR 3) = 'x'"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if d := cmp.Diff(test.want, mutate.Conditions(test.text)); d != "" {
				t.Error(d)
			}
		})
	}
}
