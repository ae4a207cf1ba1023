package draft

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// rules gives a session its rules. They are upper bounds: what a session cannot do is no lockout
// until a person has made the rule exact.
func (b *binder) rules(s *session) {
	every := entry{rule: "{may: own}"}
	switch {
	case s.alien():
		every.rule = "none"
	case s.service:
		every.rule = "{may: all}"
		s.sees, s.writes = []entry{every}, []entry{every}
		return
	}
	s.sees, s.writes = []entry{every}, []entry{every}
	single := b.brought(s) && s.tenants == ""
	for _, p := range b.places {
		if p.how == model.Internal || p.inherits {
			continue
		}
		changes := b.survey.Schema.Privileges[s.acts] != nil && b.changes(s, p.table)
		if b.exceptions(s, p, changes, single); s.outside {
			b.outsider(s, p, changes)
		}
		if s.stranger && p.global && b.everybodys(s, p, 0) {
			s.sees = append(s.sees, entry{p.table, `{may: "shared"}`, "? and of those without a tenant: meant?"})
		}
		if p.how == model.Owned && !s.alien() {
			s.widen(p, b.addressed(s, p), "? it names a user, who need not belong to its tenant: may that user see it all the same?")
		}
		if p.how == model.Owned {
			s.widen(p, b.opened(s, p), "? everybody's once they are opened: meant?")
		}
		written := slices.ContainsFunc(s.writes, func(e entry) bool { return e.table == p.table })
		if p.how == model.Owned && changes && !written {
			if open := b.admits(s, p); open != nil {
				s.writes = append(s.writes, *open)
			}
		}
	}
}

// exceptions adds the rules of a session for a table that differ from those for every table.
// changes is whether the session may change anything of it, single whether it brings one tenant.
func (b *binder) exceptions(s *session, p *place, changes, single bool) {
	guest, self := b.authored(s, p, b.guest(s, p)), b.self(s, p)
	if s.below { // whoever has the tenant is in it
		self = ""
	}
	var between *entry
	if changes && single {
		between = b.between(s, p)
	}
	grants := b.grants(s, p)
	const alone = "who is in no tenant is somebody all the same"
	ownOr := func(more string) string { return strconv.Quote("own or " + more) }
	switch {
	case s.outside && (p.how != model.Shared || b.referee.private(p.table)):
	case b.referee.private(p.table) && p.how == model.Shared:
		s.sees, s.writes = append(s.sees, b.known(s, p.table)), append(s.writes, entry{p.table, "none", ""})
	case p.how == model.Shared:
		s.sees = append(s.sees, entry{table: p.table, rule: "{may: all}"})
		if changes {
			s.writes = append(s.writes, entry{p.table, "{may: all}", "? may it change what is everybody's?"})
		}
	case s.stranger:
	case guest != nil:
		if s.tenants == "" {
			self = ""
		}
		sees, writes := guest.entries(p, self, changes)
		s.sees, s.writes = append(s.sees, sees), append(s.writes, writes...)
	case grants != nil && changes:
		s.writes = append(s.writes, *grants)
	case between != nil:
		s.writes = append(s.writes, *between)
	case s.tenants != "" && self != "":
		rule, fresh := ownOr(self), ownOr(b.unlisted(p, self))
		s.sees = append(s.sees, entry{p.table, "{may: " + rule + "}", alone})
		if changes {
			s.writes = append(s.writes, entry{table: p.table, rule: fmt.Sprintf("{insert: {may: %[2]s}, update: {may: %[1]s, to: %[2]s}, delete: {may: %[1]s}}", rule, fresh)})
		}
	case p.table == b.t.home() && s.tenants != "" && b.founder(s) != "":
		s.sees = append(s.sees, entry{p.table, "{may: " + ownOr(b.founder(s)) + "}", "? it always names a user, who need not belong to it: may that user see it all the same?"})
		if changes {
			s.writes = append(s.writes, newTenant(p))
		}
	case p.table == b.t.home() && changes && !b.t.byUser:
		s.writes = append(s.writes, newTenant(p))
	case b.t.member != nil && p.table == b.t.member.table && single && s.user != nil && b.userColumn(s.user) != "":
		member := sql.QuoteName(p.table.Columns[b.t.member.member].Name) + " = " + b.userColumn(s.user)
		s.sees = append(s.sees, entry{p.table, "{may: " + ownOr(member) + "}", "a user may know of its other tenants"})
	case p.plural && single:
		if self != "" {
			s.sees = append(s.sees, entry{p.table, "{may: " + ownOr(self) + "}", alone})
		}
		if changes {
			s.writes = append(s.writes, entry{p.table, "{may: all}", "? its rows may belong to several tenants: who may change them?"})
		}
	}
}

