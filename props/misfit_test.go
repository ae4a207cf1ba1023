package props_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/props"
)

// A session that puts notes of its tenant into the table, or with openNotes of every tenant.
const (
	ownNotes = `
CREATE ROLE misfit_app LOGIN;
CREATE TABLE orgs (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE notes (id bigint PRIMARY KEY, org_id bigint REFERENCES orgs, body text);
GRANT SELECT ON orgs, notes TO misfit_app;
GRANT INSERT ON notes TO misfit_app;
ALTER TABLE orgs ENABLE ROW LEVEL SECURITY;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY o ON orgs USING (id = nullif(current_setting('app.t', true), '')::bigint);
CREATE POLICY n ON notes USING (org_id = nullif(current_setting('app.t', true), '')::bigint);
`
	ownNotesContract = `
schema: [schema.sql]
tenant: {table: orgs, key: id}
tables: {notes: {tenant: org_id}}
sessions:
  app:
    login: misfit_app
    settings: {app.t: $tenant}
    sees: {"*": own}
    writes: {"*": none, notes: {insert: own}}
`
	openNotes = "ALTER POLICY n ON notes WITH CHECK (true);"
	raises    = `CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF %s THEN RAISE EXCEPTION 'no'; END IF; RETURN new; END $$;
CREATE TRIGGER guard BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION guard();`
)

// saves has a check save what SQL leaks, and gives the search and the folder of its one case.
func saves(t *testing.T, leak string) (props.Config, string) {
	t.Helper()
	cfg := written(t, ownNotes, ownNotesContract)
	cfg.SkipRandom = true
	applies(t, &cfg, leak)
	r, err := props.Run(t.Context(), opened(t, cfg), cfg)
	if err != nil || len(r.Blocks) != 1 {
		t.Fatal(r.Blocks, err)
	}
	return cfg, r.Blocks[0].Dir
}

