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
// delete, the last three without a condition. want says which of them. Values are drawn from the table
// beneath; where none is known, the writes are untested.
func (r *resolver) viewWrites(named []*model.Path, v *model.View, kind string, want model.ViewWrite) {
	t := v.Base
	if t == nil {
		r.baseless(named, v, kind)
		return
	}
	named = slices.DeleteFunc(slices.Clone(named), reads) // a path that only reads the view says nothing of writes
	said := make([]bool, len(r.schema.Tables))            // a write to t is judged by the session's own rules
	said[t.ID] = len(v.Triggers) == 0
	add := func(name string, may func(model.ViewWrite) bool, text string, columns []int, sets bool) {
		if text == "" || !may(want) {
			return
		}
		p := r.viewWrite(v, kind, text, columns, sets)
		if p.Name = name + " " + kind + " " + v.Label(); may(model.ViewWrite{Insert: true}) {
			p.Puts = t
		}
		for _, session := range r.users(named, v.Name, func(role string) bool { return may(v.Writers[role]) }) {
			r.use(p, session, nil)
			p.Users[len(p.Users)-1].Said = said
		}
		r.add(p)
	}
	columns := fillable(v)
	add("insert into", func(w model.ViewWrite) bool { return w.Insert }, insertInto(v, columns), columns, false)
	update := func(w model.ViewWrite) bool { return w.Update }
	if c := r.moving(t, columns); c >= 0 {
		add("update of", update, setAll(v, []int{c}), []int{c}, false)
		if list := plain(v, columns, c); len(list) > 0 {
			add("change of", update, setAll(v, list), list, true)
		}
	}
	add("delete from", func(w model.ViewWrite) bool { return w.Delete }, "DELETE FROM "+v.SQL(), nil, false)
}

// baseless adds that what sessions may write through a view is not tried.
func (r *resolver) baseless(named []*model.Path, v *model.View, kind string) {
	p := &model.Path{Name: "writes through " + kind + " " + v.Label(), Kind: kind, View: v, Untried: "no judged table is known whose columns it has: not tried by this version"}
	named = slices.DeleteFunc(slices.Clone(named), reads)
	for _, s := range r.users(named, v.Name, func(role string) bool { return v.Writers[role] != model.ViewWrite{} }) {
		r.use(p, s, nil)
	}
	r.add(p)
}

// viewWrite is a path that writes values of a table's columns by one statement, which has a parameter
// for each.
func (r *resolver) viewWrite(v *model.View, kind, text string, columns []int, sets bool) *model.Path {
	t := v.Base
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
func (r *resolver) puts(v *model.View) *model.Path {
	columns := fillable(v)
	if len(columns) == 0 {
		return nil
	}
	p := r.viewWrite(v, "table", insertInto(v, columns), columns, false)
	p.Puts = v.Base
	return p
}

// setAll is an update of some columns of all rows.
func setAll(v *model.View, columns []int) string {
	sets := make([]string, len(columns))
	for n, c := range columns {
		sets[n] = model.Quote(v.Filling(c)) + " = $" + strconv.Itoa(n+1) + "::" + v.Base.Columns[c].Type.Name
	}
	return "UPDATE " + v.SQL() + " SET " + strings.Join(sets, ", ")
}

// plain lists the columns that every row may have the same value of, and that whoever updates the
// view may set: no keys, no references, and not the one that moves rows.
func plain(v *model.View, columns []int, moving int) []int {
	t := v.Base
	return slices.DeleteFunc(slices.Clone(columns), func(c int) bool {
		at := slices.Index(v.Fills, c)
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

// fillable lists the columns of a view's table that a write to it may fill.
func fillable(v *model.View) []int {
	var out []int
	for i := range v.Base.Columns {
		if slices.Contains(v.Fills, i) {
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

func insertInto(v *model.View, columns []int) string {
	if len(columns) == 0 {
		return ""
	}
	var names, values []string
	for n, c := range columns {
		names = append(names, model.Quote(v.Filling(c)))
		values = append(values, "$"+strconv.Itoa(n+1)+"::"+v.Base.Columns[c].Type.Name)
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
