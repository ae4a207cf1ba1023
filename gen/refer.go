package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// refer sets the columns of a foreign key to a row that was made for the same
// tenant, or that is everybody's. must tells columns that may not be NULL.
func (b *builder) refer(t *model.Table, key *model.ForeignKey, k int, row model.Row, set, must []bool, c *choices) bool {
	open, needed := false, false
	for _, i := range key.Columns {
		open = open || !set[i]
		needed = needed || must[i]
		if set[i] && row[i].Null && !key.Full { // refers to nothing already
			return b.rest(t, key, row, set, must)
		}
	}
	nullable := !notNull(t, key) && !needed
	if open && nullable && !b.parts[b.part].all[key.Target.ID] && b.nothing(t, key, row, set) {
		return true // the dataset is not about that table
	}
	if open && nullable && c.percent(b.void(t, key, k)) && b.nothing(t, key, row, set) {
		return true
	}
	fits := func(target model.Row) bool {
		for i, col := range key.Columns {
			v := target[key.Targets[i]]
			if set[col] && row[col].Text != v.Text {
				return false
			}
			for _, other := range b.tables[t.ID].other(col) {
				if set[other] && row[other] == v {
					return false
				}
			}
		}
		return true
	}
	target := b.target(t, key, k, row, set, fits, open, c)
	if target == nil {
		return open && nullable && b.nothing(t, key, row, set)
	}
	for i, col := range key.Columns {
		row[col], set[col] = target[key.Targets[i]], true
	}
	return true
}

// rest gives the open columns of a key that refers to nothing a value.
func (b *builder) rest(t *model.Table, key *model.ForeignKey, row model.Row, set, must []bool) bool {
	for _, i := range key.Columns {
		if set[i] || must[i] {
			continue
		}
		if row[i] = null; t.Columns[i].NotNull {
			row[i] = b.tables[t.ID].columns[i].pool[0]
		}
		set[i] = true
	}
	return true
}

// target is a row that a key may refer to, made if there is none.
func (b *builder) target(t *model.Table, key *model.ForeignKey, k int, row model.Row, set []bool, fits func(model.Row) bool, open bool, c *choices) model.Row {
	var pool, free []model.Row
	add := func(target model.Row) {
		if !fits(target) {
			return
		}
		pool = append(pool, target)
		if !open || !b.used(t, key, row, set, target) {
			free = append(free, target)
		}
	}
	for i, target := range b.rows[key.Target.ID] {
		if o := b.owner[key.Target.ID][i]; !open || o == k || o < 0 || k < 0 || b.guest(target, k) || b.mentions(t, key) {
			add(target)
		}
	}
	for _, target := range key.Target.Seed {
		add(target)
	}
	if len(free) == 0 {
		if target := b.pending(key, k, fits); target != nil {
			return target
		}
		if made := b.make(t, key, k, row, set, c); made != nil && fits(made) {
			return made
		}
		if free = pool; len(pool) == 0 {
			return nil
		}
	}
	if !open {
		return free[0]
	}
	if c.state == 0 { // in the walk, one that another tenant has a row like
		if row := b.namesake(key.Target, k, free); row != nil {
			return row
		}
	}
	if len(b.guests) > 0 && c.percent(60) { // whoever is in two tenants is worth referring to
		for _, row := range free {
			if b.guest(row, k) {
				return row
			}
		}
	}
	return free[c.upTo(len(free))]
}

// namesake is a row of which another tenant has one with the same value in a column that is
// unique within each; nil where there is none.
func (b *builder) namesake(t *model.Table, k int, list []model.Row) model.Row {
	for i := range t.Columns {
		if !b.tables[t.ID].perTenant(i) {
			continue
		}
		for _, row := range list {
			for n, other := range b.rows[t.ID] {
				if b.owner[t.ID][n] != k && other[i] == row[i] && !row[i].Null {
					return row
				}
			}
		}
	}
	return nil
}

