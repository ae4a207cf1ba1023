package draft

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// A row between two tenants names both in columns of its own, such as the buyer and the seller
// of an order, or hangs on such a row, as a message about the order does. One of the two writes
// it, so that not every tenant of it is the session's.

// between is the rule for writes of such a table; nil for others.
func (b *binder) between(s *session, p *place) *entry {
	condition := b.writes(s, p)
	if condition == "" {
		return nil
	}
	insert := condition
	if b.party(p, "") != "" && len(p.parents) == 0 {
		insert = cmp.Or(b.author(p), condition)
	}
	return &entry{
		p.table, fmt.Sprintf("{insert: {may: %s}, update: {may: own, to: %s}, delete: {may: own}}", strconv.Quote(insert), strconv.Quote(condition)),
		"? its rows are between two, one of whom writes them: which one? May it put a third in the place of the other? If not, columns: under update",
	}
}

// writes is the condition that a session may write a row that is between two tenants. The row
// names the session's tenant in one of its tenant's columns, and each row that it hangs on is the
// session's own, open to it, or its partner's. It is empty where rows are one tenant's alone, and
// where that cannot be said in SQL.
func (b *binder) writes(s *session, p *place) string {
	var all []string
	if mine := b.party(p, ""); mine != "" {
		all = append(all, mine)
	}
	several := len(b.columns(p)) > 1
	for i := range p.parents {
		k := b.parentKey(p, p.parents[i])
		if k == nil {
			return ""
		}
		above := b.places[k.Target.ID]
		mine := b.party(above, "m.")
		if mine == "" {
			return ""
		}
		open := ""
		if len(b.columns(p)) > 0 { // the row says who wrote it
			open = b.openTo(s, k.Target, "m.")
		}
		several = several || open != "" || len(b.columns(above)) > 1
		all = append(all, fmt.Sprintf("EXISTS (SELECT FROM %s m WHERE m.%s = %s.%s AND (%s))", sqlName(k.Target), sql.QuoteName(k.Target.Columns[k.Targets[0]].Name),
			sql.QuoteName(p.table.Name), sql.QuoteName(p.table.Columns[k.Columns[0]].Name), either(mine, open, b.partner(p, k))))
	}
	if !several {
		return ""
	}
	if len(all) == 1 {
		return all[0]
	}
	for i := range all {
		if strings.Contains(all[i], " or ") && !strings.HasPrefix(all[i], "EXISTS") {
			all[i] = "(" + all[i] + ")"
		}
	}
	return strings.Join(all, " and ")
}

// columns is the columns of a table that say whose a row is.
func (b *binder) columns(p *place) []int {
	return slices.DeleteFunc(slices.Clone(b.t.tenants.in(p.table)), func(c int) bool { return !slices.Contains(p.ways, columnName(p.table.Columns[c].Name)) })
}

// party is the condition that a row names the session's tenant in one of those columns. of
// qualifies the columns: "m.", or nothing.
func (b *binder) party(p *place, of string) string {
	var out []string
	for _, c := range b.columns(p) {
		out = append(out, of+holds(p.table, c, "$tenant"))
	}
	return strings.Join(out, " or ")
}

// parentKey is the foreign key by which a table hangs on another; nil for one of several
// columns.
func (b *binder) parentKey(p *place, above *model.Table) *model.ForeignKey {
	for i := range p.table.ForeignKeys {
		if k := &p.table.ForeignKeys[i]; k.Target == above && len(k.Columns) == 1 && slices.Contains(p.ways, arrow(p.table, k)) {
			return k
		}
	}
	return nil
}

// partner is the condition that what a row hangs on by one foreign key belongs to a tenant that
// another parent of the row names: a line of an order may be about an article of the seller, whom
// the order names.
func (b *binder) partner(p *place, k *model.ForeignKey) string {
	own := b.columns(b.places[k.Target.ID])
	if len(own) != 1 {
		return ""
	}
	var out []string
	for _, above := range p.parents {
		o := b.parentKey(p, above)
		if o == nil || o == k || len(b.columns(b.places[above.ID])) < 2 {
			continue
		}
		var parties []string
		for _, c := range b.columns(b.places[above.ID]) {
			parties = append(parties, "n."+sql.QuoteName(above.Columns[c].Name))
		}
		out = append(out, fmt.Sprintf("EXISTS (SELECT FROM %s n WHERE n.%s = %s.%s AND m.%s IN (%s))", sqlName(above), sql.QuoteName(above.Columns[o.Targets[0]].Name),
			sql.QuoteName(p.table.Name), sql.QuoteName(p.table.Columns[o.Columns[0]].Name), sql.QuoteName(k.Target.Columns[own[0]].Name), strings.Join(parties, ", ")))
	}
	return strings.Join(out, " or ")
}
