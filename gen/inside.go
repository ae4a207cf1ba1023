package gen

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// inside says where in a column's values a tenant stands: under keys of a JSON document, as one of
// the pieces of a text, such as the first folder of a path, or in a list, each item of which is a
// tenant.
type inside struct {
	table     int // Table.ID
	column    int
	keys      []string // of a document; nil for a text
	separator string   // of a text's pieces
	nth       int      // the piece, from 0
	number    bool     // the tenant is a number in a document
	binary    bool     // the document is jsonb, which Postgres prints in its own way
	list      bool     // the column is an array
}

// insides finds where the rows of a table name their tenants inside of a column, by the
// queries that say so.
func (p *Plan) insides(t *model.Table) []inside {
	var out []inside
	paths := p.Contract.Belongs[t.ID].Paths
	for i := range paths {
		q := p.pathQueries[paths[i].SQL]
		if q == nil {
			continue
		}
		sql.WalkQuery(q, func(e sql.Expr) bool {
			in, ok := p.insideOf(t, e)
			if ok && !slices.ContainsFunc(out, func(o inside) bool { return o.column == in.column }) {
				out = append(out, in)
			}
			return !ok
		})
	}
	return out
}

func (p *Plan) insideOf(t *model.Table, e sql.Expr) (inside, bool) {
	column := func(e sql.Expr) int {
		c, ok := plain(e).(*sql.Column)
		if !ok || c.Qualifier != t.Name || c.Schema != "" && c.Schema != t.Schema {
			return -1
		}
		return t.Column(c.Name)
	}
	switch x := e.(type) {
	case *sql.AnyArray:
		at := column(x.Array)
		return inside{table: t.ID, column: at, list: true}, at >= 0 && !x.Not
	case *sql.Field:
		out := inside{table: t.ID, number: p.Contract.Tenancy.Type.Kind == sql.Int}
		root := sql.Expr(x)
		for f, ok := x, true; ok; f, ok = root.(*sql.Field) {
			key, is := plain(f.Key).(*sql.Literal)
			if !is || key.Type != "" || key.Value.Null {
				return inside{}, false
			}
			list := []string{key.Value.Text}
			if f.Op[0] == '#' {
				list = strings.Split(strings.Trim(key.Value.Text, "{}"), ",")
			}
			out.keys, root = append(list, out.keys...), f.X
		}
		if out.column = column(root); out.column < 0 {
			return inside{}, false
		}
		out.binary = t.Columns[out.column].Type.Base == "jsonb"
		return out, true
	case *sql.Opaque:
		list := sql.Columns(x)
		if len(list) == 1 && column(list[0]) >= 0 && t.Columns[column(list[0])].Type.Array && x.What == "function unnest" {
			return inside{table: t.ID, column: column(list[0]), list: true}, true
		}
		if len(list) != 1 || column(list[0]) < 0 || t.Columns[column(list[0])].Type.Kind != sql.Text {
			return inside{}, false
		}
		out := inside{table: t.ID, column: column(list[0]), separator: "/"}
		text, _ := sql.Print(x, sql.PrintOptions{})
		for _, token := range sql.Tokens(text) {
			if n, err := strconv.Atoi(token.Text); token.Kind == sql.Number && err == nil && n > 0 {
				out.nth = n - 1
			} else if token.Kind == sql.Str && len(token.Text) == 1 {
				out.separator = token.Text
			}
		}
		return out, true
	}
	return inside{}, false
}

// put is a column's value with a tenant in it; of NULL, one that has nothing else.
func (in *inside) put(old, tenant model.Value) model.Value {
	if in.list {
		return listing([]model.Value{tenant})
	}
	if in.keys != nil {
		var leaf any = tenant.Text
		if in.number {
			leaf = number(tenant.Text)
		}
		return text(in.print(within(parseDocument(old), in.keys, leaf)))
	}
	pieces := strings.Split(old.Text, in.separator)
	for len(pieces) < in.nth+2 { // the last one stays: of a path, the name of the file
		pieces = append([]string{"a"}, pieces...)
	}
	pieces[in.nth] = tenant.Text
	return text(strings.Join(pieces, in.separator))
}

// take is the tenant in a column's value; of a list, the first one.
func (in *inside) take(v model.Value) (model.Value, bool) {
	if v.Null {
		return null, false
	}
	if in.list {
		if all := items(v); len(all) > 0 {
			return all[0], true
		}
		return null, false
	}
	if in.keys == nil {
		pieces := strings.Split(v.Text, in.separator)
		if len(pieces) < in.nth+2 {
			return null, false
		}
		return text(pieces[in.nth]), true
	}
	at := parseDocument(v)
	for _, key := range in.keys {
		object, ok := at.(map[string]any)
		if !ok || object[key] == nil {
			return null, false
		}
		at = object[key]
	}
	switch at := at.(type) {
	case string:
		return text(at), true
	case number:
		return text(string(at)), true
	}
	return null, false
}

