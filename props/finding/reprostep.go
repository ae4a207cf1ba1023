package finding

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// step writes one statement of a session: bound as the contract binds it, in a
// transaction of its own. An error of the statement does not end the script.
func (r *repro) step(i int) {
	st, id := &r.f.Scenario.Steps[i], r.ids[i]
	r.section(fmt.Sprintf("step %d: %s", i+1, oneLine(r.actor(st))))
	if !r.tap && (st.Fresh || r.otherPool(i)) {
		r.text("\\connect")
		clear(r.prepared)
	}
	if i == r.d.Step {
		r.snapshot("before")
	}
	r.announce(i)
	r.begin()
	r.binding(st, id)
	r.text("\\set ON_ERROR_STOP off")
	if i == r.d.Step {
		r.look(false)
	}
	if !id.Session.Within() { // else an error takes the binding back, too
		r.text("SAVEPOINT rlsfuzz;")
	}
	switch {
	case i == r.d.Step && st.Op.Path != nil && st.Op.Path.Channel != nil:
		r.came()
	case st.Op.Path != nil:
		r.call(i)
	default:
		r.run(&st.Op, i)
	}
	r.text("\\set rlsfuzz_state :SQLSTATE\n\\set rlsfuzz_count :ROW_COUNT\n\\if :ERROR\nROLLBACK TO SAVEPOINT rlsfuzz;\n\\endif")
	if st.Undone && st.Op.Path == nil {
		r.text("ROLLBACK TO SAVEPOINT rlsfuzz; -- the application rolls back")
	}
	if st.Op.Raw != "" && !r.tap { // it may have ended the transaction
		r.text("COMMIT;")
		if i == r.d.Step {
			r.text("BEGIN;")
			r.binding(st, id)
		}
	}
	if i == r.d.Step {
		r.look(true)
	}
	r.listened(i, func() { r.commit(id) })
	r.text("\\set ON_ERROR_STOP on")
	r.release(id)
	if i == r.d.Step {
		r.snapshot("after")
		r.keep()
	}
}

// otherPool reports whether a step runs on another connection than the step before: on one of
// another login, where connections keep what sessions set, or beside a call that goes on later.
func (r *repro) otherPool(i int) bool {
	if i == 0 || r.f.Scenario.Listens() { // on the one connection that listens
		return false
	}
	if r.between(i) != r.between(i-1) || r.between(i) && r.ids[i].Label() != r.ids[i-1].Label() {
		return true
	}
	kept := !r.ids[i].Session.Local() || !r.ids[i-1].Session.Local()
	return kept && r.ids[i].Login != r.ids[i-1].Login
}

// between reports whether a step is a part of a call that is cut, and goes on after the steps of
// others. psql has one connection, which is made anew between them: what such a call leaves on
// its own connection is lost, what it commits is not.
func (r *repro) between(i int) bool {
	steps := r.f.Scenario.Steps
	return steps[i].From > 0 || model.Resumed(steps, i) >= 0
}

// binding gives the connection the login, role and settings of the session, in the order in
// which a real login and then the application do it.
func (r *repro) binding(st *model.Step, id *model.Identity) {
	local := r.tap || id.Session.Local()
	r.line("CALL rlsfuzz_repro.defaults(%s);", sql.Constant(id.Login))
	if !st.Fresh {
		r.used()
	}
	r.line("SET LOCAL SESSION AUTHORIZATION %s;", model.Quote(id.Login))
	if id.Role != "" {
		r.line("SET LOCAL ROLE %s;", model.Quote(id.Role))
	} else if r.tap || r.defaultRole() {
		end := " \\gset rlsfuzz_"
		if r.tap { // of a schema that may have changed since: there may be none
			end = ";"
		}
		r.line("SELECT set_config('role', substr(c, 6), true) FROM pg_db_role_setting s, unnest(s.setconfig) c WHERE s.setrole = %s::regrole AND c LIKE 'role=%%' LIMIT 1%s", sql.Constant(model.Quote(id.Login)), end)
	}
	if id.Session.Within() {
		r.text("SAVEPOINT rlsfuzz;")
	}
	for s := range id.Settings() {
		r.line("SELECT set_config(%s, %s, %t) \\gset rlsfuzz_", sql.Constant(s.Name), sql.Constant(id.Setting(s)), local)
	}
}

