package script

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// newerSettings are what pg_dump and migrations set on newer servers, and nothing of a schema
// depends on.
var newerSettings = []string{"transaction_timeout", "event_triggers", "allow_alter_system", "createrole_self_grant", "icu_validation_level"}

// The first versions that know what older ones refuse.
const (
	hasMaintain      = 17 // the privilege
	hasMemberOptions = 16 // GRANT role TO role WITH INHERIT TRUE, SET TRUE
)

// dumpedBy finds the major version of the pg_dump that wrote a file, in its head.
var dumpedBy = regexp.MustCompile(`(?m)^-- Dumped by pg_dump version (\d+)`)

// headBytes is within how many bytes of a file pg_dump says which version it is.
const headBytes = 1000

// dumper is the major version of the pg_dump that wrote the statement's file; 0: it is no dump.
func (s *Statement) dumper() (version int) {
	if s.origin != nil {
		if m := dumpedBy.FindStringSubmatch(s.origin.before[:min(len(s.origin.before), headBytes)]); m != nil {
			_, _ = fmt.Sscan(m[1], &version) // digits
		}
	}
	return version
}

// version is the server's major version; 0: it does not say.
func (r *runner) version() (major int) {
	_, _ = fmt.Sscanf(r.conn.ParameterStatus("server_version"), "%d", &major)
	return major
}

// set leaves out a SET of what only newer servers know, where no table or policy can depend on it:
// what the head of a dump sets.
func (r *runner) set(ctx context.Context, s *Statement, w *words, out *adapted) {
	name := strings.ToLower(w.name())
	if (name == "session" || name == "local") && w.peek().kind == word {
		name = strings.ToLower(w.name())
	}
	if !w.pass("=") && !w.pass("to") || strings.Contains(name, ".") {
		return
	}
	if !slices.Contains(newerSettings, name) && s.dumper() <= r.version() {
		return
	}
	known, err := r.query(ctx, "SELECT 1 WHERE pg_catalog.current_setting($1, true) IS NOT NULL", name)
	if err != nil || len(known) > 0 {
		return // an error here is a broken transaction, and the statement will say so
	}
	r.note(s, "SET %s is left out: a server of version %d does not know it, and no table or policy depends on it", name, r.version())
	out.skip = true
}

// restored leaves out statistics that a dump restores, where the server cannot.
func (r *runner) restored(s *Statement, out *adapted) {
	if s.dumper() > r.version() && restoresStatistics.MatchString(s.Text) {
		r.once(s, "statistics of tables are left out: a server of version %d cannot restore them", r.version())
		out.skip = true
	}
}

var restoresStatistics = regexp.MustCompile(`(?is)^SELECT (\* FROM )?pg_catalog\.pg_restore_(relation|attribute)_stats\(`)

// maintain leaves out the privilege MAINTAIN where the server has none. It is about VACUUM and its
// like. w stands after GRANT or REVOKE.
func (r *runner) maintain(s *Statement, w words, out *adapted) {
	if r.version() >= hasMaintain {
		return
	}
	_ = w.pass("grant", "option", "for")
	from := w.peek().start
	kept, found := []string{}, false
	for begin, depth := from, 0; ; {
		t := w.peek()
		next := w.next()
		switch {
		case next == "":
			return // no list of privileges
		case next == "(":
			depth++
		case next == ")":
			depth--
		case depth == 0 && (next == "," || next == "on"):
			one := strings.TrimSpace(s.Text[begin:t.start])
			if begin = t.stop; strings.EqualFold(one, "maintain") {
				found = true
			} else {
				kept = append(kept, one)
			}
		}
		if next != "on" || depth > 0 {
			continue
		}
		if found {
			r.once(s, "the privilege MAINTAIN is left out here and below: a server of version %d has none", r.version())
			out.skip = len(kept) == 0
			out.text = s.Text[:from] + strings.Join(kept, ", ") + " " + s.Text[t.start:]
		}
		return
	}
}

// memberOptions leaves out the options of a membership that older servers do not know, where they
// are what these do anyway. w stands after the members.
func (r *runner) memberOptions(ctx context.Context, s *Statement, members []roleName, w words, out *adapted) {
	with := w.peek().start
	if r.version() >= hasMemberOptions || !w.pass("with") {
		return
	}
	var kept []string
	for again := true; again; again = w.pass(",") {
		switch {
		case w.pass("admin", "option"), w.pass("admin", "true"):
			kept = append(kept, "WITH ADMIN OPTION ")
		case w.pass("inherit", "true") && r.inherit(ctx, members), w.pass("set", "true"):
		default:
			return // the server will refuse it
		}
	}
	out.text = s.Text[:with] + strings.Join(kept, "") + s.Text[min(w.peek().start, len(s.Text)):]
}

// inherit reports whether all members inherit what is granted to them, as their roles say.
func (r *runner) inherit(ctx context.Context, members []roleName) bool {
	for _, m := range members {
		found, err := r.query(ctx, "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = $1 AND NOT rolinherit", m.name)
		if err != nil || len(found) > 0 {
			return false
		}
	}
	return true
}

// newerHint is what helps where a dump of a newer server has what this one does not know.
func (r *runner) newerHint(s *Statement) string {
	if by, have := s.dumper(), r.version(); have > 0 && by > have {
		return fmt.Sprintf("hint: pg_dump of version %d wrote this file, and the server is of version %d: --postgres with a server of version %d or newer, such as npm:%d, reads all of it", by, have, by, by)
	}
	return ""
}
