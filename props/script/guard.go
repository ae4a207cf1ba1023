package script

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// leftAlone says why a role is not touched, and what to do.
const leftAlone = "rlsfuzz never alters or drops a role that it did not create; rename the role, or use --postgres with another server"

// own asks the caller whether the script may treat a role that existed before as
// its own.
func (r *runner) own(name string) (bool, error) {
	if r.options.ExistingRole == nil {
		return false, nil
	}
	return r.options.ExistingRole(name)
}

// foreign reports whether a role is somebody else's, to be left as it is.
func (r *runner) foreign(name string) (bool, error) {
	if !r.before[name] || r.options.ExistingRole == nil {
		return false, nil
	}
	ok, err := r.own(name)
	return !ok, err
}

// unasked is the error when ExistingRole gave no answer.
func (s *Statement) unasked(at int, name string, err error) error {
	e := s.fault(at, fmt.Sprintf("ask about role %q: %v", name, err))
	e.Err = err
	return e
}

// A roleName is a role in a statement's text.
type roleName struct {
	name string
	at   int
	word bool // without quotes
}

// roles reads the roles that come next, with commas between them.
func (r *runner) roles(ctx context.Context, s *Statement, w *words) ([]roleName, error) {
	var out []roleName
	for {
		t := w.peek()
		one := roleName{name: w.name(), at: t.start, word: t.kind == word}
		if one.word && (one.name == "current_user" || one.name == "current_role" || one.name == "session_user") {
			found, err := r.query(ctx, "SELECT "+one.name+"::text")
			if err != nil {
				return nil, s.unasked(t.start, one.name, err)
			}
			one.name = found[0]
		}
		out = append(out, one)
		if !w.pass(",") {
			return out, nil
		}
	}
}

// changeRole guards the roles that existed before. What a role has in one
// database it has in the scratch database, which harms nobody.
func (r *runner) changeRole(ctx context.Context, s *Statement, verb string, w *words, out *adapted) error {
	if w.pass("mapping") {
		return nil // ALTER or DROP USER MAPPING
	}
	if verb == "drop" {
		w.pass("if", "exists")
		return r.guard(ctx, s, w, out)
	}
	rest := *w
	first, name := rest.peek(), rest.name()
	switch {
	case name != r.self && rest.pass("in", "database"):
		r.rewrite(s, &rest, out)
		return nil
	case name == "all" && first.kind == word && r.options.Database != "":
		out.text = s.Text[:first.stop] + " IN DATABASE " + pgx.Identifier{r.options.Database}.Sanitize() + s.Text[first.stop:]
		r.note(s, "ALTER ROLE ALL is taken to be about the scratch database alone")
		return nil
	}
	return r.guard(ctx, s, w, out)
}

// guard goes through the roles that come next. It skips a statement about the
// role that rlsfuzz is connected as, and refuses one about somebody else's.
func (r *runner) guard(ctx context.Context, s *Statement, w *words, out *adapted) error {
	names, err := r.roles(ctx, s, w)
	if err != nil {
		return err
	}
	for _, one := range names {
		if one.name == r.self {
			r.skipSelf(s, out)
			return nil
		}
		foreign, err := r.foreign(one.name)
		if err != nil {
			return s.unasked(one.at, one.name, err)
		}
		if foreign {
			return s.untouchable(one)
		}
	}
	return nil
}

// skipSelf skips a statement about the role that rlsfuzz is connected as.
func (r *runner) skipSelf(s *Statement, out *adapted) {
	r.note(s, "skipped: rlsfuzz itself is connected as role %q, which stays as it is", r.self)
	out.skip = true
}

// untouchable is the error that a statement is about somebody else's role.
func (s *Statement) untouchable(role roleName) *Error {
	e := s.fault(role.at, fmt.Sprintf("role %q existed before", role.name))
	e.Hint = leftAlone
	return e
}

// grant is GRANT and REVOKE. Privileges on a database become those on the scratch
// database; membership in a role is guarded.
func (r *runner) grant(ctx context.Context, s *Statement, out *adapted) error {
	w := words{text: s.Text}
	if w.after("on", "database") {
		r.rewrite(s, &w, out)
		return nil
	}
	w = words{text: s.Text}
	w.next()
	_ = w.pass("admin", "option", "for") || w.pass("inherit", "option", "for") || w.pass("set", "option", "for")
	granted, err := r.roles(ctx, s, &w)
	if err != nil {
		return err
	}
	if !w.pass("to") && !w.pass("from") {
		w = words{text: s.Text}
		w.next()
		r.maintain(s, w, out)
		return nil // a privilege
	}
	members, err := r.roles(ctx, s, &w)
	if err != nil {
		return err
	}
	r.memberOptions(ctx, s, members, w, out)
	return r.membership(s, granted, members, out)
}

// membership guards who is a member of what. A statement between two roles that
// are both somebody else's is refused; one that concerns only the role that
// rlsfuzz is connected as is skipped, since that one may do everything anyway.
func (r *runner) membership(s *Statement, granted, members []roleName, out *adapted) error {
	for _, member := range members {
		for _, role := range granted {
			foreign := true
			for _, one := range []roleName{role, member} {
				is, err := r.foreign(one.name)
				if err != nil {
					return s.unasked(one.at, one.name, err)
				}
				foreign = foreign && is
			}
			switch {
			case foreign && member.name == r.self && len(members) == 1:
				r.skipSelf(s, out)
				return nil
			case foreign:
				return s.untouchable(member)
			}
		}
	}
	return nil
}

// comment skips what is said of things outside of the database, and of the
// database itself: its comment tells rlsfuzz clean whose it is.
func (r *runner) comment(s *Statement, w *words, out *adapted) error {
	at := w.peek().stop
	switch w.next() {
	case "database", "tablespace":
		out.skip = true
	case "role":
		one := roleName{at: w.peek().start, name: w.name()}
		foreign, err := r.foreign(one.name)
		if err != nil {
			return s.unasked(one.at, one.name, err)
		}
		out.skip = foreign
	}
	if out.skip {
		r.note(s, "%s is skipped: the comments of databases and of others' roles say whose they are", s.Text[:at])
	}
	return nil
}