// widen lets a session see more of a table: the rows of a condition too. An empty one changes
// nothing.
func (s *session) widen(p *place, condition, note string) {
	if condition == "" {
		return
	}
	for i := range s.sees {
		e := &s.sees[i]
		if e.table != p.table {
			continue
		}
		if text, err := strconv.Unquote(strings.TrimSuffix(strings.TrimPrefix(e.rule, "{may: "), "}")); err == nil {
			e.rule = "{may: " + strconv.Quote(text+" or "+condition) + "}"
		}
		if e.note != "" {
			note = "? " + strings.TrimPrefix(e.note, "? ") + "; " + strings.TrimPrefix(note, "? ")
		}
		e.note = note
		return
	}
	if !s.alien() {
		condition = "own or " + condition
	}
	s.sees = append(s.sees, entry{p.table, "{may: " + strconv.Quote(condition) + "}", note})
}

// everybodys reports whether policies show rows that have no tenant to a session that has
// none either: those of a table, or of what it hangs on.
func (b *binder) everybodys(s *session, p *place, depth int) bool {
	if len(p.parents) == 0 {
		o := b.referee.global(p.table, b.t.tenants.in(p.table), s.acts)
		return o != nil && !o.signed
	}
	return depth < 16 && !slices.ContainsFunc(p.parents, func(t *model.Table) bool { return !b.everybodys(s, b.places[t.ID], depth+1) })
}

// author is the condition that the session's tenant wrote a row: it stands in the tenant's column
// whose default is the session's own, else in the only one that is never NULL. It is empty where
// there is no such column.
func (b *binder) author(p *place) string {
	var never []int
	for _, i := range b.t.tenants.in(p.table) {
		c := &p.table.Columns[i]
		if c.Generated || !slices.Contains(p.ways, columnName(c.Name)) {
			continue
		}
		if x, err := sql.ParseExpr(c.Default); c.Default != "" && err == nil && b.e.source(x) != nil {
			return holds(p.table, i, "$tenant")
		}
		if c.NotNull {
			never = append(never, i)
		}
	}
	if len(never) != 1 {
		return ""
	}
	return holds(p.table, never[0], "$tenant")
}

// newTenant is the rule for writes to the tenants' own table.
func newTenant(p *place) entry {
	return entry{p.table, "{insert: {may: all}, update: {may: own}, delete: {may: own}}", "a new tenant is nobody's yet"}
}

// founder is the condition that a tenant's own row names the session's user, in a column that is
// never NULL; empty without one.
func (b *binder) founder(s *session) string {
	home := b.t.home()
	if s.user == nil || home == nil || b.t.byUser {
		return ""
	}
	user := b.userColumn(s.user)
	for _, c := range b.t.users.in(home) {
		if user != "" && home.Columns[c].NotNull {
			return sql.QuoteName(home.Columns[c].Name) + " = " + user
		}
	}
	return ""
}

// self is the condition by which a row is the session's own user, or says more of that
// user alone, such as a profile; empty for other tables.
func (b *binder) self(s *session, p *place) string {
	if s.user == nil || len(s.user.Key) != 1 {
		return ""
	}
	if p.table == s.user {
		return holds(p.table, s.user.Key[0], variable("$user", s.user, s.user.Key[0]))
	}
	home := s.user
	user := variable("$user", s.user, s.user.Key[0])
	if b.t.users != nil && b.t.users.home != nil {
		home, user = b.t.users.home, b.userColumn(s.user)
	}
	if p.table == home {
		return holds(p.table, b.t.users.key, user)
	}
	if m := b.t.member; m != nil && m.table == p.table && m.inList(m.group) {
		return holds(p.table, m.member, user)
	}
	if len(p.ways) != 1 {
		return ""
	}
	return holds(p.table, slices.IndexFunc(p.table.Columns, func(c model.Column) bool { return columnName(c.Name)+" -> "+tableName(home) == p.ways[0] }), user)
}

// unlisted is self for a row that is written. Where the row lists the user's tenants, it must list
// none: that it lists only the session's own is what own says.
func (b *binder) unlisted(p *place, self string) string {
	m := b.t.member
	if m == nil || m.table != p.table || !m.inList(m.group) {
		return self
	}
	c := &p.table.Columns[m.group]
	none := sql.QuoteName(c.Name) + " = '{}'"
	if !c.NotNull {
		none = "(" + none + " or " + sql.QuoteName(c.Name) + " is null)"
	}
	return self + " and " + none
}

// holds is the condition that a column holds a variable; empty without one of the two.
func holds(t *model.Table, column int, variable string) string {
	if column < 0 || variable == "" {
		return ""
	}
	return sql.QuoteName(t.Columns[column].Name) + " = " + variable
}

// changes reports whether row security, if it is on, lets the session change anything of
// a table.
func (b *binder) changes(s *session, t *model.Table) bool {
	roles := []string{s.acts}
	if strings.HasPrefix(s.acts, "$") {
		roles = sortedKeys(b.survey.Schema.Privileges)
	}
	for _, role := range roles {
		list := b.survey.Schema.Privileges[role]
		if list == nil {
			continue
		}
		p := &list[t.ID]
		if !p.Usage || !some(p.Insert) && !some(p.Update) && !p.Delete {
			continue
		}
		if !t.RowSecurity || slices.ContainsFunc(t.Policies, func(x model.Policy) bool {
			return x.Permissive && x.Command != "SELECT" && b.survey.applies(&x, role)
		}) {
			return true
		}
	}
	return false
}
