package model

import (
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// OwnSQL is the meaning of the word own as a condition over the table, whose
// columns base qualifies, quoted where needed: true or false, never NULL. $tenant stands
// for the session's tenant; tenants is the query of a session of several, empty for
// one. It means what [Contract.Own] means.
func (c *Contract) OwnSQL(t *Table, base, tenants string, use OwnUse) string {
	w := &ownWriter{c: c, tenants: tenants}
	b := &c.Belongs[t.ID]
	switch {
	case b.How == Internal || b.How == Shared && use != OwnRead && use != OwnShared, use == OwnShared && b.How == Owned && !b.NullShared:
		return "FALSE"
	case b.How == Shared:
		return "TRUE"
	case use == OwnShared:
		return "NOT " + w.any(t, base, 0)
	case use == OwnNew:
		return w.some(t, base, 0) + " AND " + w.every(t, base, 0)
	case use == OwnRead && b.NullShared:
		return w.some(t, base, 0) + " OR NOT " + w.any(t, base, 0)
	}
	return w.some(t, base, 0)
}

// OwnSeenSQL is own for a new row of a table, as a policy must say it: there row security hides rows
// of other tables, and a row that refers to one that is hidden is not the session's. It asks for
// more than [Contract.OwnSQL] where a row refers to one without a tenant. $tenant stands for the
// session's tenant; NULL counts as false.
func (c *Contract) OwnSeenSQL(t *Table, base string) string {
	w := &ownWriter{c: c}
	return w.seen(t, base, 0)
}

type ownWriter struct {
	c       *Contract
	tenants string
	n       int // aliases so far
}

func (w *ownWriter) alias() string {
	w.n++
	return "own" + strconv.Itoa(w.n)
}

// is says that a value is a tenant of the session.
func (w *ownWriter) is(v string) string {
	if w.tenants != "" {
		return "((" + v + " IN (" + w.tenants + ")) IS TRUE)"
	}
	return "((" + v + " = $tenant) IS TRUE)"
}

func (w *ownWriter) some(t *Table, q string, depth int) string {
	return w.look(t, q, depth, w.is)
}

func (w *ownWriter) every(t *Table, q string, depth int) string {
	return "(NOT " + w.look(t, q, depth, func(v string) string { return "(" + v + " IS NOT NULL AND NOT " + w.is(v) + ")" }) + ")"
}

func (w *ownWriter) any(t *Table, q string, depth int) string {
	return w.look(t, q, depth, func(v string) string { return "(" + v + " IS NOT NULL)" })
}

// seen says that each way of the row named q leads to the session's tenant, and that it has one.
func (w *ownWriter) seen(t *Table, q string, depth int) string {
	b := &w.c.Belongs[t.ID]
	if b.How != Owned || depth > deepest {
		return "FALSE"
	}
	is := func(v string) string { return v + " = $tenant" }
	deeper := func(target *Table, to string) string { return w.seen(target, to, depth+1) }
	var all, given []string
	certain := len(b.Paths) == 1
	for i := range b.Paths {
		p := &b.Paths[i]
		own := w.path(t, p, q, is, deeper)
		if bare, ok := strings.CutPrefix(own, "(EXISTS "); ok {
			own = "EXISTS " + strings.TrimSuffix(bare, ")")
		}
		var missing, there []string
		for _, col := range p.Columns() {
			if column := &t.Columns[col]; !column.NotNull {
				name := q + "." + sql.QuoteName(column.Name)
				missing, there = append(missing, name+" IS NULL"), append(there, name+" IS NOT NULL")
			}
		}
		if len(missing) == 0 {
			certain = true
		} else if len(b.Paths) > 1 {
			own = "(" + strings.Join(missing, " OR ") + " OR " + own + ")"
			given = append(given, strings.Join(there, " AND "))
		}
		all = append(all, own)
	}
	if !certain {
		all = append(all, "("+strings.Join(given, " OR ")+")")
	}
	return strings.Join(all, " AND ")
}

// look says that a tenant of the row named q is wanted.
func (w *ownWriter) look(t *Table, q string, depth int, wanted func(string) string) string {
	b := &w.c.Belongs[t.ID]
	var parts []string
	if b.How == Owned && depth <= deepest {
		for i := range b.Paths {
			parts = append(parts, w.path(t, &b.Paths[i], q, wanted, func(target *Table, to string) string { return w.look(target, to, depth+1, wanted) }))
		}
	}
	switch len(parts) {
	case 0:
		return "FALSE"
	case 1:
		return parts[0]
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}

// path says that the tenant at the end of a way of the row named q is wanted; deeper says it of a row
// that it refers to.
func (w *ownWriter) path(t *Table, p *TenantPath, q string, wanted func(string) string, deeper func(target *Table, to string) string) string {
	switch {
	case p.Key != nil && p.Key.Target == nil:
		return "FALSE"
	case p.Key != nil:
		to := w.alias()
		parts := make([]string, 0, len(p.Key.Columns)+1)
		for i, col := range p.Key.Columns {
			parts = append(parts, to+"."+sql.QuoteName(p.Key.Target.Columns[p.Key.Targets[i]].Name)+" = "+q+"."+sql.QuoteName(t.Columns[col].Name))
		}
		parts = append(parts, deeper(p.Key.Target, to))
		only := "ONLY " // a foreign key does not see the children of its target
		if p.Key.Target.Partitioned {
			only = ""
		}
		return "(EXISTS (SELECT 1 FROM " + only + p.Key.Target.SQL() + " AS " + to + " WHERE " + strings.Join(parts, " AND ") + "))"
	case p.Column >= 0:
		return wanted(q + "." + sql.QuoteName(t.Columns[p.Column].Name))
	}
	to := w.alias()
	return "(EXISTS (SELECT 1 FROM (" + p.Print(q) + ") AS " + to + "(tenant) WHERE " + wanted(to+".tenant") + "))"
}
