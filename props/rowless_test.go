package props_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPathsThatReachNoRow says which functions no call of a run came to a row with, though they read a table:
// nothing is known of them. One that reads none has nothing to tell, and one of which some session's calls
// reach rows is tested.
func TestPathsThatReachNoRow(t *testing.T) {
	t.Parallel()
	d := drafted(t, "plain", map[string]string{"schema.sql": `
CREATE ROLE reach_app LOGIN;
CREATE TABLE firms (id int PRIMARY KEY, name text);
CREATE TABLE bills (id int PRIMARY KEY, firm_id int NOT NULL REFERENCES firms, memo text);
CREATE FUNCTION firm() RETURNS int STABLE LANGUAGE sql AS $$ SELECT nullif(current_setting('app.firm', true), '')::int $$;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; ALTER TABLE bills ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON firms USING (id = firm()); CREATE POLICY p ON bills USING (firm_id = firm());
GRANT SELECT ON firms, bills TO reach_app;
CREATE FUNCTION inner_memo(hash text) RETURNS text STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
  $$ SELECT memo FROM bills WHERE md5(memo) = hash AND firm_id = firm() $$;
CREATE FUNCTION by_hash(hash text) RETURNS text STABLE LANGUAGE sql AS $$ SELECT inner_memo(hash) $$;
CREATE FUNCTION by_id(bill int) RETURNS text STABLE SECURITY DEFINER SET search_path = public, pg_temp LANGUAGE sql AS
  $$ SELECT memo FROM bills WHERE id = bill AND firm_id = firm() $$;`})
	r := walked(t, d.Contract, nil)
	if len(r.Blocks) > 0 {
		t.Errorf("found: %s", r.Blocks[0])
	}
	got := map[string]bool{}
	for _, u := range r.Untested {
		if strings.HasPrefix(u.Reason, "no row made a difference to what it gave, though it reads bills") {
			got[u.Session+" "+u.Object] = true
		}
	}
	want := map[string]bool{
		"reach_app function by_hash": true, "stranger function by_hash": true,
		"reach_app function inner_memo": true, "stranger function inner_memo": true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("untested (-want +got):\n%s", diff)
	}
	if r.Incomplete() {
		t.Errorf("incomplete: the exit status would be 4, though no call can tell anything: %v", r.Untested)
	}
	note := ""
	for _, n := range r.Notes {
		if strings.HasPrefix(n, "no row makes a difference") {
			note = n
		}
	}
	if want := "no row makes a difference to (-): function by_id (stranger), function firm"; note != want {
		t.Errorf("note %q, want %q", note, want)
	}
}
