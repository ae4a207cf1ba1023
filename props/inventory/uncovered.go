package inventory

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// statement adds a statement of the application that no path and no session covers.
func (b *builder) statement(s *Statement) {
	needs, uncertain := b.catalog.statementNeeds(s.Text)
	var objects []*Object
	for _, n := range needs {
		objects = append(objects, n.To)
	}
	why, touched := b.uncovered(s, objects)
	if why == "" || !slices.ContainsFunc(touched, func(t Touch) bool { return b.concerns(t.Object) }) {
		return
	}
	n := 1
	for i := range b.out.Ways {
		if b.out.Ways[i].Kind == statementKind {
			n++
		}
	}
	w := Way{
		ID: fmt.Sprintf("statement %d", n), Kind: statementKind, Name: s.Role, Start: ByApplication,
		Uncertain: uncertain, Gap: why, Calls: s.Calls, Text: strings.Join(strings.Fields(s.Text), " "), Line: s.Line,
	}
	b.use(&w, member{role: s.Role}, touched, nil, nil, nil)
	b.add(w)
}

// concerns reports whether an object holds rows of tenants.
func (b *builder) concerns(o *Object) bool {
	at := b.tables[o]
	return at != nil && b.contract.Belongs[at.ID].How != model.Shared
}

// uncovered is why neither a path nor the cells of a session stand for a statement; empty
// when they do. Where row security holds for its role, the cells of the role's session
// say what any statement over the same tables may show. Where it does not, the statement
// itself is all that keeps tenants apart: only a path that runs it says so.
func (b *builder) uncovered(s *Statement, objects []*Object) (why string, touched []Touch) {
	touched = b.catalog.reachAll(objects, s.Role)
	if b.isPath(s) {
		return "", touched
	}
	if s.Role == "" {
		return "the file does not say which role ran it: set log_line_prefix = '%m [%p] %q%u@%d '", touched
	}
	if b.catalog.Roles[s.Role] == nil {
		return fmt.Sprintf("the schema has no role %s: what it may see is not known", s.Role), touched
	}
	why = "no session of the contract logs in or acts as " + s.Role
	for _, m := range b.sessionsOf(s.Role) {
		touched = b.catalog.reachAll(objects, m.role)
		if why = b.unproven(m, objects, touched); why == "" {
			break
		}
	}
	return why, touched
}

// unproven is why the cells of a session do not stand for a statement over objects; empty when
// they do.
func (b *builder) unproven(m member, objects []*Object, touched []Touch) string {
	for _, o := range objects {
		if !b.catalog.may(m.role, o).Any() {
			return "no session of the role may use " + o.ID()
		}
	}
	for i := range touched {
		t := &touched[i]
		switch {
		case t.Object.Kind == Materialized, t.Bypass != "" && b.concerns(t.Object):
			return "row security does not hold (" + t.why() + "): only a path that runs this statement tests it"
		}
	}
	return ""
}

// isPath reports whether a path of the contract runs the statement.
func (b *builder) isPath(s *Statement) bool {
	want := sql.Normal(s.Text)
	return slices.ContainsFunc(b.contract.Paths, func(p *model.Path) bool {
		return slices.ContainsFunc(p.Run, func(text string) bool {
			list, err := sql.Split(text)
			if err != nil {
				list = []sql.Statement{{Text: text}}
			}
			return slices.ContainsFunc(list, func(one sql.Statement) bool { return sql.Normal(one.Text) == want })
		})
	})
}

// sessionsOf lists the sessions that log in or act as a role: a log has the login, the
// statistics have the role.
func (b *builder) sessionsOf(role string) []member {
	var out []member
	for _, m := range b.who {
		if m.role == role || slices.Contains(named(b.contract, m.session.Login, true), role) {
			out = append(out, m)
		}
	}
	return out
}
