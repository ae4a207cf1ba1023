package draft

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// share is a table that says with whom documents are shared, each of which is one tenant's: with
// other tenants, or with users. It is a membership whose groups are the documents.
type share struct {
	of    *domain // the documents
	users bool    // it names users, who need not be of the document's tenant
	*membership
}

// shares finds the tables that share documents: membership tables that the policies of the documents,
// or of what hangs on them, ask.
func (d *domains) shares(t tenancy) []share {
	if t.tenants == nil {
		return nil
	}
	var out []share
	for _, m := range d.all {
		if m == t.tenants || m == t.users || m.home == nil || slices.Contains(d.survey.Own, m.home.Schema) {
			continue
		}
		if d.document(m, t.tenants) && d.guarded(m, t.tenants) && d.member(m, t.tenants).apart() {
			out = append(out, share{of: m, membership: d.member(m, t.tenants)})
		}
		if t.users == nil || t.member == nil || !d.guarded(m, t.users) {
			continue
		}
		if between := d.member(m, t.users); between.table != t.member.table && between.apart() {
			out = append(out, share{of: m, users: true, membership: between})
		}
	}
	return out
}

// apart reports whether the two columns of a membership name two things: no foreign key takes
// them together for the key of one.
func (m *membership) apart() bool {
	return !slices.ContainsFunc(m.table.ForeignKeys, func(k model.ForeignKey) bool {
		return slices.Contains(k.Columns, m.group) && slices.Contains(k.Columns, m.member)
	})
}

// kinds is the column that says what somebody may do with a document that is shared, such as edit
// it; -1 without one.
func (s *share) kinds() int {
	for i := range s.table.Columns {
		c := &s.table.Columns[i]
		listed := slices.ContainsFunc(s.table.Checks, func(k model.Check) bool {
			return len(k.Values) > 1 && len(k.Columns) == 1 && k.Columns[0] == i
		})
		if c.Type.Kind == sql.Bool || len(c.Type.Enum) > 1 || listed {
			return i
		}
	}
	return -1
}

// with is the condition that a document is shared with somebody.
func (s *share) with(document, who string) string {
	at := func(c int) string { return "m." + sql.QuoteName(s.table.Columns[c].Name) }
	return "EXISTS (SELECT FROM " + sqlName(s.table) + " m WHERE " + at(s.group) + " = " + document + " AND " + at(s.member) + " = " + who + ")"
}

// deepestShare is how many foreign keys below a document a row may be that is shown with it.
const deepestShare = 3

// shown is the condition that a table's row may be shown to somebody because a document is shared
// with who: it is the document, hangs on it, or says that it is shared. It is empty for other
// tables.
func (s *share) shown(sv *Survey, t *model.Table, who string, depth int) string {
	column := func(c int) string { return sql.QuoteName(t.Name) + "." + sql.QuoteName(t.Columns[c].Name) }
	switch {
	case t == s.table:
		return holds(t, s.member, who)
	case t == s.of.home:
		return s.with(column(s.of.key), who)
	}
	for i := range t.ForeignKeys {
		k := &t.ForeignKeys[i]
		if k.Target == nil || k.Target == t || k.Target == s.table || len(k.Columns) != 1 || !always(t, k) {
			continue
		}
		if k.Target == s.of.home && k.Targets[0] == s.of.key {
			return s.with(column(k.Columns[0]), who)
		}
		if depth >= deepestShare || !s.asked(sv, t, k.Target, "SELECT") {
			continue
		}
		if above := s.shown(sv, k.Target, who, depth+1); above != "" {
			return fmt.Sprintf("EXISTS (SELECT FROM %s WHERE %s.%s = %s AND %s)", sqlName(k.Target),
				sql.QuoteName(k.Target.Name), sql.QuoteName(k.Target.Columns[k.Targets[0]].Name), column(k.Columns[0]), above)
		}
	}
	return ""
}

