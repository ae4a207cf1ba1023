package contract

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// keyed adds, for each table in which a new row may collide with a hidden one in a unique key, the
// insert of such a row as a path. Postgres checks keys against all rows, whatever row security says
// (manual, "Row Security Policies"), so its error may tell of a hidden row.
func (r *resolver) keyed() {
	for _, t := range r.schema.Tables {
		keys := r.untied(t)
		if t.Parent != "" || len(keys) == 0 {
			continue
		}
		v := r.part(t, t)
		if p := r.puts(v); p != nil {
			p.Name, p.Keyed = "insert a taken key into table "+t.Label(), keys
			for _, s := range r.contract.Sessions {
				if v.Writers[r.actor(s)].Insert {
					r.use(p, s, nil)
				}
			}
			r.add(p)
		}
	}
}

// untied lists the unique keys of a table that do not hold the tenant, and whose values a session
// may choose and know: neither secrets nor made anew for each row.
func (r *resolver) untied(t *model.Table) []*model.Unique {
	var out []*model.Unique
	for i := range t.Unique {
		u := &t.Unique[i]
		if !slices.ContainsFunc(u.Columns, func(c int) bool { return r.tells(t, c) || r.made(t, c) || r.secret(t, c) }) {
			out = append(out, u)
		}
	}
	return out
}

// tells reports whether a column says whose a row is.
func (r *resolver) tells(t *model.Table, column int) bool {
	return slices.ContainsFunc(r.contract.Belongs[t.ID].Paths, func(p model.TenantPath) bool {
		return slices.Contains(p.Columns(), column)
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
