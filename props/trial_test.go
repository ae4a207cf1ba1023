package props_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestHangingPaths leaves out a function that waits for another session, or goes round in a circle, says
// so, and goes on with what leaks beside it. One that takes its time is tested.
func TestHangingPaths(t *testing.T) {
	const schema = `
CREATE ROLE wait_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE jobs (id int PRIMARY KEY, firm_id int NOT NULL REFERENCES firms, done boolean NOT NULL, next int, result text);
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = firm()); CREATE POLICY p ON jobs USING (firm_id = firm());
GRANT SELECT ON firms, jobs TO wait_app;
CREATE FUNCTION result_of(job int) RETURNS text STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
  $$ SELECT result FROM jobs WHERE id = job $$;
REVOKE EXECUTE ON FUNCTION result_of FROM PUBLIC; GRANT EXECUTE ON FUNCTION result_of TO wait_app;
CREATE FUNCTION other(job int) RETURNS text SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE plpgsql AS $$ BEGIN %s END $$;
REVOKE EXECUTE ON FUNCTION other FROM PUBLIC; GRANT EXECUTE ON FUNCTION other TO wait_app;`
	tests := []struct {
		name, body string
		hangs      bool
	}{
		{"waits for a job", `WHILE EXISTS (SELECT FROM jobs WHERE id = job AND firm_id = firm() AND NOT done) LOOP PERFORM pg_sleep(0.2); END LOOP; RETURN 'done';`, true},
		{"goes round in a circle", `RETURN (WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n FROM t) SELECT count(*) FROM t);`, true},
		{"takes its time", `PERFORM pg_sleep(0.01); RETURN (SELECT result FROM jobs WHERE id = job AND firm_id = firm());`, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := drafted(t, "plain", map[string]string{"schema.sql": fmt.Sprintf(schema, test.body)})
			r := walked(t, d.Contract, nil)
			var found, left []string
			for _, b := range r.Blocks {
				found = append(found, b.Finding.Path)
			}
			for _, u := range r.Untested {
				if u.Object == "function other" && u.Session != "stranger" && strings.HasPrefix(u.Reason, "a call takes longer than ") {
					left = append(left, u.Session)
				}
			}
			want := []string(nil)
			if test.hangs {
				want = []string{"wait_app"}
			}
			if diff := cmp.Diff([]string{"function result_of"}, found); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, left); diff != "" {
				t.Errorf("left out (-want +got):\n%s\nuntested: %v", diff, r.Untested)
			}
		})
	}
}
