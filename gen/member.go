package gen

import (
	"maps"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// formerShare is how many of a hundred people who are in one tenant were in another, or are
// to be: the row that says so is there, but does not count.
const formerShare = 50

// seat is a row of a membership table that makes somebody a tenant's.
type seat struct {
	table *model.Table
	ties  map[int]model.Value // by column: the user and the tenant
	terms map[int]model.Value // by column: constants that are asked of it, such as a status
	lists map[int]model.Value // by column: an item that the list in it must have
	more  bool                // something else is asked, such as a time that has not passed
}

// seats lists the rows that the paths to tenants look for.
func (b *builder) seats(t *model.Table, row model.Row, k int) []seat {
	var out []seat
	belongs := &b.Contract.Belongs[t.ID]
	for i := range belongs.Paths {
		q := b.pathQueries[belongs.Paths[i].SQL]
		if q == nil || len(q.From) == 0 {
			continue
		}
		want := demands{outer: t, tenants: b.Contract.Tenancy.Table}
		want.query(b.Contract.Schema, q)
		for _, o := range want.others {
			s := seat{table: o.table, ties: map[int]model.Value{}, terms: map[int]model.Value{}, lists: map[int]model.Value{}, more: o.more}
			for col, e := range o.columns {
				if lit, ok := e.(*sql.Literal); ok {
					s.terms[col] = lit.Value
				} else if v, ok := b.value(e, t, row, k); ok {
					s.ties[col] = v
				}
			}
			for col, e := range o.lists {
				if v, ok := b.value(e, t, row, k); ok {
					s.lists[col] = v
				}
			}
			if target, ok := q.Target.(*sql.Column); ok && len(q.From) == 1 {
				if i := o.table.Column(target.Name); i >= 0 {
					s.ties[i] = b.tenant[k]
				}
			}
			out = append(out, s)
		}
	}
	return out
}

// isOf reports whether a row belongs to a tenant, as things are.
func (b *builder) isOf(t *model.Table, row model.Row, k int) bool {
	found := false
	b.Contract.Tenants(model.Initial(b.Contract.Schema, b.rows), t, row, func(v model.Value) bool {
		found = v.Text == b.tenant[k].Text
		return !found
	})
	return found
}

// elsewhere is what the row by which a user belongs to another tenant too has in the columns by which
// its session is known, by Table.ID and column: another value than here, one by which another session
// is known if there is one. Who is a member here may be an owner there.
func (b *builder) elsewhere(r role, here []demand) map[int]map[int]model.Value {
	out := map[int]map[int]model.Value{}
	for i := range here {
		for col, e := range here[i].columns {
			l, ok := e.(*sql.Literal)
			if !ok {
				continue
			}
			t := here[i].table
			list := slices.DeleteFunc(slices.Clone(b.knownBy[model.ColumnRef{Table: t.ID, Column: col}]), func(v model.Value) bool { return v.Text == l.Value.Text })
			if len(list) == 0 {
				list = slices.DeleteFunc(b.Others(t, col, l.Value, 0, mostRoles), func(v model.Value) bool { return v.Null })
			}
			if len(list) == 0 {
				continue
			}
			if out[t.ID] == nil {
				out[t.ID] = map[int]model.Value{}
			}
			out[t.ID][col] = list[r.session.ID%len(list)]
		}
	}
	return out
}

// knows collects the values by which sessions are known, of rows other than the users' own.
func (p *Plan) knows() map[model.ColumnRef][]model.Value {
	out := map[model.ColumnRef][]model.Value{}
	for _, s := range p.Contract.Sessions {
		e := p.userExprs[s.ID]
		if e == nil {
			continue
		}
		want := demands{}
		want.meet(p.Contract.Schema, s.User.Table, e)
		for i := range want.others {
			o := &want.others[i]
			for col, e := range o.columns {
				at := model.ColumnRef{Table: o.table.ID, Column: col}
				if l, ok := e.(*sql.Literal); ok && !slices.Contains(out[at], l.Value) {
					out[at] = append(out[at], l.Value)
				}
			}
		}
	}
	return out
}

// belong adds the row of a membership table that a query path looks for, where
// nothing else made the row belong to the tenant. What nothing asks of it, it has as given, by
// Table.ID and column.
func (b *builder) belong(t *model.Table, row model.Row, k int, given map[int]map[int]model.Value, c choices) {
	if b.isOf(t, row, k) {
		return
	}
	for n := range b.tables[t.ID].insides { // the row itself lists its tenants
		if in := &b.tables[t.ID].insides[n]; in.list {
			row[in.column] = enlist(row[in.column], b.tenant[k])
			return
		}
	}
	for _, s := range b.seats(t, row, k) {
		fixed := maps.Clone(s.terms)
		maps.Copy(fixed, s.ties)
		if len(s.lists) > 0 && b.seat(&s, fixed) {
			continue
		}
		for col, v := range s.lists {
			fixed[col] = listing([]model.Value{v})
		}
		also := maps.Clone(fixed)
		for col, v := range given[s.table.ID] {
			if _, asked := fixed[col]; !asked {
				also[col] = v
			}
		}
		if b.add(s.table, k, also, c) == nil && len(also) > len(fixed) { // a key may let the tenant have one such row
			b.add(s.table, k, fixed, c)
		}
	}
}

// seat adds what a seat's lists must have to the row that has the rest of it, if there is one.
func (b *builder) seat(s *seat, fixed map[int]model.Value) bool {
	for _, row := range b.rows[s.table.ID] {
		has := true
		for col, v := range fixed {
			has = has && row[col] == v
		}
		if has {
			for col, v := range s.lists {
				row[col] = enlist(row[col], v)
			}
			return true
		}
	}
	return false
}

// formerTries is how often a membership is drawn that does not count.
const formerTries = 8

// former adds a membership that does not count: one that ended, that nobody accepted yet.
func (b *builder) former(t *model.Table, row model.Row, k int, c choices) {
	if b.isOf(t, row, k) {
		return
	}
	for _, s := range b.seats(t, row, k) {
		if len(s.terms) == 0 && !s.more {
			continue
		}
		for range formerTries {
			mark := len(b.journal)
			if fixed := b.broken(&s, &c); b.add(s.table, k, fixed, c) != nil && !b.isOf(t, row, k) {
				return
			}
			b.undo(mark)
		}
	}
}

// broken is the values of a seat with one thing that is asked of it left unmet: one column has
// another value. Where more is asked than values, it may also have all of them, and chance has to
// break the rest.
func (b *builder) broken(s *seat, c *choices) map[int]model.Value {
	fixed := maps.Clone(s.terms)
	maps.Copy(fixed, s.ties)
	columns := slices.Sorted(maps.Keys(s.terms))
	ways := len(columns)
	if s.more {
		ways++
	}
	if at := c.upTo(ways); at < len(columns) {
		col := columns[at]
		delete(fixed, col)
		if list := b.Others(s.table, col, s.terms[col], 0, mostRoles); len(list) > 0 {
			fixed[col] = list[c.upTo(len(list))]
		}
	}
	return fixed
}

// value is what an expression of a demand is worth for a user's row.
func (b *builder) value(e sql.Expr, t *model.Table, row model.Row, k int) (model.Value, bool) {
	switch e := e.(type) {
	case *sql.Literal:
		return e.Value, true
	case *sql.Cast:
		return b.value(e.X, t, row, k)
	case *sql.Column:
		if i := t.Column(e.Name); i >= 0 {
			return row[i], true
		}
	case *sql.Var:
		if e.Name == "tenant" {
			return b.tenant[k], true
		}
	}
	return null, false
}
