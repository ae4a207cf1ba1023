package script

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// adapted is a statement as it will run.
type adapted struct {
	text      string
	skip      bool   // it does not run
	extension string // the extension that it creates; empty for another statement
	role      string // the role that it creates; empty for another statement
}

// adapt finds the statements that reach beyond the scratch database, those about
// databases, roles and the server, and rewrites, skips or refuses them.
func (r *runner) adapt(ctx context.Context, s *Statement) (out adapted, err error) {
	out.text = s.Text
	w := words{text: s.Text}
	verb, object := w.next(), w.next()
	switch verb + " " + object {
	case "create database", "drop database":
		r.note(s, "%s is skipped: everything goes to the scratch database", strings.ToUpper(verb+" "+object))
		out.skip = true
	case "alter system":
		r.note(s, "ALTER SYSTEM is skipped: it changes the whole server")
		out.skip = true
	case "create subscription":
		r.note(s, "CREATE SUBSCRIPTION is skipped: it reaches another server")
		out.skip = true
	case "create extension":
		w.pass("if", "not", "exists")
		out.extension = w.name()
	case "alter database":
		r.alterDatabase(s, &w, &out)
	case "comment on":
		err = r.comment(s, &w, &out)
	case "create tablespace", "alter tablespace", "drop tablespace":
		r.note(s, "%s is skipped: tablespaces belong to the whole server", strings.ToUpper(verb+" "+object))
		out.skip = true
	case "drop owned", "reassign owned":
		w.pass("by")
		err = r.guard(ctx, s, &w, &out)
	case "create role", "create user", "create group":
		err = r.createRole(ctx, s, &w, &out)
	case "alter role", "alter user", "alter group", "drop role", "drop user", "drop group":
		err = r.changeRole(ctx, s, verb, &w, &out)
	case "security label":
		if w.after("on", "database") {
			r.rewrite(s, &w, &out)
		}
	default:
		err = r.adaptVerb(ctx, s, verb, &out)
	}
	return out, err
}

// adaptVerb adapts what is known by its first word alone.
func (r *runner) adaptVerb(ctx context.Context, s *Statement, verb string, out *adapted) error {
	w := words{text: s.Text}
	w.next()
	switch verb {
	case "grant", "revoke":
		return r.grant(ctx, s, out)
	case "set":
		r.set(ctx, s, &w, out)
	case "select":
		r.restored(s, out)
	case "alter":
		if w.pass("default", "privileges") {
			for next := w.next(); next != "grant" && next != "revoke" && next != ""; {
				next = w.next()
			}
			r.maintain(s, w, out)
		}
	}
	return nil
}

// rewrite puts the name of the scratch database in the place of the names of
// databases that come next.
func (r *runner) rewrite(s *Statement, w *words, out *adapted) {
	from, to := w.list()
	if from == to || r.options.Database == "" {
		return
	}
	name := pgx.Identifier{r.options.Database}.Sanitize()
	out.text = out.text[:from] + name + out.text[to:]
	if w.text[from:to] == databaseVariable {
		return // :DBNAME, or a preset
	}
	r.note(s, "database %s is taken to be the scratch database", w.text[from:to])
}

// alterDatabase rewrites what can be meant for the scratch database, and skips
// what would take it away from us.
func (r *runner) alterDatabase(s *Statement, w *words, out *adapted) {
	rest := *w
	rest.next()
	switch action := rest.next(); {
	case action == "owner", action == "reset", action == "refresh", action == "set" && rest.next() != "tablespace":
		r.rewrite(s, w, out)
	default:
		r.note(s, "ALTER DATABASE … %s is skipped: it would change the scratch database's place, name or connections", strings.ToUpper(action))
		out.skip = true
	}
}

// createRole skips the creation of a role that exists already, where the caller
// says that the script may use it as its own; else that is an error.
func (r *runner) createRole(ctx context.Context, s *Statement, w *words, out *adapted) error {
	at := w.peek()
	if w.pass("mapping") {
		return nil // CREATE USER MAPPING
	}
	name := w.name()
	if name == r.self {
		r.note(s, "role %q is left as it is: rlsfuzz itself is connected as this role", name)
		out.skip = true
		return nil
	}
	if found, err := r.query(ctx, roleNames+" WHERE rolname = $1", name); err != nil || len(found) == 0 {
		out.role = name
		return nil // an error here is a broken transaction, and the statement will say so
	}
	ok, err := r.own(name)
	if err == nil && !ok {
		e := s.fault(at.start, fmt.Sprintf("role %q exists already", name))
		if e.Hint = leftAlone; !r.before[name] {
			e.Hint = "the script itself created it, further up"
		}
		return e
	}
	if err != nil {
		return s.unasked(at.start, name, err)
	}
	r.note(s, "role %q exists already and is used as it is", name)
	out.skip = true
	return nil
}
