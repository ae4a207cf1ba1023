package gen

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// add makes one row of a table for a tenant (-1: for nobody), keeps it and returns
// it. fixed gives values that must be. It returns nil when no row fits.
func (b *builder) add(t *model.Table, k int, fixed map[int]model.Value, c choices) model.Row {
	row := b.row(t, k, fixed, &c)
	if row == nil || !b.unique(t, row, fixed) {
		return nil
	}
	b.keep(t, k, row)
	return row
}

func (b *builder) keep(t *model.Table, k int, row model.Row) {
	b.rows[t.ID] = append(b.rows[t.ID], row)
	b.owner[t.ID] = append(b.owner[t.ID], k)
}

func (b *builder) row(t *model.Table, k int, fixed map[int]model.Value, c *choices) model.Row {
	tp := &b.tables[t.ID]
	row := make(model.Row, len(t.Columns))
	set := make([]bool, len(t.Columns))
	for i, v := range fixed {
		row[i], set[i] = v, true
	}
	if k >= 0 {
		for _, i := range tp.tenant {
			if !set[i] && t != b.Contract.Tenancy.Table {
				row[i], set[i] = b.tenant[k], true
				if tp.columns[i].null && c.percent(15) {
					row[i] = null
				}
			}
		}
	}
	for _, key := range tp.keys {
		if !b.refer(t, key, k, row, set, c) {
			return nil
		}
	}
	twin := b.twin(t, k, c)
	for i := range row {
		if !set[i] {
			row[i] = b.fill(t, i, twin, c)
		}
	}
	return row
}

