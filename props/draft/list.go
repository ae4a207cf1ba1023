package draft

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// item is the part of a column that is each value of the list in it, such as each tenant of a
// user, or each user of a tenant.
const item = "unnest(" + hole + ")"

// isItem reports whether it is each value of a list that a column holds.
func (c Column) isItem() bool { return c.Part == item }

// items is the values of the list that a column holds; what is no list stays.
func (c Column) items() Column {
	if !c.isPart() && c.Table.Columns[c.Column].Type.Array {
		c.Part = item
	}
	return c
}

// sameItem reports whether the values of a list can be what another column holds, or a list of such.
func sameItem(list, other Column) bool {
	x, y := &list.Table.Columns[list.Column].Type, &other.Table.Columns[other.Column].Type
	if other.isPart() && !other.isItem() || y.Array && !other.isItem() {
		return other.isPart()
	}
	a, b := family(x.Base), family(y.Base)
	return a == b || a == "text" || b == "text" // which may be cast
}

// family is a type for those that Postgres compares with each other.
func family(base string) string {
	switch base {
	case "int2", "int4", "int8":
		return "int"
	case "varchar", "bpchar", "citext", "name":
		return "text"
	}
	return base
}

// ofList notes what is compared with each value of a list: a column, or what the session brings.
func (e *evidence) ofList(x, list sql.Expr, in scope) bool {
	cols := e.together(list, in)
	for _, c := range cols {
		if left, ok := e.holder(x, in); ok {
			e.same = append(e.same, [2]Column{left, c})
		} else if s := e.held(x, in); s != nil {
			e.equal = append(e.equal, equality{column: c, source: s, op: "=", table: in.base})
		}
	}
	if len(cols) > 1 {
		e.joined = append(e.joined, cols)
	}
	return len(cols) > 0
}

// together is the columns whose values are in the list that an expression gives; of several lists, such
// as admin_ids || member_ids, those of each. It is nil where one of them is unknown.
func (e *evidence) together(x sql.Expr, in scope) []Column {
	if c, ok := e.list(x, in); ok {
		return []Column{c}
	}
	o, ok := bare(x).(*sql.Opaque)
	if !ok || o.What != "operator ||" {
		return nil
	}
	text, _ := sql.Print(o, sql.PrintOptions{})
	l, r, ok := split(text, "||")
	if !ok {
		return nil
	}
	left, right := e.together(l, in), e.together(r, in)
	if left == nil || right == nil {
		return nil
	}
	return append(left, right...)
}

// alternatives notes the lists of which one must have the same value: the one OR the other.
func (e *evidence) alternatives(x *sql.Or, in scope) {
	var cols []Column
	for _, a := range x.Args {
		if one, ok := a.(*sql.AnyArray); ok && !one.Not && e.source(one.X) != nil {
			cols = append(cols, e.together(one.Array, in)...)
		}
	}
	if len(cols) > 1 {
		e.joined = append(e.joined, cols)
	}
}

// list is the column whose values are in the list that an expression gives: a column that holds a
// list, or a sub-select or function that gives one, or gathers a column of several rows.
func (e *evidence) list(x sql.Expr, in scope) (Column, bool) {
	if c, ok := in.column(x); ok {
		return c.items(), c.items().isItem()
	}
	o, ok := bare(x).(*sql.Opaque)
	if !ok {
		return Column{}, false
	}
	text, _ := sql.Print(o, sql.PrintOptions{})
	if q, err := sql.ParseQuery(inside("SELECT " + text)); err == nil && len(q.From) > 0 {
		return e.gathered(q, in)
	}
	return e.given(text)
}

// given is the column whose values the call of a function gives, one by one or in a list.
func (e *evidence) given(text string) (Column, bool) {
	m := called.FindStringSubmatch(text)
	if m == nil || !strings.HasPrefix(text, m[0]) || !strings.HasSuffix(text, ")") {
		return Column{}, false
	}
	for _, f := range e.survey.Functions {
		if f.Name != m[2] || m[1] != "" && f.Schema != m[1] || slices.Contains(e.survey.Own, f.Schema) {
			continue
		}
		if q, ok := f.query(); ok {
			return e.gathered(q, scope{survey: e.survey})
		}
	}
	return Column{}, false
}

// gathered is the column whose values a query gives one by one, in lists, or as a list.
func (e *evidence) gathered(q *sql.Query, in scope) (Column, bool) {
	if q.Opaque != nil || q.Target == nil {
		return Column{}, false
	}
	inner := in.with(q)
	if c, ok := inner.holder(q.Target); ok {
		return c.items(), true
	}
	if o, ok := bare(q.Target).(*sql.Opaque); ok {
		if c, text, ok := inner.about(o); ok && gathers(text) {
			return c.items(), true
		}
	}
	return Column{}, false
}