// drop is a column's value without a tenant.
func (in *inside) drop(v model.Value) model.Value {
	if _, ok := in.take(v); !ok {
		return v
	}
	if in.list {
		return listing(nil)
	}
	if in.keys == nil {
		pieces := strings.Split(v.Text, in.separator)
		return text(strings.Join(slices.Delete(pieces, in.nth, in.nth+1), in.separator))
	}
	return text(in.print(within(parseDocument(v), in.keys, nil)))
}

func (in *inside) print(doc any) string {
	if in.binary {
		return binaryDocument(doc)
	}
	return document(doc)
}

// inside is how a column's values name tenants; nil where they do not.
func (tp *tablePlan) inside(column int) *inside {
	for n := range tp.insides {
		if tp.insides[n].column == column {
			return &tp.insides[n]
		}
	}
	return nil
}

// takes is all the tenants in a column's value.
func (in *inside) takes(v model.Value) []model.Value {
	if in.list && !v.Null {
		return items(v)
	}
	if one, ok := in.take(v); ok {
		return []model.Value{one}
	}
	return nil
}

// Inside is a column's value with other tenants in the place of those that it has inside; it reports
// false where it has none.
func (p *Plan) Inside(t *model.Table, i int, v model.Value, other func(model.Value) model.Value) (model.Value, bool) {
	in := p.tables[t.ID].inside(i)
	if in == nil {
		return v, false
	}
	all := slices.Clone(in.takes(v))
	for n := range all {
		all[n] = other(all[n])
	}
	switch {
	case len(all) == 0:
		return v, false
	case in.list:
		return listing(all), true
	}
	return in.put(v, all[0]), true
}

// housed makes the pool of a column whose values name tenants: with a tenant, as a constraint
// may ask, and without.
func (p *Plan) housed(in *inside, col *column) {
	some := p.tenantValue(p.Contract.Tenancy.Type, 1)
	old := col.pool
	col.pool, col.cycle = nil, false
	for _, v := range old {
		for _, v := range []model.Value{in.drop(v), in.put(v, some)} {
			if !v.Null && !slices.Contains(col.pool, v) {
				col.pool = append(col.pool, v)
			}
		}
	}
}

// jointShare is how many of a hundred lists of tenants have two.
const jointShare = 25

// nobodys is how many of a hundred values name no tenant, where they may.
const nobodys = 12

// house puts the tenant of a row into the columns that name it inside.
func (b *builder) house(t *model.Table, k int, row model.Row, fixed map[int]model.Value, c *choices) {
	tp := &b.tables[t.ID]
	for n := range tp.insides {
		in := &tp.insides[n]
		i := in.column
		if _, ok := fixed[i]; ok || k < 0 || b.tenant[k].Null {
			continue
		}
		if bare := in.drop(row[i]); c.percent(nobodys) && (row[i].Null || slices.Contains(tp.columns[i].pool, bare)) {
			row[i] = bare
			continue
		}
		row[i] = in.put(row[i], b.tenant[k])
		if b.roomy(t, in) && c.percent(besideShare) {
			if list := b.namedBeside(t, k); len(list) > 0 {
				row[i] = in.beside(row[i], list[c.upTo(len(list))], c.percent(50))
			}
		}
		if in.list && len(b.tenant) > 1 && c.percent(jointShare) {
			if other := b.tenant[(k+1)%len(b.tenant)]; !other.Null {
				row[i] = enlist(row[i], other)
			}
		}
	}
}

// rehoused lists values of a column that name other tenants than a row's does, and one that
// names the same and says something else.
func (w *walk) rehoused(t *model.Table, in *inside, old model.Value) [][]model.Value {
	mine, ok := in.take(old)
	var out [][]model.Value
	for _, v := range w.others(w.d, mine) {
		if in.list && ok {
			out = append(out, []model.Value{enlist(old, v)})
		}
		out = append(out, []model.Value{in.put(old, v)})
		if ok && w.roomy(t, in) {
			out = append(out, []model.Value{in.beside(in.put(old, v), mine, false)})
		}
	}
	for _, v := range w.tables[t.ID].columns[in.column].pool {
		if ok {
			v = in.put(v, mine)
		}
		if v != old {
			return append(out, []model.Value{v})
		}
	}
	return out
}