// used reports whether a row that refers to the target would break a unique key whose
// columns are all known then.
func (b *builder) used(t *model.Table, key *model.ForeignKey, row model.Row, set []bool, target model.Row) bool {
	for i := range b.tables[t.ID].rules {
		x := &b.tables[t.ID].rules[i]
		if len(x.Differ)+len(x.Overlap)+len(x.Reads)+len(x.where) > 0 {
			continue
		}
		touched, known := false, true
		for _, col := range x.Same {
			mine := model.Contains(key.Columns, col)
			touched = touched || mine
			known = known && (mine || set[col])
		}
		if !touched || !known {
			continue
		}
		would := append(model.Row(nil), row...)
		for n, col := range key.Columns {
			would[col] = target[key.Targets[n]]
		}
		if b.collides(t, x, would) {
			return true
		}
	}
	return false
}

// pending is a row that is being made and whose key is known: rows may refer to each
// other in a circle, and to themselves.
func (b *builder) pending(key *model.ForeignKey, k int, fits func(model.Row) bool) model.Row {
	for n := len(b.stack) - 1; n >= 0; n-- {
		f := &b.stack[n]
		if f.table != key.Target || f.k != k || n == len(b.stack)-1 && b.aloof(f, key) {
			continue
		}
		known := true
		for _, i := range key.Targets {
			known = known && f.set[i]
		}
		if known && fits(f.row) {
			return f.row
		}
	}
	return nil
}

// aloof reports whether a row may not refer to itself by a key: it need not, and whoever
// walks up a tree of rows would never arrive.
func (b *builder) aloof(f *frame, key *model.ForeignKey) bool {
	needed := slices.ContainsFunc(key.Columns, func(i int) bool { return f.must[i] })
	return !needed && !notNull(f.table, key) || slices.Contains(b.tables[f.table.ID].aloof, key)
}

// tree reports whether a key says which tenant is above another.
func (p *Plan) tree(t *model.Table, key *model.ForeignKey) bool {
	return t == p.Contract.Tenancy.Table && key.Target == t
}

// mentions reports whether a key names a tenant or a user without saying whose the row is: the tenant
// above, or somebody with whom the row is shared.
func (p *Plan) mentions(t *model.Table, key *model.ForeignKey) bool {
	shown := slices.ContainsFunc(key.Columns, func(i int) bool { return model.Contains(p.tables[t.ID].names, i) })
	return p.tree(t, key) || shown || key.Target == p.Contract.Tenancy.Table &&
		!slices.ContainsFunc(key.Columns, func(i int) bool { return model.Contains(p.tables[t.ID].tenant, i) })
}

// void is how many of a hundred references are NULL where they may be: half of those that put a
// tenant below another; else few, but many as long as each of the tenant's rows refers to something.
func (b *builder) void(t *model.Table, key *model.ForeignKey, k int) int {
	if b.tree(t, key) {
		return 50
	}
	rows := b.ofTenant(t, k)
	if len(rows) > 0 && !slices.ContainsFunc(rows, func(row model.Row) bool { return isNull(row, key) }) {
		return 45
	}
	return 15
}

// isNull reports whether a row refers to nothing by a key.
func isNull(row model.Row, key *model.ForeignKey) bool {
	return slices.ContainsFunc(key.Columns, func(i int) bool { return row[i].Null })
}

// make makes a row to refer to, with the values that the key has already.
func (b *builder) make(t *model.Table, key *model.ForeignKey, k int, row model.Row, set []bool, c *choices) model.Row {
	if key.Target == t || b.Empty[key.Target] != "" || key.Target == b.Contract.Tenancy.Table && k >= 0 || b.tables[key.Target.ID].skip {
		return nil
	}
	var fixed map[int]model.Value
	for i, col := range key.Columns {
		if set[col] {
			if fixed == nil {
				fixed = map[int]model.Value{}
			}
			fixed[key.Targets[i]] = row[col]
		}
	}
	return b.add(key.Target, b.ownerOf(key.Target, k), fixed, *c)
}

// nothing sets a nullable key to NULL.
func (b *builder) nothing(t *model.Table, key *model.ForeignKey, row model.Row, set []bool) bool {
	for _, i := range key.Columns {
		if !t.Columns[i].NotNull && !set[i] {
			row[i], set[i] = null, true
			return true
		}
	}
	return false
}
