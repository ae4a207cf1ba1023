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
	var who *asked
	for _, t := range r.schema.Tables {
		if t.Parent != "" {
			continue
		}
		shadow := &model.Shadow{Taken: model.Relation{Schema: t.Schema, Name: t.Name}}
		for _, m := range slices.Concat(r.schema.Routines, r.schema.Helpers) {
			if m.Pinned || !sql.Takes(m.Source, t.Name) {
				continue
			}
			if who == nil {
				who = r.asked()
			}
			if asking := who.asking(m.Name, mostAsking); len(asking) > 0 {
				shadow.Deceived, shadow.Read = append(shadow.Deceived, m), append(shadow.Read, asking...)
			}
		}
		if len(shadow.Deceived) == 0 {
			continue
		}
		slices.SortFunc(shadow.Read, func(a, b *model.Table) int { return a.ID - b.ID })
		shadow.Read = slices.Compact(shadow.Read)
		p := &model.Path{Name: "table in place of " + t.Label(), Kind: "query", Leaky: true, Shadow: shadow}
		put := inPlaceOf(t, p)
		for _, s := range r.contract.Sessions {
			role := r.actor(s)
			if queries := r.queries(shadow.Read, role); len(queries) > 0 && r.schema.Roles[role].Temporary {
				r.use(p, s, []model.Transaction{{Statements: slices.Concat(put, queries)}})
			}
		}
		r.add(p)
	}
}

// mostAsking bounds the tables that are read for one function: if it is deceived, each shows it.
const mostAsking = 4

// asked tells, by a function's name, which functions name it, and which tables have policies for
// reading that do.
type asked struct {
	callers  map[string][]string // by the name of a function
	policies map[string][]*model.Table
}

// asked looks at each text once for each name.
func (r *resolver) asked() *asked {
	out := &asked{callers: map[string][]string{}, policies: map[string][]*model.Table{}}
	all := slices.Concat(r.schema.Routines, r.schema.Helpers)
	for _, m := range all {
		if _, known := out.callers[m.Name]; known {
			continue
		}
		out.callers[m.Name] = nil
		for _, o := range all {
			if o.Name != m.Name && sql.Mentions(o.Source, m.Name) {
				out.callers[m.Name] = append(out.callers[m.Name], o.Name)
			}
		}
		for _, t := range r.schema.Tables {
			if slices.ContainsFunc(t.Policies, func(p model.Policy) bool {
				return (p.Command == "SELECT" || p.Command == "ALL") && sql.Mentions(p.Using, m.Name)
			}) {
				out.policies[m.Name] = append(out.policies[m.Name], t)
			}
		}
	}
	return out
}

// asking lists up to most tables whose policies ask a function, or what asks it.
func (a *asked) asking(function string, most int) []*model.Table {
	var out []*model.Table
	names := []string{function}
	for i := 0; i < len(names) && len(out) < most; i++ {
		for _, t := range a.policies[names[i]] {
			if len(out) < most && !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
		for _, name := range a.callers[names[i]] {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
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
