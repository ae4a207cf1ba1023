package sql_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

func TestCalls(t *testing.T) {
	for text, want := range map[string][]sql.Call{
		"Me()":                     {{Name: "me"}},
		`app."Me"(a, ARRAY[1, 2])`: {{Schema: "app", Name: "Me", Args: []string{"a", "ARRAY[1, 2]"}}},
		"f(g(x), 'h(1)')":          {{Name: "f", Args: []string{"g(x)", "'h(1)'"}}, {Name: "g", Args: []string{"x"}}},
		"f(x":                      {{Name: "f"}},
		"'f(x)' -- f(x)":           nil,
		"f":                        nil,
	} {
		if diff := cmp.Diff(want, sql.Calls(text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func TestCallNulls(t *testing.T) {
	for text, want := range map[string]bool{
		"f(NULL)":                     true,
		"f($1, null::numeric(5, 2))":  true,
		"f(a => NULL, b := 1)":        true,
		"f(b := CAST(NULL AS int))":   true,
		"f(VARIADIC NULL::text[])":    true,
		"f()":                         false,
		"f('NULL', nulls, \"null\")":  false,
		"f(coalesce(NULL, $1))":       false,
		"f(NULL IS NULL)":             false,
		"f(VARIADIC ARRAY[NULL, $1])": false,
	} {
		if got := sql.Calls(text)[0].Nulls(); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}
