package script_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// TestRunDump loads what pg_dump wrote of one database into another, and dumps
// that: both dumps must say the same.
func TestRunDump(t *testing.T) {
	path := require.PGDump(t, require.Postgres(t))
	s := newScratch(t)
	s.must(`
CREATE TYPE mood AS ENUM ('so;so', 'fine');
CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "odd;""name" text DEFAULT E'a\'; b', m mood, doc jsonb);
INSERT INTO t ("odd;""name", m, doc) VALUES (E'tab\t; \\. line\n\\.', 'so;so', '{"a": [1, null]}'), (NULL, 'fine', NULL);
CREATE FUNCTION f(a int) RETURNS text LANGUAGE plpgsql AS $_$ BEGIN RETURN $$;$$ || a; END $_$;
CREATE FUNCTION g() RETURNS text BEGIN ATOMIC SELECT f(1); SELECT CASE WHEN true THEN f(2) END; END;
CREATE VIEW v AS SELECT id, "odd;""name" FROM t;
CREATE RULE r AS ON DELETE TO v DO INSTEAD (DELETE FROM t WHERE id = OLD.id; SELECT 1);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t USING ("odd;""name" = current_setting('app.tenant', true));
COMMENT ON TABLE t IS 'it''s /* a -- table';
ALTER DATABASE x SET app.mode = 'odd''s';
`)
	dump := func(database string) string {
		t.Helper()
		cmd := exec.Command(path, "--create", "--dbname", require.Postgres(t).URL(database, ""))
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	first := dump(s.name)
	other := newScratch(t)
	parsed, err := script.Parse("dump.sql", first, script.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.runScript(parsed, script.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	want := withoutKeys(strings.ReplaceAll(first, s.name, other.name))
	if got := withoutKeys(dump(other.name)); got != want {
		t.Errorf("the dump of the loaded dump differs; first\n%s\nthen\n%s", want, got)
	}
}

// withoutKeys is a dump without the random keys of \restrict.
func withoutKeys(dump string) string {
	var out []string
	for line := range strings.Lines(dump) {
		if !strings.HasPrefix(line, `\restrict`) && !strings.HasPrefix(line, `\unrestrict`) {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}
