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

// look says that a tenant of the row named q is wanted.
func (w *ownWriter) look(t *Table, q string, depth int, wanted func(string) string) string {
	b := &w.c.Belongs[t.ID]
	var parts []string
	if b.How == Owned && depth <= deepest {
		for i := range b.Paths {
			parts = append(parts, w.path(t, &b.Paths[i], q, depth, wanted))
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

func (w *ownWriter) path(t *Table, p *TenantPath, q string, depth int, wanted func(string) string) string {
	switch {
	case p.Key != nil && p.Key.Target == nil:
		return "FALSE"
	case p.Key != nil:
		to := w.alias()
		parts := make([]string, 0, len(p.Key.Columns)+1)
		for i, col := range p.Key.Columns {
			parts = append(parts, to+"."+sql.QuoteName(p.Key.Target.Columns[p.Key.Targets[i]].Name)+" = "+q+"."+sql.QuoteName(t.Columns[col].Name))
		}
		parts = append(parts, w.look(p.Key.Target, to, depth+1, wanted))
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
