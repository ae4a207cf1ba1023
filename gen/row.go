package gen

import (
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// frame is a row that is being made, to which rows that it needs may refer already.
type frame struct {
	table *model.Table
	k     int
	row   model.Row
	set   []bool
	must  []bool // may not be NULL
}

// add makes one row of a table for a tenant (-1: for nobody), keeps it and returns
// it. fixed gives values that must be. It returns nil when no row fits; rows that were
// made for it alone are gone then.
func (b *builder) add(t *model.Table, k int, fixed map[int]model.Value, c choices) model.Row {
	if most, ok := b.most[t]; ok && len(b.rows[t.ID]) >= most || b.Empty[t] != "" || len(b.stack) > deepestRows {
		return nil
	}
	mark, was := len(b.journal), b.attempt
	defer func() { b.attempt = was }()
	for b.attempt = 0; b.attempt < 3; b.attempt++ { // with other combinations of tied columns
		d := c
		row := b.row(t, k, fixed, &d)
		if row != nil && b.unique(t, row, fixed) {
			b.keep(t, k, row)
			return row
		}
		b.undo(mark)
		if len(b.tables[t.ID].groups) == 0 {
			break
		}
	}
	return nil
}

// deepestRows bounds how far rows are made for rows that refer to them.
const deepestRows = 40

func (b *builder) keep(t *model.Table, k int, row model.Row) {
	b.rows[t.ID] = append(b.rows[t.ID], row)
	b.owner[t.ID] = append(b.owner[t.ID], k)
	b.journal = append(b.journal, t.ID)
}

// undo takes back the rows that were kept since.
func (b *builder) undo(mark int) {
	for _, id := range b.journal[mark:] {
		b.rows[id] = b.rows[id][:len(b.rows[id])-1]
		b.owner[id] = b.owner[id][:len(b.owner[id])-1]
	}
	b.journal = b.journal[:mark]
}

// wantedShare is how many of a hundred rows have what some session's rule asks of them, metShare
// how many of the others meet some condition of the schema.
const (
	wantedShare = 35
	metShare    = 25
)

func (b *builder) row(t *model.Table, k int, fixed map[int]model.Value, c *choices) model.Row {
	tp := &b.tables[t.ID]
	row, set, must := make(model.Row, len(t.Columns)), make([]bool, len(t.Columns)), make([]bool, len(t.Columns))
	for i, v := range fixed {
		row[i], set[i] = v, true
	}
	for i := range row {
		if tp.columns[i].how == counted && !set[i] && !follows(t, i) {
			row[i], set[i] = b.fresh(t, i), true
			if root := &b.Contract.Tenancy; t == root.Table && i == root.Key && k >= 0 && b.tenant[k].Null {
				b.tenant[k] = row[i] // for the rows that the tenant's own refers to
			}
		}
	}
	if !b.name(t, k, row, set, c) {
		return nil
	}
	if values := b.wants(t, c); values != nil {
		for i, v := range values {
			if !set[i] {
				row[i], set[i] = v, true
			}
		}
	}
	if !b.tieTenants(t, k, row, set, must, fixed, c) {
		return nil
	}
	if !b.derive(t, k, row, set, c) {
		return nil
	}
	b.early(t, k, row, set, c)
	b.stack = append(b.stack, frame{table: t, k: k, row: row, set: set, must: must})
	defer func() { b.stack = b.stack[:len(b.stack)-1] }()
	for _, key := range tp.keys {
		if !b.refer(t, key, k, row, set, must, c) {
			return nil
		}
	}
	twin := b.twin(t, k, c)
	for i := range row {
		if !set[i] {
			row[i] = b.fill(t, i, twin, c)
		}
	}
	b.house(t, k, row, fixed, c)
	return row
}

// tieTenants chooses the combinations of tied columns. Where none agrees with what the tenant's
// columns hold, it tries again with one of them NULL instead of the tenant, or the other way round.
func (b *builder) tieTenants(t *model.Table, k int, row model.Row, set, must []bool, fixed map[int]model.Value, c *choices) bool {
	if b.tie(t, row, set, must, c) {
		return true
	}
	tp := &b.tables[t.ID]
	for _, i := range tp.tenant {
		if _, ok := fixed[i]; ok || k < 0 || !tp.tied(i) {
			continue
		}
		was := row[i]
		row[i] = b.tenant[k]
		if tp.columns[i].null && !was.Null {
			row[i] = null
		}
		if row[i] != was && b.tie(t, row, set, must, c) {
			return true
		}
		row[i] = was
	}
	return false
}

// ownerOf is whom a row of a table is made for: nobody, when it is everybody's.
func (b *builder) ownerOf(t *model.Table, k int) int {
	if b.Contract.Belongs[t.ID].How != model.Owned {
		return -1
	}
	return k
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
	case col.how == absent, col.how == nowhere:
		return null
	case col.canary && col.shared && twin != nil && c.percent(50):
		return twin[i]
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
	case b.walk > 0 && t.Columns[i].Type.Kind == sql.Bool && len(col.pool) == 2 && !col.null: // what sets it to a constant shows for one tenant, and in another dataset for the other
		return col.pool[(len(b.rows[t.ID])+b.walk)%2]
	case col.tree && len(col.pool) > 0 && !c.percent(elsewhereShare):
		return col.pool[len(b.rows[t.ID])%len(col.pool)]
	case twin != nil && !c.percent(20):
		return twin[i]
	}
	if col.cycle && c.state != 0 && !c.percent(30) {
		return col.pool[(len(b.rows[t.ID])+i)%len(col.pool)]
	}
	return col.draw(c)
}

