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
