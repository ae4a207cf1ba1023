package contract

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// shadows adds, for each table that functions take from their caller's search path, a session's
// putting a temporary table in its place, with a row that says what the session likes, and
// reading what policies show that ask such a function. Temporary tables come first in every search
// path that does not name their schema (manual: Writing SECURITY DEFINER Functions Safely).
func (r *resolver) shadows() {
	for _, t := range r.schema.Tables {
		if t.Parent != "" {
			continue
		}
		shadow := &model.Shadow{Table: t}
		for _, m := range slices.Concat(r.schema.Routines, r.schema.Helpers) {
			if m.Pinned || !sql.Takes(m.Source, t.Name) {
				continue
			}
			if asked := r.asking(m); len(asked) > 0 {
				shadow.Deceived, shadow.Read = append(shadow.Deceived, m), append(shadow.Read, asked[:min(len(asked), mostAsking)]...)
			}
		}
		if len(shadow.Deceived) == 0 {
			continue
		}
		slices.SortFunc(shadow.Read, func(a, b *model.Table) int { return a.ID - b.ID })
		shadow.Read = slices.Compact(shadow.Read)
		p := &model.Path{Name: "table in place of " + t.Label(), Kind: "query", Leaky: true, Shadow: shadow}
		make := inPlaceOf(t, p)
		for _, s := range r.contract.Sessions {
			role := r.actor(s)
			if queries := r.queries(shadow.Read, role); len(queries) > 0 && r.schema.Roles[role].Temporary {
				r.use(p, s, []model.Transaction{{Statements: slices.Concat(make, queries)}})
			}
		}
		r.add(p)
	}
}

// mostAsking bounds the tables that are read for one function: if it is deceived, each shows it.
const mostAsking = 4

// asking lists the tables whose policies for reading ask a function, or what asks it.
func (r *resolver) asking(function *model.Routine) []*model.Table {
	bodies, asks := map[string]string{}, map[string]bool{}
	for _, m := range slices.Concat(r.schema.Routines, r.schema.Helpers) {
		bodies[m.Name] += m.Source + "\n"
		asks[m.Name] = asks[m.Name] || m == function
	}
	spread(bodies, asks)
	var out []*model.Table
	for _, t := range r.schema.Tables {
		if slices.ContainsFunc(t.Policies, func(p model.Policy) bool {
			return (p.Command == "SELECT" || p.Command == "ALL") && reaches(p.Using, bodies, asks)
		}) {
			out = append(out, t)
		}
	}
	return out
}

// queries reads of some tables what a role may.
func (r *resolver) queries(tables []*model.Table, role string) []model.PathStatement {
	var out []model.PathStatement
	for _, t := range tables {
		var names []string
		for i := range t.Columns {
			if rights := r.schema.Privileges[role]; rights != nil && rights[t.ID].Usage && len(rights[t.ID].Select) > i && rights[t.ID].Select[i] {
				names = append(names, model.Quote(t.Columns[i].Name))
			}
		}
		if len(names) > 0 {
			out = append(out, model.PathStatement{Text: "SELECT " + strings.Join(names, ", ") + " FROM " + t.SQL()})
		}
	}
	return out
}

// inPlaceOf makes a temporary table with the name and the columns of another one, and a row of it
// that is like one of the other's: those are the path's arguments. Its functions may read it, with
// whatever rights they run.
func inPlaceOf(t *model.Table, p *model.Path) []model.PathStatement {
	name := "pg_temp." + model.Quote(t.Name)
	var columns, filled, values []string
	row := model.PathStatement{}
	for i := range t.Columns {
		c := &t.Columns[i]
		columns = append(columns, model.Quote(c.Name)+" "+c.Type.Name)
		if c.Generated {
			continue
		}
		row.Params = append(row.Params, model.PathParam{Arg: len(p.Args)})
		p.Args = append(p.Args, model.PathArg{Column: model.ColumnRef{Table: t.ID, Column: i}})
		filled, values = append(filled, model.Quote(c.Name)), append(values, "$"+strconv.Itoa(len(p.Args))+"::"+c.Type.Name)
	}
	row.Text = "INSERT INTO " + name + " (" + strings.Join(filled, ", ") + ") VALUES (" + strings.Join(values, ", ") + ")"
	return []model.PathStatement{
		{Text: "CREATE TEMPORARY TABLE " + model.Quote(t.Name) + " (" + strings.Join(columns, ", ") + ") ON COMMIT DROP", Bare: true},
		{Text: "GRANT ALL ON " + name + " TO PUBLIC", Bare: true},
		row,
	}
}