// applies has a search run SQL after the schema.
func applies(t *testing.T, cfg *props.Config, text string) {
	t.Helper()
	cfg.Apply = []string{filepath.Join(filepath.Dir(cfg.Contract), "apply.sql")}
	if err := os.WriteFile(cfg.Apply[0], []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// replays runs a saved case under SQL.
func replays(t *testing.T, cfg props.Config, dir, text string) *props.Replay {
	t.Helper()
	applies(t, &cfg, text)
	k, err := props.ReadCase(dir)
	if err != nil {
		t.Fatal(err)
	}
	r, err := opened(t, cfg).Replay(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestMisfit changes the schema under a saved case: a statement that no longer fits the schema says
// nothing of its leak, and one that is refused since it is the session's is fixed.
func TestMisfit(t *testing.T) {
	cfg, dir := saves(t, openNotes)
	tests := []struct {
		name, change string
		want         props.ReplayVerdict
		why          string
	}{
		{"the same", openNotes, props.StillLeaks, ""},
		{"a column renamed", openNotes + "ALTER TABLE notes RENAME body TO txt;", props.CannotRun, "42703"},
		{"a column more", openNotes + "ALTER TABLE notes ADD more int NOT NULL;", props.CannotRun, "23502"},
		{"another type", openNotes + "ALTER TABLE notes ALTER body TYPE date USING NULL;", props.CannotRun, "42804"},
		{"a check of contents", openNotes + "ALTER TABLE notes ADD CHECK (body IS NOT NULL);", props.CannotRun, "23514"},
		{"a trigger that refuses all", openNotes + strings.ReplaceAll(raises, "%s", "true"), props.CannotRun, "P0001"},

		{"a column more, and a lockout", openNotes + "ALTER TABLE notes ADD more int NOT NULL; ALTER POLICY o ON orgs USING (false);", props.CannotRun, "23502"},
		{"a column more, and another leak", openNotes + "ALTER TABLE notes ADD more int NOT NULL; ALTER POLICY o ON orgs USING (true);", props.StillLeaks, ""},
		{"as it was", "", props.Fixed, ""},
		{"no privilege", openNotes + "REVOKE INSERT ON notes FROM misfit_app;", props.Fixed, ""},
		{"a check of the tenant", openNotes + "ALTER TABLE notes ADD CHECK (org_id = current_setting('app.t')::bigint);", props.Fixed, ""},
		{"a trigger that guards tenants", openNotes + strings.ReplaceAll(raises, "%s", "new.org_id <> current_setting('app.t')::bigint"), props.Fixed, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := replays(t, cfg, dir, test.change)
			if r.Verdict != test.want || !strings.Contains(r.Why, test.why) || (r.Why == "") != (test.why == "") {
				t.Errorf("%s (%s), want %s (%s)", r.Verdict, r.Why, test.want, test.why)
			}
		})
	}
}

// TestMisfitEdited edits a saved case into one that says nothing of its leak.
func TestMisfitEdited(t *testing.T) {
	cfg, dir := saves(t, openNotes)
	path := filepath.Join(dir, "case.yaml")
	saved, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(saved), "    sql:")
	for _, test := range []struct{ step, why string }{
		{"    sql: INSERT INTO notes VALUES ($1, $2, $3)\n    args: [1, 2]\n", "step 1 fails, and not since its session may not do that: ERROR 08P01"},
		{"    sql: COMMIT\n", "COMMIT is no step"},
		{"    sql: DROP TABLE notes\n", "DROP of notes is no step"},
	} {
		if err := os.WriteFile(path, []byte(before+test.step+"# end\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := replays(t, cfg, dir, openNotes); r.Verdict != props.CannotRun || !strings.Contains(r.Why, test.why) {
			t.Errorf("%s (%s), want cannot run (%s), of a case that ends in\n%s", r.Verdict, r.Why, test.why, test.step)
		}
	}
}

// TestMisfitExplored: of a sequence that a session explored, an error is an answer; of one that somebody
// wrote, it is none, and one that names what the schema does not have says nothing in either.
func TestMisfitExplored(t *testing.T) {
	cfg, dir := saves(t, openNotes)
	path := filepath.Join(dir, "case.yaml")
	const rows = "rows:\n  orgs: [{id: 1}]\n  notes: [{id: 1, org_id: 1}]\n"
	for _, test := range []struct {
		before, sql string
		want        props.ReplayVerdict
	}{
		{"", "INSERT INTO notes (id, org_id) VALUES (1, 1)", props.CannotRun},
		{"explored: true\n", "INSERT INTO notes (id, org_id) VALUES (1, 1)", props.ShowsNone},
		{"explored: true\n", "INSERT INTO notes (id, org_id, gone) VALUES (1, 1, 1)", props.CannotRun},
	} {
		text := "contract: " + cfg.Contract + "\n" + test.before + rows + "steps:\n  - session: app\n    tenant: 1\n    sql: " + test.sql + "\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := replays(t, cfg, dir, ""); r.Verdict != test.want {
			t.Errorf("%s (%s), want %s, of\n%s", r.Verdict, r.Why, test.want, text)
		}
	}
}

// TestMisfitSaved: a check says of a saved case the same as a replay.
func TestMisfitSaved(t *testing.T) {
	cfg, dir := saves(t, openNotes)
	for change, want := range map[string]string{
		openNotes + "ALTER TABLE notes ADD more int NOT NULL;": "saved case " + dir + " cannot run: ",
		"": "fixed: " + dir + " no longer leaks",
	} {
		applies(t, &cfg, change)
		cfg.SkipMatrix = true
		r := ran(t, cfg)
		if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, want) {
			t.Errorf("the notes lack %q:\n%s", want, notes)
		}
	}
}

// TestReplayOtherwise replays a case of a forbidden write under a contract that lets its session see
// rows which a policy holds back: what is told is that, with the answer of the look that showed it.
func TestReplayOtherwise(t *testing.T) {
	cfg, dir := saves(t, openNotes)
	same := replays(t, cfg, dir, openNotes)
	if want := " (app: insert notes, write)"; same.About() != want || same.Shown.Did != "INSERT 1" {
		t.Errorf("it is about%s: %s, want%s", same.About(), same.Shown.Did, want)
	}
	wider := strings.Replace(ownNotesContract, `sees: {"*": own`, `sees: {"*": own, orgs: all`, 1)
	if err := os.WriteFile(cfg.Contract, []byte(wider), 0o600); err != nil {
		t.Fatal(err)
	}
	r := replays(t, cfg, dir, "")
	if r.Shown == nil || r.Shown.Class.String() != "lockout" || r.Shown.Did != "SELECT 0, of orgs after step 1" {
		t.Fatalf("shown is %+v", r.Shown)
	}
	if want := " (app: select orgs, lockout; saved for app: insert notes, write)"; r.About() != want {
		t.Errorf("it is about%s, want%s", r.About(), want)
	}
}