// refer sets the columns of a foreign key to a row that was made for the same
// tenant, or that is everybody's.
func (b *builder) refer(t *model.Table, key *model.ForeignKey, k int, row model.Row, set []bool, c *choices) bool {
	open := false
	for _, i := range key.Columns {
		open = open || !set[i]
	}
	if !open {
		return true
	}
	nullable := !notNull(t, key)
	if nullable && c.percent(15) {
		return b.nothing(t, key, row, set)
	}
	fits := func(target model.Row) bool {
		for i, col := range key.Columns {
			if set[col] && row[col].Text != target[key.Targets[i]].Text {
				return false
			}
		}
		return true
	}
	var pool []model.Row
	for i, target := range b.rows[key.Target.ID] {
		if o := b.owner[key.Target.ID][i]; (o == k || o < 0 || k < 0 || b.guest(target, k)) && fits(target) {
			pool = append(pool, target)
		}
	}
	for _, target := range key.Target.Seed {
		if fits(target) {
			pool = append(pool, target)
		}
	}
	if len(pool) == 0 && key.Target != t && b.Empty[key.Target] == "" {
		if made := b.add(key.Target, k, nil, *c); made != nil && fits(made) {
			pool = append(pool, made)
		}
	}
	if len(pool) == 0 {
		return nullable && b.nothing(t, key, row, set)
	}
	target := pool[c.upTo(len(pool))]
	if len(b.guests) > 0 && c.percent(40) { // whoever is in two tenants is worth referring to
		for _, row := range pool {
			if b.guest(row, k) {
				target = row
				break
			}
		}
	}
	for i, col := range key.Columns {
		row[col], set[col] = target[key.Targets[i]], true
	}
	return true
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

// twin is a row of another tenant of which half of the rows are copies.
func (b *builder) twin(t *model.Table, k int, c *choices) model.Row {
	if !c.percent(50) {
		return nil
	}
	var others []model.Row
	for i, row := range b.rows[t.ID] {
		if b.owner[t.ID][i] != k {
			others = append(others, row)
		}
	}
	if len(others) == 0 {
		return nil
	}
	return others[c.upTo(len(others))]
}

func (b *builder) fill(t *model.Table, i int, twin model.Row, c *choices) model.Value {
	col := &b.tables[t.ID].columns[i]
	switch {
	case col.how == counted:
		return b.fresh(t, i)
	case col.how == absent:
		return null
	case col.canary:
		if col.null && c.percent(10) {
			return null
		}
		base := ""
		if len(col.pool) > 0 && c.state != 0 {
			base = limit(col.pool[c.upTo(len(col.pool))].Text, 12) + " "
		}
		b.tokens++
		return text(base + Token(t, b.tokens))
	case twin != nil && !c.percent(20):
		return twin[i]
	}
	if col.cycle && c.state != 0 && !c.percent(30) {
		return col.pool[(len(b.rows[t.ID])+i)%len(col.pool)]
	}
	return col.draw(c)
}

// draw chooses from the pool; a nullable column is NULL at times.
func (col *column) draw(c *choices) model.Value {
	if col.null && c.percent(45) || len(col.pool) == 0 {
		return null
	}
	return col.pool[c.upTo(len(col.pool))]
}

// fresh is the next value of a counted key: near misses of each other.
func (b *builder) fresh(t *model.Table, i int) model.Value {
	v := key(&t.Columns[i], b.next[t.ID])
	b.next[t.ID]++
	return v
}

func key(c *model.Column, n int) model.Value {
	switch c.Type.Kind {
	case sql.Int:
		return text(strconv.Itoa(n))
	case sql.UUID:
		return uuid(n)
	default:
		return text(limit("k"+strconv.Itoa(n), c.Type.Length))
	}
}

// Token is the n-th canary of a dataset: 11 characters that stand nowhere else.
func Token(t *model.Table, n int) string {
	const digits = "bcdfghjkmnpqrstvwx245689"
	h := uint64(t.ID+1)*0x9e3779b97f4a7c15 ^ uint64(n)*0xd1342543de82ef95
	h = (h ^ h>>29) * 0xbf58476d1ce4e5b9
	var b strings.Builder
	b.WriteString(model.TokenPrefix)
	for range 8 {
		b.WriteByte(digits[h%uint64(len(digits))])
		h /= uint64(len(digits))
	}
	return b.String()
}

// unique makes the row differ from those that are there in every unique key, if it can.
func (b *builder) unique(t *model.Table, row model.Row, fixed map[int]model.Value) bool {
	keys := [][]int{t.Key}
	for i := range t.Unique {
		keys = append(keys, t.Unique[i].Columns)
	}
	for _, columns := range keys {
		for try := 0; b.taken(t, columns, row); try++ {
			if try > 8 || !b.bump(t, columns, row, fixed, try) {
				return false
			}
		}
	}
	return true
}

func (b *builder) taken(t *model.Table, columns []int, row model.Row) bool {
	for _, o := range t.Seed {
		if model.SameKey(columns, o, row) {
			return true
		}
	}
	for _, o := range b.rows[t.ID] {
		if model.SameKey(columns, o, row) {
			return true
		}
	}
	return false
}

// bump changes one column of a unique key: free text, else another value of the pool.
func (b *builder) bump(t *model.Table, columns []int, row model.Row, fixed map[int]model.Value, try int) bool {
	for _, i := range columns {
		col := &b.tables[t.ID].columns[i]
		if _, ok := fixed[i]; ok || isReference(t, i) || model.Contains(b.tables[t.ID].tenant, i) || row[i].Null {
			continue
		}
		c := &t.Columns[i]
		switch {
		case col.how == counted:
			row[i] = b.fresh(t, i)
			return true
		case c.Type.Kind == sql.Text && col.how == fromPool && len(t.Checks) == 0 || c.Type.Kind == sql.Text && !checked(t, i):
			row[i] = text(bumped(row[i].Text, try, c.Type.Length))
			return true
		case c.Type.Kind == sql.Int && !checked(t, i):
			row[i] = text(strconv.Itoa(len(b.rows[t.ID]) + try + 2))
			return true
		case c.Type.Kind == sql.UUID:
			row[i] = uuid(len(b.rows[t.ID]) + try + 16)
			return true
		case len(col.pool) > 1:
			row[i] = col.pool[(try+1)%len(col.pool)]
			return true
		}
	}
	return b.another(t, columns, row, try)
}

// another points a foreign key of the unique columns at another row of the same owner.
func (b *builder) another(t *model.Table, columns []int, row model.Row, try int) bool {
	for _, key := range b.tables[t.ID].keys {
		if len(key.Columns) != 1 || !model.Contains(columns, key.Columns[0]) || key.Target == b.Contract.Tenancy.Table {
			continue
		}
		if targets := b.rows[key.Target.ID]; len(targets) > 1 {
			row[key.Columns[0]] = targets[(try+1)%len(targets)][key.Targets[0]]
			return true
		}
	}
	return false
}

func checked(t *model.Table, column int) bool {
	for i := range t.Checks {
		if model.Contains(t.Checks[i].Columns, column) {
			return true
		}
	}
	return false
}

func bumped(s string, try, length int) string {
	n := fmt.Sprintf("%d", try+2)
	if at := strings.IndexByte(s, '@'); at > 0 {
		return limit(s[:at], max(0, length-len(s)+at-len(n))) + n + s[at:]
	}
	if length > 0 && len(s)+len(n)+1 > length {
		s = s[:max(0, length-len(n)-1)]
	}
	return s + "-" + n
}
