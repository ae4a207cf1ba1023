package finding

import (
	"fmt"
	"io"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Test writes a regression test for pg_prove: it fails on a database whose schema still
// leaks, and passes on one where that is mended. The database has the schema, as the
// project's migrations make it, and its roles; the test brings the rows, does the steps in
// one transaction, and rolls it back. A case that needs real commits or several
// connections is a *Stale: repro.sql shows it.
func Test(w io.Writer, f *Finding, m Material) error {
	r := &repro{teller: newTeller(f, m.Contract), m: m, tap: true}
	if why := r.untestable(); why != "" {
		return &Stale{Name: "pgTAP", Reason: why + ": a test is one transaction on one connection"}
	}
	if err := r.bind(); err != nil {
		return err
	}
	r.tapHead()
	r.rows()
	r.watch()
	for i := range f.Scenario.Steps {
		if i == r.d.Step && r.d.Worlds != nil {
			r.twice(i)
			continue
		}
		r.step(i)
	}
	r.tapVerdict()
	_, err := io.WriteString(w, r.b.String())
	return err
}

// untestable says why a case cannot be one transaction; empty when it can.
func (r *repro) untestable() string {
	for i := range r.f.Scenario.Steps {
		st := &r.f.Scenario.Steps[i]
		switch {
		case st.Runs():
			return fmt.Sprintf("step %d starts a program", i+1)
		case st.Undone || st.Prepared:
			return fmt.Sprintf("step %d depends on what a rollback leaves, or a prepared statement", i+1)
		case r.between(i):
			return fmt.Sprintf("step %d is a part of a call that runs at the same time as others", i+1)
		case i > 0 && st.Fresh:
			return fmt.Sprintf("step %d needs a fresh connection", i+1)
		case i > 0 && (!st.Session.Local() || !r.f.Scenario.Steps[i-1].Session.Local()):
			return fmt.Sprintf("step %d depends on what a pool's connection keeps", i+1)
		}
		for _, text := range r.statements(st) {
			if sql.Mentions(text, "commit") || sql.Mentions(text, "rollback") {
				return fmt.Sprintf("step %d ends its transaction itself", i+1)
			}
		}
	}
	return ""
}

// statements is the statements of a step.
func (r *repro) statements(st *model.Step) []string {
	if st.Op.Path != nil {
		return r.calls(st)
	}
	return []string{Statement(&st.Op)}
}

// tapUsage is the head of the test that says how to run it, and begins its transaction.
const tapUsage = `--
-- Run it as a superuser on a database of a server meant for tests that has the schema, and
-- no rows but those of its migrations:
--
--   pg_prove -d DATABASE THIS-FILE
--
-- It needs pgTAP (Debian: postgresql-15-pgtap, libtap-parser-sourcehandler-pgtap-perl) and
-- psql 11 or newer. All of it is one transaction, which is rolled back.

\set ON_ERROR_STOP on
\set ON_ERROR_ROLLBACK off
\set AUTOCOMMIT on
\set QUIET on
\pset pager off
\pset format unaligned
\pset tuples_only on
\o /dev/null

BEGIN;
SET LOCAL client_min_messages = warning;
DO $rlsfuzz$
BEGIN
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    RAISE EXCEPTION 'this test needs a superuser: it acts as several roles';
  END IF;
END
$rlsfuzz$;
CREATE SCHEMA rlsfuzz_repro;
CREATE TABLE rlsfuzz_repro.setting (name text, was text);`

// tapDefaults is loginDefaults that also keeps what each setting was before, for restore.
var tapDefaults = strings.Replace(loginDefaults, "      PERFORM set_config(",
	"      INSERT INTO rlsfuzz_repro.setting VALUES (split_part(entry, '=', 1), coalesce(current_setting(split_part(entry, '=', 1), true), ''));\n      PERFORM set_config(", 1)

// tapHead says what the test shows.
func (r *repro) tapHead() {
	r.line("-- rlsfuzz, a regression test of finding %s: %s, %s", r.f.Key, r.f.Class, r.f.Scope())
	r.comment(r.sentence(), 4)
	r.comment("The contract: "+r.allows(), 4)
	r.text(tapUsage)
	r.text(tapDefaults)
}

// restore makes the connection the superuser's again, with the settings that it had
// before a session was bound; id is nil where none was.
func (r *repro) restore(id *model.Identity) {
	if id == nil {
		r.text("SET LOCAL session_replication_role = DEFAULT;")
		return
	}
	r.text("SET LOCAL ROLE NONE;\nSET LOCAL SESSION AUTHORIZATION DEFAULT;")
	for i := range id.Session.Settings {
		r.line("SELECT set_config(%s, '', true);", sql.Constant(id.Session.Settings[i].Name))
	}
	r.text("SELECT set_config(name, was, true) FROM rlsfuzz_repro.setting;\nDELETE FROM rlsfuzz_repro.setting;")
}

// tapVerdict gives the verdict through pgTAP. With psql -v rlsfuzz_plain=1 it prints the verdict
// alone, and needs no pgTAP.
func (r *repro) tapVerdict() {
	r.section("verdict")
	r.text(verdictQuery)
	r.text("\\o\n\\if :{?rlsfuzz_plain}\n\\if :rlsfuzz_leak\n\\echo LEAK: :rlsfuzz_rows\n\\else\n\\echo no leak\n\\endif\n\\else")
	r.text("CREATE EXTENSION IF NOT EXISTS pgtap WITH SCHEMA rlsfuzz_repro;")
	r.text("SELECT extnamespace::regnamespace AS rlsfuzz_tap FROM pg_extension WHERE extname = 'pgtap' \\gset")
	r.text("SET LOCAL search_path = :rlsfuzz_tap, pg_catalog;")
	r.text("SELECT plan(1);")
	r.line("SELECT is(:'rlsfuzz_rows'::text, ''::text, %s);", sql.Constant(oneLine(r.allows()+" (rlsfuzz "+r.f.Key+")")))
	r.text("SELECT * FROM finish();\n\\endif\nROLLBACK;")
}
