package script_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// TestCopyOutside refuses a COPY that runs a program or uses a file of the server, at its place.
func TestCopyOutside(t *testing.T) {
	for _, c := range []struct{ name, src, place, hint string }{
		{"a program", "SELECT 1;\nCOPY t FROM PROGRAM 'touch /tmp/x';", "f.sql:2:13: COPY FROM PROGRAM", "without running programs"},
		{"to a program", "copy t (a, b) to\n  program $$cat$$ (format csv)", "f.sql:2:3: COPY TO PROGRAM", "without running programs"},
		{"a query to a program", "COPY (SELECT 'a' FROM x) TO PROGRAM 'cat'", "f.sql:1:29: COPY TO PROGRAM", "without running programs"},
		{"a file", "COPY t FROM '/etc/passwd';", "f.sql:1:13: COPY FROM a file", "COPY … FROM stdin"},
		{"a file in another form", "COPY BINARY t FROM E'/etc/passwd';", "f.sql:1:20: COPY FROM a file", "COPY … FROM stdin"},
		{"to a file", "COPY (SELECT 1) TO /* here */ '/tmp/x'", "f.sql:1:31: COPY TO a file", "COPY … FROM stdin"},
		{"a variable", "\\set f /etc/passwd\nCOPY t FROM :'f';", "f.sql:2:13: COPY FROM a file", "COPY … FROM stdin"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := script.Parse("f.sql", c.src, script.Options{})
			var e *script.Error
			if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), c.place) || !strings.Contains(e.Hint, c.hint) {
				t.Errorf("error %v, want %s", err, c.place)
			}
		})
	}
	for _, sound := range []string{
		"COPY t FROM stdin WHERE a IS DISTINCT FROM 'x';\n1\n\\.\n",
		"COPY (SELECT a FROM program) TO STDOUT;",
		"INSERT INTO t SELECT 'COPY t FROM PROGRAM ''x''' FROM program;",
		"CREATE TABLE copy (program text); COMMENT ON TABLE copy IS 'from program';",
	} {
		if _, err := script.Parse("f.sql", sound, script.Options{}); err != nil {
			t.Errorf("%s: %v", sound, err)
		}
	}
}
