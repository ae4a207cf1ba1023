package contract

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// keyed adds, for each table in which a new row may meet a hidden one in a key, a session's putting in
// such a row. Postgres holds it against all others there, whatever row security says (manual, "Row
// Security Policies").
func (r *resolver) keyed() {
	for _, t := range r.schema.Tables {
		if t.Parent != "" || !r.meets(t) {
			continue
		}
		v := r.part(t, t)
		if p := r.puts(v, t); p != nil {
			p.Name, p.Keyed = "insert a taken key into table "+t.Label(), true
			for _, s := range r.contract.Sessions {
				if v.Writers[r.actor(s)].Insert {
					r.use(p, s, nil)
				}
			}
			r.add(p)
		}
	}
}

// meets reports whether a table has a unique key without the tenant, whose values are neither
// secrets nor made anew for each row.
func (r *resolver) meets(t *model.Table) bool {
	return slices.ContainsFunc(t.Unique, func(u model.Unique) bool {
		return !slices.ContainsFunc(u.Columns, func(c int) bool { return r.tells(t, c) || r.made(t, c) || r.secret(t, c) })
	})
}

// tells reports whether a column says whose a row is.
func (r *resolver) tells(t *model.Table, column int) bool {
	return slices.ContainsFunc(r.contract.Belongs[t.ID].Paths, func(p model.TenantPath) bool {
		return p.Column == column || p.Key != nil && slices.Contains(p.Key.Columns, column)
	})
}

// made reports whether a column's values are made for each row, and say no more than which it is.
func (r *resolver) made(t *model.Table, column int) bool {
	c := &t.Columns[column]
	number := c.Type.Kind == sql.Int || c.Type.Kind == sql.UUID
	return c.Generated || c.Identity != "" || number && c.Default != "" || r.freshKey(t, column) != ""
}

// secret reports whether only who knows a column's value may use it.
func (r *resolver) secret(t *model.Table, column int) bool {
	return slices.Contains(r.contract.Secrets, model.ColumnRef{Table: t.ID, Column: column})
}
