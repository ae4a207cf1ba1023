package draft

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// share is a table that says with which other tenants the rows of a document's table are
// shared, where every row is one tenant's: most often users are the tenants.
type share struct {
	of *domain // the documents
	*membership
}

// shares finds them. Whether a membership table shares is what policies of the documents, or
// of what hangs on them, ask it for.
func (d *domains) shares(t tenancy) []share {
	if t.users != nil || t.tenants == nil {
		return nil
	}
	var out []share
	for _, m := range d.all {
		if m == t.tenants || m.home == nil || !d.document(m, t.tenants) || !d.guarded(m, t.tenants) {
			continue
		}
		out = append(out, share{m, d.member(m, t.tenants)})
	}
	return out
}

// with is the condition that a document is shared with somebody.
func (s *share) with(document, who string) string {
	at := func(c int) string { return "m." + sql.QuoteName(s.table.Columns[c].Name) }
	return "EXISTS (SELECT FROM " + sqlName(s.table) + " m WHERE " + at(s.group) + " = " + document + " AND " + at(s.member) + " = " + who + ")"
}

// shown is what of a table's rows may be shown to whom a document is shared with: the
// document, what hangs on it, and that it is; empty for other tables.
func (s *share) shown(t *model.Table, who string) string {
	column := func(c int) string { return sql.QuoteName(t.Name) + "." + sql.QuoteName(t.Columns[c].Name) }
	switch {
	case t == s.table:
		return holds(t, s.member, who)
	case t == s.of.home:
		return s.with(column(s.of.key), who)
	}
	for i := range t.ForeignKeys {
		if k := &t.ForeignKeys[i]; k.Target == s.of.home && slices.Equal(k.Targets, []int{s.of.key}) && always(t, k) {
			return s.with(column(k.Columns[0]), who)
		}
	}
	return ""
}

// shared is the rule of a table whose rows users may share; nil for others.
func (b *binder) shared(p *place) *entry {
	for _, one := range b.shares {
		if shown := one.shown(p.table, "$tenant"); shown != "" && b.brought() {
			return &entry{p.table, "{may: " + strconv.Quote("own or "+shown) + "}", fmt.Sprintf("? %s names more whom a row of %s is shared with: may they see it?", one.table.Label(), one.of.home.Label())}
		}
	}
	return nil
}
