package sql_test

import (
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

func TestSkip(t *testing.T) {
	tests := []struct{ before, skipped, after string }{
		{"", "'it''s; $1'", " x"},
		{"E", `'a\'b'`, " '"},
		{"one", `'a\'`, "b'"},
		{"", `"a""$1"`, "."},
		{"1 ", "-- $1 '\n", "$1"},
		{"", "/* /* $1 */ ' */", "*/"},
		{" ", "$$ ' $1 $a$ $$", "$$"},
		{"", "$a1$ $$ $1 $a1$", "x"},
		{"", "'open $1", ""},
		{"a", "", "$1$ x $1$"}, // a name
		{"", "", "$1, $2"},
		{"", "", "x'1F'"},
	}
	for _, test := range tests {
		if got := sql.Skip(test.before+test.skipped+test.after, len(test.before)); got != len(test.skipped) {
			t.Errorf("%q, then %q%s: %d bytes, not %d", test.before, test.skipped, test.after, got, len(test.skipped))
		}
	}
}
