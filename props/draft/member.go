package draft

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// membership is a table that says which values of one domain belong to which of
// another: users to accounts.
type membership struct {
	table         *model.Table
	group, member int   // columns
	more          []int // columns that list members beside one that does
}

// member finds the membership table between two domains, of groups and of what they group: the
// best table with a key over a column of each; else one that lists the groups of a member or the
// members of a group; else one that policies or functions ask for the rows of the session's user.
// It is nil without one.
func (d *domains) member(group, of *domain) *membership {
	var best *membership
	most := 0
	for _, t := range d.survey.Schema.Tables {
		if t == group.home || t == of.home || group == of {
			continue
		}
		for _, key := range keys(t) {
			m, rank := pairing(t, key, group.in(t), of.in(t))
			if m != nil && rank > most {
				best, most = m, rank
			}
		}
	}
	if best == nil && group != of {
		best = d.lister(group, of)
	}
	if best == nil {
		best = d.asking(group, of)
	}
	return best
}

// asking finds a table without such a key, whose rows always have both, and which policies
// of other tables or functions look through for those of the session's user.
func (d *domains) asking(group, of *domain) *membership {
	for _, t := range d.survey.Schema.Tables {
		if t == group.home || t == of.home || group == of {
			continue
		}
		for _, g := range group.in(t) {
			for _, m := range of.in(t) {
				if g != m && t.Columns[g].NotNull && t.Columns[m].NotNull && d.asked[Column{Table: t, Column: m}] {
					return &membership{table: t, group: g, member: m}
				}
			}
		}
	}
	return nil
}

// keys is the primary key and the unique constraints of a table.
func keys(t *model.Table) [][]int {
	out := [][]int{t.Key}
	for _, u := range t.Unique {
		if !u.Partial {
			out = append(out, u.Columns)
		}
	}
	return out
}

// pairing is the membership that a key of two or three columns makes, with a column of each kind.
// The higher the rank the better it is; 0 where it makes none.
func pairing(t *model.Table, key, groups, members []int) (*membership, int) {
	if len(key) < 2 || len(key) > 3 {
		return nil, 0
	}
	for _, g := range groups {
		for _, m := range members {
			if g == m || !slices.Contains(key, g) || !slices.Contains(key, m) {
				continue
			}
			rank := 1
			if len(key) == 2 {
				rank++
			}
			if t.Columns[g].NotNull && t.Columns[m].NotNull {
				rank += 2
			}
			return &membership{table: t, group: g, member: m}, rank
		}
	}
	return nil, 0
}

// query is the SELECT of the groups of a member, which is an SQL expression.
func (m *membership) query(group *domain, member string) string {
	at := func(c int) string { return "m." + sql.QuoteName(m.table.Columns[c].Name) }
	from := sqlName(m.table) + " m WHERE "
	switch {
	case m.inList(m.member):
		one := member + " = ANY (" + at(m.member) + ")"
		for _, c := range m.more {
			one += " OR " + member + " = ANY (" + at(c) + ")"
		}
		return "SELECT " + at(m.group) + " FROM " + from + one
	case !m.inList(m.group):
		return "SELECT " + at(m.group) + " FROM " + from + at(m.member) + " = " + member
	case group.home == nil:
		return "SELECT unnest(" + at(m.group) + ") FROM " + from + at(m.member) + " = " + member
	}
	return group.each() + ", " + from + at(m.member) + " = " + member + " AND " + group.among(at(m.group), Column{Table: m.table, Column: m.group})
}

// link is the column by which a table's own rows name a value of a domain; -1 for none.
func link(t *model.Table, m *domain) int {
	if t == nil || t == m.home {
		return -1
	}
	best := -1
	for _, c := range m.in(t) {
		if best < 0 || t.Columns[c].NotNull && !t.Columns[best].NotNull {
			best = c
		}
	}
	return best
}

// single reports whether each value of a domain has one group: its own row names it, or a row that
// says more of it does, such as the profile of a user.
func (d *domains) single(group, of *domain) bool {
	return link(of.home, group) >= 0 || d.profile(group, of) != nil
}

// profile is the table that says more of each value of a domain, its group among it: its key is the
// value, and its column with the group is never NULL. It is nil without one.
func (d *domains) profile(group, of *domain) *model.Table {
	for _, t := range d.survey.Schema.Tables {
		at := link(t, group)
		if t != group.home && t != of.home && len(t.Key) == 1 && slices.Contains(of.in(t), t.Key[0]) && at >= 0 && t.Columns[at].NotNull {
			return t
		}
	}
	return nil
}

// above reports whether values of one domain are grouped by those of another.
func (d *domains) above(group, of *domain) bool {
	return group != of && (link(of.home, group) >= 0 || d.member(group, of) != nil)
}

// reach counts the tables with data whose rows lead to a value of the domain, without
// going through the table of another one.
func (d *domains) reach(m, without *domain) int {
	led := map[*model.Table]bool{}
	for more := true; more; {
		more = false
		for _, t := range d.survey.Schema.Tables {
			if led[t] || without != nil && t == without.home || !d.leads(t, m, led) {
				continue
			}
			led[t], more = true, true
		}
	}
	n := 0
	for t := range led {
		if t != m.home && !slices.Contains(d.survey.Own, t.Schema) && holdsData(t) {
			n++
		}
	}
	return n
}

// owns reports whether rows with data cannot be without a value of the domain: some table
// has a column of it that is never NULL. Whom a row merely mentions does not own it.
func (d *domains) owns(m, other *domain) bool {
	between := d.member(m, other)
	return slices.ContainsFunc(d.survey.Schema.Tables, func(t *model.Table) bool {
		return t != m.home && t != other.home && holdsData(t) && (between == nil || t != between.table) &&
			slices.ContainsFunc(m.in(t), func(c int) bool { return t.Columns[c].NotNull })
	})
}

// leads reports whether a table has a column of the domain, or a foreign key that is never NULL to
// one of the tables that lead to it.
func (d *domains) leads(t *model.Table, m *domain, led map[*model.Table]bool) bool {
	if t == m.home || len(m.in(t)) > 0 || len(m.parts(t)) > 0 {
		return true
	}
	for i := range t.ForeignKeys {
		k := &t.ForeignKeys[i]
		if k.Target != nil && k.Target != m.home && led[k.Target] && always(t, k) {
			return true
		}
	}
	return false
}

// always reports whether a foreign key is never NULL.
func always(t *model.Table, k *model.ForeignKey) bool {
	return !slices.ContainsFunc(k.Columns, func(c int) bool { return !t.Columns[c].NotNull })
}

// holdsData reports whether a table has a column that is neither key nor reference.
func holdsData(t *model.Table) bool {
	for i := range t.Columns {
		key := slices.Contains(t.Key, i)
		for j := range t.ForeignKeys {
			key = key || slices.Contains(t.ForeignKeys[j].Columns, i)
		}
		if !key {
			return true
		}
	}
	return false
}
