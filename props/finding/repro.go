package finding

import (
	"fmt"
	"io"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// Repro writes repro.sql: a script for psql that makes the roles and the schema,
// inserts the rows, does the steps, and ends with one line, LEAK: … or no leak, by
// what the server shows at that moment. The statements of the material may be those
// of a mended schema: then it says no leak. A session whose tenant or user is not
// among the rows is a *Stale.
func Repro(w io.Writer, f *Finding, m Material) error {
	r := &repro{teller: newTeller(f, m.Contract), m: m, fresh: map[string]string{}, prepared: map[string]string{}}
	if err := r.bind(); err != nil {
		return err
	}
	r.head()
	r.roles()
	r.schema()
	r.rows()
	r.watch()
	r.listens()
	if (r.d.Left || r.f.Scenario.Listens()) && r.d.Worlds != nil {
		r.left()
	} else {
		for i := range f.Scenario.Steps {
			if i == r.d.Step && r.d.Worlds != nil {
				r.twice(i)
				continue
			}
			r.step(i)
		}
	}
	r.verdict()
	_, err := io.WriteString(w, r.b.String())
	return err
}

// repro is a script under construction.
type repro struct {
	*teller
	m       Material
	b       strings.Builder
	ids     []*model.Identity // by step
	fresh   map[string]string // by role: psql's variable that says whether the script creates it
	grants  []string          // memberships of the roles that no statement creates
	watches []watched         // what decides whether there is a leak
	// prepared names the statements that stay prepared on the connection, by their texts.
	prepared map[string]string
	tap      bool // it is a test: one transaction of a database that has the schema; see Test
}

// begin opens the transaction of a step, or of what prepares one; a test has one for all.
func (r *repro) begin() {
	if !r.tap {
		r.text("BEGIN;")
	}
}

// commit ends what begin opened. In a test it restores what the session of id changed instead;
// id is nil where no session was bound.
func (r *repro) commit(id *model.Identity) {
	if r.tap {
		r.restore(id)
		return
	}
	r.text("COMMIT;")
}

// announce says which step comes: of a test, as a comment.
func (r *repro) announce(i int) {
	mark := ""
	if r.tap {
		mark = "# "
	}
	r.line("\\echo %s", echoed(fmt.Sprintf("%sstep %d: %s%s", mark, i+1, r.actor(&r.f.Scenario.Steps[i]), r.ending(i))))
}

// printed writes statements whose results psql prints; not in a test, which prints its verdict
// alone.
func (r *repro) printed(run func()) {
	if r.tap {
		run()
		return
	}
	r.text("\\set QUIET off")
	run()
	r.text("\\set QUIET on")
}

func (r *repro) line(format string, args ...any) { fmt.Fprintf(&r.b, format+"\n", args...) }

// text writes lines as they are.
func (r *repro) text(s string) { r.b.WriteString(s + "\n") }

// comment writes text as at most so many lines of comment.
func (r *repro) comment(text string, most int) {
	for _, l := range Wrap(text, commentWidth, most) {
		r.line("-- %s", l)
	}
}

// commentWidth is the characters of a line of comment, after its dashes.
const commentWidth = 76

// section writes a title.
func (r *repro) section(title string) {
	r.line("\n-- %s %s", title, strings.Repeat("-", max(4, 72-len(title))))
}

// bind binds the session of each step to its tenant and user, and makes sure that observers
// can be bound. One that has none among the rows is a *Stale.
func (r *repro) bind() error {
	for i := range r.f.Scenario.Steps {
		st := &r.f.Scenario.Steps[i]
		id, ok := r.c.BindStep(st, r.state)
		if !ok {
			return &Stale{Name: "repro.sql", Reason: fmt.Sprintf("step %d: the session %s has no tenant or user among the rows", i+1, st.Session.Name)}
		}
		r.ids = append(r.ids, id)
		if look := st.Observer.Step(); st.Observed() {
			if _, ok := r.c.BindStep(&look, r.state); !ok {
				return &Stale{Name: "repro.sql", Reason: fmt.Sprintf("step %d: the observer %s has no tenant or user among the rows", i+1, look.Session.Name)}
			}
		}
	}
	return nil
}

// usage is the head of the script that says how to run it, and psql's settings for it.
const usage = `--
-- Run it as a superuser on an empty database of a server meant for tests:
--
--   createdb rlsfuzz_repro
--   psql -X -v ON_ERROR_STOP=1 -d rlsfuzz_repro -f repro.sql
--
-- The last line says LEAK: … or no leak. Roles that are missing are created, and
-- dropped at the end; it stops if one exists with other attributes. psql 11 or newer.

\set ON_ERROR_STOP on
\set ON_ERROR_ROLLBACK off
\set AUTOCOMMIT on
\set QUIET on
\pset pager off`

// sqlComment names the columns of a row that may hold anything.
func sqlComment(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return " -- any: " + oneLine(strings.Join(names, ", "))
}

// head says what the script shows.
func (r *repro) head() {
	r.line("-- rlsfuzz, finding %s: %s, %s", r.f.Key, r.f.Class, r.f.Scope())
	r.comment(r.sentence(), 4)
	r.comment("The contract: "+r.allows(), 4)
	if r.f.Carrier.Object != "" {
		r.comment("The cause: "+r.f.Carrier.Object, 2)
	}
	for _, s := range r.f.Fix.SQL {
		r.line("-- A fix: %s;", oneLine(s))
	}
	if v := r.m.version(); v > 0 {
		r.line("-- Found on PostgreSQL %d.%d.", v/10000, v%10000)
	}
	r.text(usage)
}

// rows inserts the scenario's rows, targets of foreign keys first.
func (r *repro) rows() {
	r.section("rows")
	order, replica := r.c.Schema.LoadOrder()
	for _, t := range r.c.Schema.Tables {
		replica = replica || len(t.Triggers) > 0
	}
	r.begin()
	if replica {
		r.text("SET LOCAL session_replication_role = replica; -- no triggers: the rows are as they stand here")
	}
	for _, t := range order {
		for i, row := range r.data(t) {
			r.line("%s;%s", insert(t, row), sqlComment(r.f.free(t.Label(), i)))
		}
	}
	r.commit(nil)
	if r.d.Step > 0 || r.d.Worlds == nil { // else once begins each run of the call with it
		r.sequences()
	}
	r.refresh()
}

// refresh fills the materialized views anew.
func (r *repro) refresh() {
	for _, v := range r.c.Schema.Views {
		if v.Materialized {
			r.line("REFRESH MATERIALIZED VIEW %s;", v.SQL())
		}
	}
}

// data is the scenario's rows of a table.
func (r *repro) data(t *model.Table) []model.Row {
	if t.ID < len(r.f.Scenario.Data) {
		return r.f.Scenario.Data[t.ID]
	}
	return nil
}

// insert is the statement that inserts a row.
func insert(t *model.Table, row model.Row) string {
	var names, values []string
	over := ""
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Generated {
			continue
		}
		if c.Identity == "a" {
			over = " OVERRIDING SYSTEM VALUE"
		}
		names = append(names, model.Quote(c.Name))
		values = append(values, constantOf(c.Type, row[i]))
	}
	return fmt.Sprintf("INSERT INTO %s (%s)%s VALUES (%s)", t.SQL(), strings.Join(names, ", "), over, strings.Join(values, ", "))
}

