package catalog_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/props/catalog"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
)

// TestDiffer reads checks by which columns of a row differ, and others like them.
func TestDiffer(t *testing.T) {
	conn, _ := database(t, require.Postgres(t))
	tests := []struct {
		check string
		want  [][2]int
	}{
		{"a <> b", [][2]int{{0, 1}}},
		{"b != a", [][2]int{{1, 0}}},
		{"NOT a = b", [][2]int{{0, 1}}},
		{"b IS NULL OR a <> b", [][2]int{{0, 1}}},
		{"a <> b AND (b <> c OR b IS NULL)", [][2]int{{0, 1}, {1, 2}}},
		{"a IS DISTINCT FROM b", [][2]int{{0, 1}}},
		{"s <> v", [][2]int{{4, 5}}},
		{"b IS DISTINCT FROM c", nil}, // takes no two NULLs
		{"c IS NULL OR a <> b", nil},
		{"b IS NOT NULL OR a <> b", nil},
		{"a <> b AND a > 0", nil},
		{"a <> b OR a <> c", nil},
		{"a < b", nil},
		{"a <> 1", nil},
		{"a <> n", nil}, // 1 is 1.0
		{"coalesce(b, 0) <> a", nil},
	}
	text := "CREATE SCHEMA app; GRANT USAGE ON SCHEMA app TO PUBLIC;"
	for i, test := range tests {
		text += "CREATE TABLE app.t" + strings.Repeat("x", i) + " (a int NOT NULL, b int, c bigint, n numeric, s text, v varchar(9), CHECK (" + test.check + "));"
	}
	run(t, conn, text)
	schema := read(t, conn, catalog.Options{Roles: []string{conn.Config().User}})
	for i, test := range tests {
		if d := cmp.Diff(test.want, schema.Table("app", "t"+strings.Repeat("x", i)).Checks[0].Differ); d != "" {
			t.Errorf("%s (-want +got)\n%s", test.check, d)
		}
	}
}
