package contract

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// viewWrites adds, as paths, what sessions may write through a view, or directly to a partition or a
// table: an insert, an update of the column that holds the tenant, an update of other columns, and a
// delete, the last three without a condition. want says which of them; t is the table that has the
// view's columns, from which values are drawn; nil: nothing is added.
func (r *resolver) viewWrites(named []*model.Path, v *model.View, kind string, t *model.Table, want model.ViewWrite) {
	if t == nil {
		return
	}
	named = slices.DeleteFunc(slices.Clone(named), reads) // a path that only reads the view says nothing of writes
	said := make([]bool, len(r.schema.Tables))            // a write to t is judged by the session's own rules
	said[t.ID] = len(v.Triggers) == 0
	add := func(name string, may func(model.ViewWrite) bool, text string, columns []int, sets bool) {
		if text == "" || !may(want) {
			return
		}
		p := r.viewWrite(v, kind, t, text, columns, sets)
		if p.Name = name + " " + kind + " " + v.Label(); may(model.ViewWrite{Insert: true}) {
			p.Puts = t
		}
		for _, session := range r.users(named, v.Name, func(role string) bool { return may(v.Writers[role]) }) {
			r.use(p, session, nil)
			p.Users[len(p.Users)-1].Said = said
		}
		r.add(p)
	}
	columns := r.shared(v, t)
	add("insert into", func(w model.ViewWrite) bool { return w.Insert }, insertInto(v, t, columns), columns, false)
	update := func(w model.ViewWrite) bool { return w.Update }
	if c := r.moving(t, columns); c >= 0 {
		add("update of", update, setAll(v, t, []int{c}), []int{c}, false)
		if list := plain(v, t, columns, c); len(list) > 0 {
			add("change of", update, setAll(v, t, list), list, true)
		}
	}
	add("delete from", func(w model.ViewWrite) bool { return w.Delete }, "DELETE FROM "+v.SQL(), nil, false)
}

// viewWrite is a path that writes values of a table's columns by one statement, which has a parameter
// for each.
func (r *resolver) viewWrite(v *model.View, kind string, t *model.Table, text string, columns []int, sets bool) *model.Path {
	p := &model.Path{Kind: kind, View: v}
	if v.Schema == t.Schema && v.Name == t.Name {
		p.Table = t
	}
	s := model.PathStatement{Text: text}
	for i, c := range columns {
		arg := model.PathArg{Column: model.ColumnRef{Table: t.ID, Column: c}, Sets: sets}
		if key := r.freshKey(t, c); key != "" {
			arg = model.PathArg{Column: model.ColumnRef{Table: -1, Column: -1}, Constant: true, Text: key}
		}
		p.Args = append(p.Args, arg)
		s.Params = append(s.Params, model.PathParam{Arg: i})
	}
	p.SQL = []model.Transaction{{Statements: []model.PathStatement{s}}}
	return p
}

// puts is a path that puts a row into a table, as a view of itself; nil where no column may be filled.
func (r *resolver) puts(v *model.View, t *model.Table) *model.Path {
	columns := r.shared(v, t)
	if len(columns) == 0 {
		return nil
	}
	p := r.viewWrite(v, "table", t, insertInto(v, t, columns), columns, false)
	p.Puts = t
	return p
}

// setAll is an update of some columns of all rows.
func setAll(v *model.View, t *model.Table, columns []int) string {
	sets := make([]string, len(columns))
	for n, c := range columns {
		sets[n] = model.Quote(t.Columns[c].Name) + " = $" + strconv.Itoa(n+1) + "::" + t.Columns[c].Type.Name
	}
	return "UPDATE " + v.SQL() + " SET " + strings.Join(sets, ", ")
}

// plain lists the columns that every row may have the same value of, and that whoever updates the
// view may set: no keys, no references, and not the one that moves rows.
func plain(v *model.View, t *model.Table, columns []int, moving int) []int {
	return slices.DeleteFunc(slices.Clone(columns), func(c int) bool {
		at := slices.Index(v.Columns, t.Columns[c].Name)
		for _, may := range v.Updates {
			if at >= len(may) || !may[at] {
				return true
			}
		}
		unique := slices.ContainsFunc(t.Unique, func(u model.Unique) bool { return slices.Contains(u.Columns, c) })
		refers := slices.ContainsFunc(t.ForeignKeys, func(k model.ForeignKey) bool { return slices.Contains(k.Columns, c) })
		return c == moving || slices.Contains(t.Key, c) || unique || refers
	})
}

// reads reports whether all that a path runs are plain queries.
func reads(p *model.Path) bool {
	return !slices.ContainsFunc(p.Run, func(text string) bool { return !sql.Queries(text) })
}

// base is the table that a view shows: the one that its definition names and whose
// columns most of its own are; nil when there is none.
func (r *resolver) base(v *model.View) *model.Table {
	var best *model.Table
	most := 0
	for _, t := range r.schema.Tables {
		if n := len(r.shared(v, t)); n > most && sql.Mentions(v.Definition, t.Name) {
			best, most = t, n
		}
	}
	return best
}

// shared lists the columns of a table that a view has, but those that nobody may fill.
func (r *resolver) shared(v *model.View, t *model.Table) []int {
	var out []int
	for i := range t.Columns {
		c := &t.Columns[i]
		if slices.Contains(v.Columns, c.Name) && !c.Generated && c.Identity != "a" {
			out = append(out, i)
		}
	}
	return out
}

// freshKey is a value that no row has, for the column of a table's key that says nothing but
// which row it is; empty for other columns. What fills it otherwise may be out of the session's
// reach, and each value of the data is taken.
func (r *resolver) freshKey(t *model.Table, i int) string {
	c := &t.Columns[i]
	says := slices.ContainsFunc(t.ForeignKeys, func(k model.ForeignKey) bool { return slices.Contains(k.Columns, i) }) ||
		slices.ContainsFunc(r.contract.Belongs[t.ID].Paths, func(p model.TenantPath) bool { return p.Column == i })
	if len(t.Key) != 1 || t.Key[0] != i || says && c.Default == "" && c.Identity == "" {
		return ""
	}
	switch {
	case c.Type.Base == "int2":
		return "30000"
	case c.Type.Kind == sql.Int:
		return "2000000"
	case c.Type.Kind == sql.UUID:
		return "00000000-0000-4000-8000-0000ffffffff"
	}
	return ""
}

func insertInto(v *model.View, t *model.Table, columns []int) string {
	if len(columns) == 0 {
		return ""
	}
	var names, values []string
	for n, c := range columns {
		names = append(names, model.Quote(t.Columns[c].Name))
		values = append(values, "$"+strconv.Itoa(n+1)+"::"+t.Columns[c].Type.Name)
	}
	return "INSERT INTO " + v.SQL() + " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(values, ", ") + ")"
}

// moving is the column that an update changes: one that holds a tenant, which would move
// rows, else the last one; -1 when there is none.
func (r *resolver) moving(t *model.Table, columns []int) int {
	for _, p := range r.contract.Belongs[t.ID].Paths {
		if p.Key == nil && p.Query == nil && slices.Contains(columns, p.Column) {
			return p.Column
		}
	}
	for i := len(columns) - 1; i >= 0; i-- {
		if !slices.Contains(t.Key, columns[i]) {
			return columns[i]
		}
	}
	return -1
}