// used leaves custom settings as they are on a connection that was used before. There, a
// setting that some session set is the empty text afterwards, and not NULL.
func (r *repro) used() {
	var names []string
	for _, s := range r.c.Sessions {
		for i := range s.Settings {
			if n := s.Settings[i].Name; strings.Contains(n, ".") && !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	for _, n := range names {
		r.line("SELECT set_config(%s, coalesce(current_setting(%s, true), ''), true) \\gset rlsfuzz_", sql.Constant(n), sql.Constant(n))
	}
}

// defaultRole reports whether some statement gives a login another role by default.
func (r *repro) defaultRole() bool {
	re := wholeWord(`set\s+role`)
	return slices.ContainsFunc(r.m.Statements, func(s script.Statement) bool { return re.MatchString(s.Text) })
}

// run writes the statement itself.
func (r *repro) run(op *model.Op, i int) {
	text := Statement(op)
	if st := &r.f.Scenario.Steps[i]; st.Prepared && op.Shape != nil {
		text = r.prepare(op.Shape.Text, op.Args)
	}
	if i == r.d.Step && (len(r.tokens()) > 0 || r.gets(i)) {
		r.received(text, op)
		return
	}
	r.printed(func() {
		r.end(text)
		if op.Shape != nil && op.Shape.Form == model.Cursor {
			r.text("FETCH ALL FROM rlsfuzz_c;")
		}
	})
}

// prepare writes a PREPARE, unless the connection has the statement already, and gives the
// EXECUTE that runs it.
func (r *repro) prepare(text string, values []model.Value) string {
	name, ok := r.prepared[text]
	if !ok {
		name = fmt.Sprintf("rlsfuzz_step_%d", len(r.prepared)+1)
		r.prepared[text] = name
		r.line("PREPARE %s AS %s;", name, text)
	}
	if len(values) == 0 {
		return "EXECUTE " + name
	}
	args := make([]string, len(values))
	for i, a := range values {
		args[i] = "NULL"
		if !a.Null {
			args[i] = sql.Constant(a.Text)
		}
	}
	return "EXECUTE " + name + "(" + strings.Join(args, ", ") + ")"
}

// gets reports whether the rows that the statement of a step returns decide. They do where it
// was prepared before: another statement, planned anew, would not show the same.
func (r *repro) gets(i int) bool {
	st := &r.f.Scenario.Steps[i]
	return st.Prepared && st.Op.Shape != nil && st.Op.Shape.Command == model.Select && r.d.Became == nil && r.d.Class < judge.Lockout
}

// received runs the statement in a DO block that keeps all that the session receives, errors
// with their details included, in the setting rlsfuzz.received, which look searches.
func (r *repro) received(text string, op *model.Op) {
	loop := "    FOR entry IN EXECUTE %s LOOP got := got || entry::text; END LOOP;"
	if s := op.Shape; s != nil && s.Command != model.Select && len(s.Returning) == 0 {
		loop = "    EXECUTE %s;"
	}
	if op.Shape != nil && op.Shape.Form == model.Cursor {
		_, query, _ := strings.Cut(text, " CURSOR FOR ")
		text = query
	}
	r.line(`DO $rlsfuzz$
DECLARE entry record; got text := ''; part text;
BEGIN
  BEGIN
`+loop+`
  EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS got = MESSAGE_TEXT;
    GET STACKED DIAGNOSTICS part = PG_EXCEPTION_DETAIL;
    got := got || ' ' || part;
    GET STACKED DIAGNOSTICS part = PG_EXCEPTION_HINT;
    got := got || ' ' || part;
  END;
  RAISE NOTICE 'received: %%', got;
  PERFORM set_config('rlsfuzz.received', got, true);
END
$rlsfuzz$;`, sql.Constant(text))
}

// release does what the pool does when the connection comes back.
func (r *repro) release(id *model.Identity) {
	release := strings.TrimRight(strings.TrimSpace(id.Session.Release), ";")
	if r.tap || release == "" || strings.EqualFold(release, "none") || r.f.Scenario.Listens() { // it is not the one that listens
		return
	}
	r.line("SET SESSION AUTHORIZATION %s;", model.Quote(id.Login))
	r.end(release)
	r.text("RESET SESSION AUTHORIZATION;")
}