// gathers reports whether a text is an array_agg of a column, whose place is a hole.
func gathers(text string) bool {
	calls := sql.Calls(text)
	return len(calls) > 0 && calls[0].Name == "array_agg" && strings.HasPrefix(strings.TrimPrefix(calls[0].Args[0], "DISTINCT "), hole)
}

// overlap notes two lists of which one must have a value of the other: org_ids && my_orgs().
func (e *evidence) overlap(o *sql.Opaque, in scope) {
	if o.What != "operator &&" && o.What != "operator @>" && o.What != "operator <@" {
		return
	}
	text, _ := sql.Print(o, sql.PrintOptions{})
	l, r, ok := split(text, strings.TrimPrefix(o.What, "operator "))
	if !ok {
		return
	}
	for _, side := range [][2]sql.Expr{{l, r}, {r, l}} {
		c, ok := e.list(side[0], in)
		if !ok {
			continue
		}
		switch other, is := e.list(side[1], in); {
		case is && other != c:
			e.same = append(e.same, [2]Column{c, other})
		case is:
		default:
			for _, x := range elements(side[1]) {
				e.ofList(x, side[0], in)
			}
		}
	}
}

// elements is the items of an array constructor; any other expression is its own one item.
func elements(x sql.Expr) []sql.Expr {
	if a, ok := bare(x).(*sql.Array); ok {
		return a.Items
	}
	return []sql.Expr{x}
}

// split is the two sides of an operator that stands once, outside of parentheses.
func split(text, operator string) (l, r sql.Expr, ok bool) {
	depth := 0
	tokens := sql.Tokens(text)
	for i := range tokens {
		switch t := &tokens[i]; {
		case isSign(t, "("), isSign(t, "["):
			depth++
		case isSign(t, ")"), isSign(t, "]"):
			depth--
		case depth == 0 && isSign(t, operator):
			left, err := sql.ParseExpr(text[:t.Start])
			right, fails := sql.ParseExpr(text[t.End:])
			return left, right, err == nil && fails == nil
		}
	}
	return nil, nil, false
}

// whose reports whether a column lists the tenants of its row, and no other column says them.
func (r *referee) whose(c Column) bool {
	return len(r.t.tenants.in(c.Table)) == 0 && slices.Contains(r.t.tenants.parts(c.Table), c.items())
}

// lister finds a table with a row for each value of one domain, in which a column lists the values
// of another: a user's row its tenants, or a tenant's row its users. It is nil without one.
func (d *domains) lister(group, of *domain) *membership {
	one := func(t *model.Table, m, list *domain) (key, at int, ok bool) {
		for _, c := range list.parts(t) {
			for _, k := range m.in(t) {
				if c.isItem() && identifies(Column{Table: t, Column: k}) {
					return k, c.Column, true
				}
			}
		}
		return 0, 0, false
	}
	for _, t := range d.survey.Schema.Tables {
		if key, list, ok := one(t, of, group); ok {
			return &membership{table: t, group: list, member: key}
		}
	}
	for _, t := range d.survey.Schema.Tables {
		if key, list, ok := one(t, group, of); ok {
			return &membership{table: t, group: key, member: list, more: d.beside(t, list)}
		}
	}
	return nil
}

// beside is the columns of a table whose lists are looked through together with that of another one.
func (d *domains) beside(t *model.Table, list int) []int {
	var out []int
	for _, cols := range d.joined {
		if !slices.Contains(cols, Column{Table: t, Column: list, Part: item}) {
			continue
		}
		for _, c := range cols {
			if c.Table == t && c.isItem() && c.Column != list && !slices.Contains(out, c.Column) {
				out = append(out, c.Column)
			}
		}
	}
	return out
}

// lists reports whether the rows of a domain, such as users, list the values that group them.
func (d *domains) lists(group, of *domain) bool {
	m := d.member(group, of)
	return m != nil && m.inList(m.group)
}

// inList reports whether a column of the membership is a list.
func (m *membership) inList(column int) bool { return m.table.Columns[column].Type.Array }

// among is the condition that the row t of the domain's home is in a list; c is the column that
// holds the list.
func (m *domain) among(list string, c Column) string {
	key := "t." + sql.QuoteName(m.home.Columns[m.key].Name)
	if family(m.home.Columns[m.key].Type.Base) != family(c.Table.Columns[c.Column].Type.Base) {
		key += "::text"
	}
	return key + " = ANY (" + list + ")"
}

// each begins a query of values of a domain: of its home, as t.
func (m *domain) each() string {
	return "SELECT t." + sql.QuoteName(m.home.Columns[m.key].Name) + " FROM " + sqlName(m.home) + " t"
}