// elsewhereShare is how many of a hundred places in a tree are not the next one.
const elsewhereShare = 25

// draw chooses from the pool; a nullable column is NULL at times.
func (col *column) draw(c *choices) model.Value {
	if col.null && c.percent(45) || len(col.pool) == 0 {
		return null
	}
	return col.pool[c.upTo(len(col.pool))]
}

// fresh is the next value of a counted key: near misses of each other.
func (b *builder) fresh(t *model.Table, i int) model.Value {
	v := b.key(t, i, b.next[t.ID])
	b.next[t.ID]++
	return v
}

// key is the n-th value of a counted key, from 1.
func (p *Plan) key(t *model.Table, i, n int) model.Value {
	if c := &p.Contract.Tenancy; t == c.Table && i == c.Key {
		return p.tenantKey(&t.Columns[i], n)
	}
	return key(&t.Columns[i], n)
}

// tenantKey is the n-th key of tenants, from 1. Where some text begins with a tenant's
// number, each second number does with the one before: what compares with LIKE shows there.
func (p *Plan) tenantKey(c *model.Column, n int) model.Value {
	switch {
	case c.Type.Kind != sql.Int || !p.spelled():
		return key(c, n)
	case n%2 == 0:
		return text(strconv.Itoa(n/2) + "00")
	}
	return text(strconv.Itoa((n + 1) / 2))
}

// spelled reports whether a text names the tenant of its row in one of its pieces, and no
// tenant has a number already.
func (p *Plan) spelled() bool {
	if home := p.Contract.Tenancy.Table; home != nil && len(home.Seed) > 0 {
		return false
	}
	return slices.ContainsFunc(p.tables, func(tp tablePlan) bool {
		return slices.ContainsFunc(tp.insides, func(in inside) bool { return in.keys == nil && !in.list })
	})
}

func key(c *model.Column, n int) model.Value {
	switch c.Type.Kind {
	case sql.Int:
		return text(strconv.Itoa(n))
	case sql.UUID:
		return uuid(n)
	default:
		if c.Type.Length > 0 && c.Type.Length < 6 {
			return text(limit("k"+strconv.Itoa(n), c.Type.Length))
		}
		return text(nearMiss("k", n))
	}
}

// nearMiss is the n-th of some names, of which each second one begins with the one before:
// what compares with LIKE shows in them.
func nearMiss(stem string, n int) string {
	name := stem + strconv.Itoa((n+1)/2)
	if n%2 == 0 {
		name += "x"
	}
	return name
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