// farewell drops the roles that the script created and its own schema.
const farewell = `DO $rlsfuzz$
DECLARE name text;
BEGIN
  FOR name IN SELECT r.name FROM rlsfuzz_repro.role r JOIN pg_roles p ON p.rolname = r.name WHERE NOT r.existed LOOP
    EXECUTE format('REASSIGN OWNED BY %I TO CURRENT_USER', name);
    EXECUTE format('DROP OWNED BY %I CASCADE', name);
  END LOOP;
  FOR name IN SELECT r.name FROM rlsfuzz_repro.role r JOIN pg_roles p ON p.rolname = r.name WHERE NOT r.existed LOOP
    BEGIN
      EXECUTE format('DROP ROLE %I', name);
    EXCEPTION WHEN dependent_objects_still_exist THEN
      RAISE WARNING 'role % stays: another database needs it', name;
    END;
  END LOOP;
END
$rlsfuzz$;
DROP SCHEMA rlsfuzz_repro CASCADE;

\if :rlsfuzz_leak`

// verdictQuery reads from what was watched whether there is a leak, and of which rows.
const verdictQuery = "SELECT coalesce(bool_or(leaked), false) AS rlsfuzz_leak, coalesce(string_agg(label, ', ' ORDER BY n) FILTER (WHERE leaked), '') AS rlsfuzz_rows FROM rlsfuzz_repro.watch \\gset"

// verdict says in the script's last line what was watched, after it has cleaned up.
func (r *repro) verdict() {
	r.section("verdict")
	r.text(verdictQuery)
	r.text("SET client_min_messages = warning;")
	r.text(farewell)
	who := r.who(&r.f.Scenario.Steps[r.d.Step])
	what := r.verb()
	if r.f.Path != "" {
		what += " through " + r.f.Path
	}
	switch {
	case r.f.Scenario.Steps[r.d.Step].Observed():
		what = "made by " + r.f.Path + ", for " + r.looker(&r.f.Scenario.Steps[r.d.Step]) + ", what depends on"
	case r.d.Class == judge.Canary && r.f.Path != "":
		what = "received through " + r.f.Path + " the token of"
	case r.d.Worlds != nil && r.f.Scenario.Listens():
		what = "hears by " + r.f.Path + " of"
	case r.d.Worlds != nil:
		what = "tells by " + r.f.Path + " of"
	case r.d.Class == judge.Audit:
		what = "is logged wrongly:"
	case r.d.Rule == judge.MustFail || r.d.Rule == judge.RefuseWildcards:
		what = "was not refused:"
	case r.d.Class == judge.Lockout && len(r.d.Rows) == 0:
		what = "was refused"
	case r.d.Column >= 0 && r.d.Became == nil:
		what += " column " + r.f.Column + " of"
	}
	r.line("\\echo %s :rlsfuzz_rows", echoed(fmt.Sprintf("LEAK: %s, %s: %s %s", r.f.Class, r.f.Scope(), who, what)))
	r.text("\\else")
	r.text("\\echo no leak")
	r.text("\\endif")
}

// echoed quotes text for \echo, which knows backslash escapes in quotes.
func echoed(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", "''").Replace(oneLine(s)) + "'"
}