// asked reports whether policies of a table for a command ask whom a document is shared with,
// or the table that it hangs on.
func (s *share) asked(sv *Survey, t, above *model.Table, command string) bool {
	return slices.ContainsFunc(t.Policies, func(p model.Policy) bool {
		text := p.Using + " " + p.Check
		return grants(&p, command) && (sv.mentions(text, s.table) || above != nil && sv.mentions(text, above))
	})
}

// guest is what a session may do with rows of a table because they are shared with it.
type guest struct {
	shown   string            // condition for the rows that it may see
	changes map[string]string // conditions for those that it may write, by INSERT, UPDATE and DELETE
	note    string
}

// guest is what shares give a session of a table; nil for nothing.
func (b *binder) guest(s *session, p *place) *guest {
	if p.how != model.Owned {
		return nil
	}
	var out *guest
	for i := range b.shares {
		one := &b.shares[i]
		who := "$tenant"
		if one.users {
			who = b.userColumn(s.user)
		}
		if one.users == b.brought(s) || who == "" {
			continue
		}
		shown := one.shown(b.survey, p.table, who, 0)
		if shown == "" {
			continue
		}
		if out == nil {
			out = &guest{changes: map[string]string{}, note: fmt.Sprintf("? %s names more whom a row of %s is shared with: may they see it?", one.table.Label(), one.of.home.Label())}
		}
		out.shown = either(out.shown, shown)
		kinds := one.kinds()
		for _, command := range []string{"INSERT", "UPDATE", "DELETE"} {
			if kinds >= 0 && p.table != one.table && one.asked(b.survey, p.table, nil, command) {
				out.changes[command] = either(out.changes[command], shown)
			}
		}
		if len(out.changes) > 0 {
			out.note += fmt.Sprintf(" Which of them may change it (%s.%s)?", one.table.Label(), one.table.Columns[kinds].Name)
		}
	}
	return out
}

// authored adds that a session may write rows that say that its user or its tenant wrote them, such
// as a comment, where they hang on what it is shown.
func (b *binder) authored(s *session, p *place, g *guest) *guest {
	if s.stranger || p.how != model.Owned || len(p.parents) == 0 {
		return g
	}
	cols, who := b.columns(p), "$tenant" // it says which tenant wrote it, beside what it hangs on
	if s.user != nil && b.t.users != nil && len(cols) == 0 {
		cols, who = b.t.users.in(p.table), b.userColumn(s.user)
	}
	shown := b.openedAbove(s, p)
	if g != nil {
		shown = either(g.shown, shown)
	}
	if shown == "" || len(cols) != 1 || !p.table.Columns[cols[0]].NotNull || slices.ContainsFunc(b.shares, func(one share) bool { return one.table == p.table || one.of.home == p.table }) {
		return g
	}
	wrote := holds(p.table, cols[0], who)
	if wrote == "" {
		return g
	}
	if g == nil {
		g = &guest{changes: map[string]string{}}
	}
	for _, command := range []string{"INSERT", "UPDATE", "DELETE"} {
		if slices.ContainsFunc(p.table.Policies, func(x model.Policy) bool { return grants(&x, command) }) {
			g.changes[command] = either(g.changes[command], wrote+" and ("+shown+")")
		}
	}
	return g
}

// either is the condition that one of several holds; empty ones are left out.
func either(conditions ...string) string {
	return strings.Join(slices.DeleteFunc(conditions, func(c string) bool { return c == "" }), " or ")
}

// entries is the rules of a table that a session sees as its own, as itself, and as a guest.
func (g *guest) entries(p *place, self string, changes bool) (sees entry, writes []entry) {
	rule := func(more string) string { return "{may: " + strconv.Quote(either("own", self, more)) + "}" }
	sees = entry{p.table, rule(g.shown), g.note}
	if !changes || self == "" && len(g.changes) == 0 {
		return sees, nil
	}
	update := strconv.Quote(either("own", self, g.changes["UPDATE"]))
	return sees, []entry{{p.table, fmt.Sprintf("{insert: %s, update: {may: %s, to: %s}, delete: %s}", rule(g.changes["INSERT"]), update, update, rule(g.changes["DELETE"])), ""}}
}
