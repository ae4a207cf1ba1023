package gen

import (
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Computed is the columns of a table that a CHECK equals with an expression over other columns,
// with that expression: hash = md5(body). The server computes them where rows are tried, since no
// guess would be right. Keys, references and tenants are left to whoever chooses them.
func (p *Plan) Computed(t *model.Table) map[int]string {
	out := map[int]string{}
	for i := range t.Checks {
		e, err := sql.ParseExpr(t.Checks[i].Expr)
		if err != nil {
			continue
		}
		parts := []sql.Expr{e}
		if all, ok := e.(*sql.And); ok {
			parts = all.Args
		}
		for _, part := range parts {
			c, ok := part.(*sql.Compare)
			if !ok || c.Op != "=" {
				continue
			}
			if !p.computes(t, c.L, c.R, out) {
				p.computes(t, c.R, c.L, out)
			}
		}
	}
	return out
}

// computes notes a column with the expression for it, if these are what they are taken for.
func (p *Plan) computes(t *model.Table, column, by sql.Expr, out map[int]string) bool {
	name, ok := column.(*sql.Column)
	if !ok {
		return false
	}
	tp := &p.tables[t.ID]
	i := t.Column(name.Name)
	if i < 0 || out[i] != "" || t.Columns[i].Generated || tp.columns[i].how != fromPool ||
		isReference(t, i) || model.Contains(t.Key, i) || model.Contains(tp.tenant, i) {
		return false
	}
	read := sql.Columns(by)
	for _, c := range read {
		if j := t.Column(c.Name); j < 0 || j == i || out[j] != "" || t.Columns[j].Generated {
			return false
		}
	}
	if _, plain := by.(*sql.Column); plain || len(read) == 0 || len(sql.Tables(by)) > 0 {
		return false
	}
	out[i], _ = sql.Print(by, sql.PrintOptions{Column: func(c *sql.Column) (string, bool) { return model.Quote(c.Name), true }})
	return true
}
