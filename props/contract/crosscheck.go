package contract

import (
	"net"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// crossCheck compares the parts of a contract with each other, and parses its SQL.
func (f *File) crossCheck() {
	for i := range f.tables {
		f.query(f.tables[i].query, "SELECT of one column")
	}
	for i := range f.sessions {
		f.checkSession(&f.sessions[i])
	}
	for i := range f.paths {
		f.checkPath(&f.paths[i])
	}
	for i := range f.accept {
		a := &f.accept[i]
		f.known(a.session, "session", f.sessionNames())
		if word, _, _ := strings.Cut(a.path.value, " "); !contains([]string{"view", "materialized", "function", "procedure", "aggregate", "insert", "update", "delete", "notifications"}, word) {
			f.known(a.path, "path", f.pathNames())
		}
	}
}

func (f *File) known(t text, what string, names []string) {
	if t.given() && !contains(names, t.value) {
		f.source.fail(t.place(), oneOf(t.value, names), "unknown %s %q", what, t.value)
	}
}

func (f *File) sessionNames() []string {
	out := make([]string, len(f.sessions))
	for i := range f.sessions {
		out[i] = f.sessions[i].name.value
	}
	return out
}

func (f *File) pathNames() []string {
	out := make([]string, len(f.paths))
	for i := range f.paths {
		out[i] = f.paths[i].name.value
	}
	return out
}

// mistake notes an error of a text that is SQL, at its place in the file.
func (s *source) mistake(t text, expected string, err error, prefix string) {
	at := t.place()
	if e, ok := sql.IsMistake(err); ok {
		at = s.inside(t.at, e.Offset)
	}
	s.fail(at, expected, "%s%v", prefix, err)
}

func (f *File) query(t text, expected string) {
	if !t.given() {
		return
	}
	if _, err := sql.ParseQuery(t.value); err != nil {
		f.source.mistake(t, "a "+expected, err, "not SQL: ")
	}
}

// rule parses a rule that is not one of the plain words.
func (f *File) rule(t text) {
	if !t.given() || plainKind(t.value) != plainCondition {
		return
	}
	if _, err := sql.ParseExpr(t.value); err != nil {
		f.source.mistake(t, ruleForms, err, "not SQL: ")
	}
}

func (f *File) checkSession(d *sessionDecl) {
	f.query(d.tenants, "SELECT of one column")
	if d.user != nil {
		f.rule(d.user.where)
	}
	f.checkGrants(d.sees, d.writes)
	if r := d.release.value; d.release.given() && r != "none" {
		f.statements(d.release, "none, DISCARD ALL or SQL")
	}
	if !d.via.given() {
		return
	}
	if host, port, err := net.SplitHostPort(d.via.value); err != nil || host == "" {
		f.source.fail(d.via.place(), "an address, such as 127.0.0.1:6432", "%q is no address of a pooler", d.via.value)
	} else if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		f.source.fail(d.via.place(), "a port from 1 to 65535", "%q is no port", port)
	}
}

// statements checks that a text is SQL that Postgres' grammar knows.
func (f *File) statements(t text, expected string) {
	found, err := sql.Split(t.value)
	if err == nil && len(found) == 0 {
		f.source.fail(t.place(), expected, "no statement")
	}
	if err != nil {
		f.source.mistake(t, expected, err, "not SQL: ")
	}
}

func (f *File) checkGrants(sees grants[seesDecl], writes grants[writesDecl]) {
	each(sees, func(d *seesDecl) { f.rule(d.rule) })
	each(writes, func(d *writesDecl) {
		for _, c := range []*changeDecl{d.insert, d.update, d.delete} {
			if c != nil {
				f.rule(c.rule)
				f.rule(c.to)
			}
		}
	})
}

func each[T any](g grants[T], visit func(*T)) {
	if g.every != nil {
		visit(g.every)
	}
	for i := range g.tables {
		visit(&g.tables[i].decl)
	}
}

func (f *File) checkPath(d *pathDecl) {
	for _, t := range d.as {
		f.known(t, "session", f.sessionNames())
	}
	f.known(d.enqueueAs, "session", f.sessionNames())
	most, n := 0, d.arguments()
	for _, t := range d.run {
		most = max(most, f.arguments(t, sqlParts(t.value), n))
	}
	for _, t := range d.command {
		most = max(most, f.arguments(t, parts(t.value), n))
	}
	for _, t := range d.enqueue {
		most = max(most, f.arguments(t, sqlParts(t.value), n))
	}
	for i := range f.paths {
		if other := &f.paths[i]; d.enqueueAs.given() && other.name.value == enqueueName(d.name.value) {
			f.source.fail(other.name.place(), "another name: this one is that of the enqueue of "+d.name.value, "path %q", other.name.value)
		}
	}
	if most > 0 && most < len(d.args) {
		t := d.args[most]
		f.source.fail(t.place(), "$"+strconv.Itoa(most+1)+" in run or command, or one argument less", "no $%d takes this argument", most+1)
	}
	if a := d.audit; a != nil {
		f.rule(a.where)
		f.arguments(a.when, parts(a.when.value), n)
	}
	for _, t := range append(append([]text{}, d.run...), d.enqueue...) {
		f.runnable(t)
	}
	f.checkGrants(d.sees, d.writes)
}

// runnable checks SQL with variables in it.
func (f *File) runnable(t text) {
	var b strings.Builder
	for _, p := range sqlParts(t.value) {
		if p.name == "" {
			b.WriteString(p.text)
			continue
		}
		width := len(p.source) // as many bytes, so that offsets stay true
		b.WriteString("$1" + strings.Repeat(" ", max(0, width-2)))
	}
	found, err := sql.Split(b.String())
	switch {
	case err != nil:
		f.source.mistake(t, "SQL, with $1… for args, $tenant and $user", err, "not SQL: ")
	case len(found) == 0:
		f.source.fail(t.place(), "SQL", "no statement")
	}
}

// arguments is the greatest $n of a text; one that args lacks is a mistake.
func (f *File) arguments(t text, list []piece, n int) int {
	most := 0
	for _, p := range list {
		k, err := strconv.Atoi(p.name)
		if err != nil {
			continue
		}
		most = max(most, k)
		if k > n {
			f.source.fail(f.source.inside(t.at, p.offset), "args with "+strconv.Itoa(k)+" entries", "$%d has no argument", k)
		}
	}
	return most
}
