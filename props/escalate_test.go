package props_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
	"github.com/rlsfuzz/rlsfuzz/props/report"
)

// ladder is a schema of people who work in several firms. What a session may see
// follows from rows that the session itself might write.
const ladder = `CREATE ROLE ladder_app LOGIN;
CREATE FUNCTION me() RETURNS int LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.user', true), '')::int $$;
CREATE TABLE firms (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE members (firm_id int NOT NULL REFERENCES firms, person_id int NOT NULL REFERENCES people, role text NOT NULL DEFAULT 'member' CHECK (role IN ('member', 'boss')), PRIMARY KEY (firm_id, person_id));
CREATE TABLE papers (id int PRIMARY KEY, firm_id int NOT NULL REFERENCES firms, title text NOT NULL);
CREATE TABLE salaries (id int PRIMARY KEY, firm_id int NOT NULL REFERENCES firms, note text NOT NULL);
CREATE FUNCTION my_firms(wanted text) RETURNS SETOF int LANGUAGE sql STABLE SECURITY DEFINER AS
  $$ SELECT firm_id FROM members WHERE person_id = me() AND (wanted = '' OR role = wanted) $$;
GRANT SELECT ON firms, people, papers, salaries, members TO ladder_app;
GRANT INSERT (firm_id, person_id, role), UPDATE (role) ON members TO ladder_app;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY; CREATE POLICY firms_read ON firms FOR SELECT USING (id IN (SELECT my_firms('')));
ALTER TABLE people ENABLE ROW LEVEL SECURITY; CREATE POLICY people_read ON people FOR SELECT USING (id = me());
ALTER TABLE members ENABLE ROW LEVEL SECURITY; CREATE POLICY members_read ON members FOR SELECT USING (firm_id IN (SELECT my_firms('')));
ALTER TABLE papers ENABLE ROW LEVEL SECURITY; CREATE POLICY papers_read ON papers FOR SELECT USING (firm_id IN (SELECT my_firms('')));
ALTER TABLE salaries ENABLE ROW LEVEL SECURITY; CREATE POLICY salaries_read ON salaries FOR SELECT USING (firm_id IN (SELECT my_firms('boss')));
`

const ladderContract = `schema: [schema.sql]
tenant: {table: firms, key: id}
tables:
  people: {tenants: SELECT firm_id FROM members m WHERE m.person_id = people.id}
  members: {tenant: firm_id}
sessions:
  worker:
    login: ladder_app
    user: people
    settings: {app.user: $user.id}
    tenants: SELECT firm_id FROM members m WHERE m.person_id = $user.id
    sees:
      "*": own
      people: id = $user.id
      salaries: exists (select 1 from members m where m.person_id = $user.id and m.firm_id = salaries.firm_id and m.role = 'boss')
    writes:
      "*": none
      members: {insert: "exists (select 1 from members b where b.person_id = $user.id and b.firm_id = members.firm_id and b.role = 'boss')"}
`

// TestEscalation plants writes that widen what a session is entitled to: each is one
// write finding that says what became readable. Their fixed twins have none.
func TestEscalation(t *testing.T) {
	const bosses = "FOR INSERT WITH CHECK (firm_id IN (SELECT my_firms('boss')))"
	for _, k := range []struct {
		name, policy string
		readable     []string // tables; empty: no finding at all
		command      string
	}{
		{"joins any firm", "FOR INSERT WITH CHECK (person_id = me())", []string{"firms", "papers"}, "insert"},
		{"promotes itself", "FOR UPDATE USING (person_id = me()) WITH CHECK (person_id = me())", []string{"salaries"}, "update"},
		{"invites as a boss", bosses, nil, ""},
	} {
		t.Run(k.name, func(t *testing.T) {
			policy := "CREATE POLICY members_write ON members " + k.policy + "; CREATE POLICY bosses_invite ON members " + bosses + ";"
			dir := require.Folder(t, map[string]string{"schema.sql": ladder + policy, "rlsfuzz.yaml": ladderContract})
			target, err := props.Open(t.Context(), props.Config{Contract: filepath.Join(dir, "rlsfuzz.yaml"), Postgres: os.Getenv("RLSFUZZ_POSTGRES")})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = target.Close() }()
			r, err := props.Run(t.Context(), target, props.Config{Seed: 3, Checks: 200, SkipRandom: len(k.readable) > 0, Out: filepath.Join(dir, "out")})
			if err != nil {
				t.Fatal(err)
			}
			var page, text, document bytes.Buffer
			report.Blocks(&text, r, report.Style{})
			if err := report.New(props.Config{}, r, time.Time{}).JSON(&document); err != nil {
				t.Fatal(err)
			}
			if len(k.readable) == 0 {
				if len(r.Blocks) > 0 {
					t.Errorf("a sound schema has findings:\n%s", text.String())
				}
				return
			}
			if len(r.Blocks) != 1 {
				t.Fatalf("%d causes, want one:\n%s", len(r.Blocks), text.String())
			}
			f := r.Blocks[0].Finding
			got := map[string]bool{}
			for _, w := range f.Escalation {
				got[w.Table] = true
			}
			for _, table := range k.readable {
				if !got[table] {
					t.Errorf("%s does not become readable: %+v", table, f.Escalation)
				}
			}
			if f.Command != k.command || f.Table != "members" || f.Class.String() != "write" {
				t.Errorf("a finding of class %s: %s %s", f.Class, f.Command, f.Table)
			}
			if text, err := os.ReadFile(filepath.Join(r.Blocks[0].Dir, "README.md")); err == nil {
				page.Write(text)
			} else {
				t.Log(err)
			}
			for name, s := range map[string]string{"page": page.String(), "text": text.String(), "JSON": document.String()} {
				if !strings.Contains(strings.ToLower(s), "escalation") {
					t.Errorf("the %s does not say escalation:\n%s", name, s)
				}
			}
		})
	}
}

// TestEscalationAccepted has the contract accept a write to one session, to which nothing becomes
// readable that it may not see: the block of the session to which something does says so, and the
// accepted one does not.
func TestEscalationAccepted(t *testing.T) {
	const joins = "CREATE POLICY members_write ON members FOR INSERT WITH CHECK (person_id = me());"
	auditor := `sessions:
  auditor:
    login: ladder_app
    user: people
    settings: {app.user: $user.id}
    tenants: SELECT firm_id FROM members m WHERE m.person_id = $user.id
    sees: {"*": {may: all}}
    writes: {"*": none}
`
	cfg := written(t, ladder+joins, strings.Replace(ladderContract, "sessions:\n", auditor, 1)+"accept:\n  - {session: auditor, table: members, reason: it may}\n")
	cfg.SkipRandom = true
	r, err := props.Run(t.Context(), opened(t, cfg), cfg)
	if err != nil {
		t.Fatal(err)
	}
	says := func(blocks []*props.Block) string {
		var out []string
		for _, b := range blocks {
			line := b.Finding.Session + ": " + b.Finding.Action() + " " + b.Finding.Object()
			for _, w := range b.Finding.Escalation {
				line += " " + w.Table
			}
			out = append(out, line)
		}
		return strings.Join(out, "; ")
	}
	if got := says(r.Blocks); got != "worker: insert members firms members papers" {
		t.Errorf("found %q", got)
	}
	if got := says(r.Accepted); got != "auditor: insert members" {
		t.Errorf("accepted %q", got)
	}
}
