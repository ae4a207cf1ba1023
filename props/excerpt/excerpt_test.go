package excerpt_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/excerpt"
)

func TestOf(t *testing.T) {
	for _, c := range []struct {
		name, line string
		col        int
		want       string
	}{
		{"the beginning", "abc", 1, "> abc\n> ^"},
		{"after the end", "abc", 9, "> abc\n>    ^"},
		{"characters, and a tab", "ä\tbc", 3, "> ä\tbc\n>  \t^"},
		{"what a terminal would obey", "a\x1b[31m\u202eb", 3, "> a\ufffd[31m\ufffdb\n>   ^"},
		{"a long line is cut around the place", strings.Repeat("a", 200) + "B" + strings.Repeat("c", 200), 201, "> " + strings.Repeat("a", 50) + "B" + strings.Repeat("c", 49) + "\n> " + strings.Repeat(" ", 50) + "^"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := excerpt.Of(c.line, c.col, "> "); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// TestOneLine leaves nothing that a terminal obeys.
func TestOneLine(t *testing.T) {
	if got, want := excerpt.OneLine(" SELECT\n\t'ä' \x1b[31m\u202e"), "SELECT 'ä' \ufffd[31m\ufffd"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestHang(t *testing.T) {
	for _, c := range []struct {
		name, lead, text string
		want             []string
	}{
		{"of exactly the width", "- ", "ä bb cc", []string{"- ä bb cc"}},
		{"one more", "- ", "aä bb cc", []string{"- aä bb", "  cc"}},
		{"a word that is too long", "- ", "a /a/long/path b", []string{"- a", "  /a/long/path", "  b"}},
		{"too long from the start", "name ", "/a/long/path", []string{"name", "  /a/long/path"}},
		{"after blanks alone", "    ", "/a/long/path", []string{"    /a/long/path"}},
		{"nothing", "- ", " ", []string{"-"}},
	} {
		if got := excerpt.Hang(c.lead, "  ", c.text, 9); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestMasked(t *testing.T) {
	for text, want := range map[string]string{
		"ALTER ROLE a PASSWORD 'it''s' VALID":      "ALTER ROLE a PASSWORD ******* VALID",
		"password=secret host=h":                   "password=****** host=h",
		"database: postgres://me:s3cr:t/@h:5/d":    "database: postgres://me:*******@h:5/d",
		"database: 'postgres://me@h/d?password=x'": "database: 'postgres://me@h/d?password=*'",
		"url: http://h:8080/a, mail: me@h":         "url: http://h:8080/a, mail: me@h",
		"schema: postgres:/u:s3cret@h:1/d":         "schema: postgres:*********@h:1/d",
		"u:s3c@ret@h:1/d":                          "u:*******@h:1/d",
		"env: {PGPASSWORD: s3cret, X: [1]}":        "env: {PGPASSWORD: ******, X: [1]}",
		`env: {"API_TOKEN": "a b", X: [1]}`:        `env: {"API_TOKEN": *****, X: [1]}`,
		"USING (tags::text[]@>ARRAY[a])":           "USING (tags::text[]@>ARRAY[a])",
		"PRIMARY KEY (id), KEY: own":               "PRIMARY KEY (id), KEY: own",
		"api_tokens: own":                          "api_tokens: own",
	} {
		if got := excerpt.Masked(text); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}
