package gen

import (
	"fmt"
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
}

// add makes one row of a table for a tenant (-1: for nobody), keeps it and returns
// it. fixed gives values that must be. It returns nil when no row fits; rows that were
// made for it alone are gone then.
func (b *builder) add(t *model.Table, k int, fixed map[int]model.Value, c choices) model.Row {
	if most, ok := b.most[t]; ok && len(b.rows[t.ID]) >= most || len(b.stack) > deepestRows {
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

func (b *builder) row(t *model.Table, k int, fixed map[int]model.Value, c *choices) model.Row {
	tp := &b.tables[t.ID]
	row, set, must := make(model.Row, len(t.Columns)), make([]bool, len(t.Columns)), make([]bool, len(t.Columns))
	for i, v := range fixed {
		row[i], set[i] = v, true
	}
	for i := range row {
		if tp.columns[i].how == counted && !set[i] && !isReference(t, i) {
			row[i], set[i] = b.fresh(t, i), true
			if root := &b.Contract.Tenancy; t == root.Table && i == root.Key && k >= 0 && b.tenant[k].Null {
				b.tenant[k] = row[i] // for the rows that the tenant's own refers to
			}
		}
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
	if !b.tieTenants(t, k, row, set, must, fixed, c) {
		return nil
	}
	b.stack = append(b.stack, frame{table: t, k: k, row: row, set: set})
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
	return row
}

// tieTenants chooses the combinations of tied columns. Where none agrees with the
// tenant's columns being given, it tries with those NULL that may be.
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
	if open && nullable && c.percent(15) && b.nothing(t, key, row, set) {
		return true
	}
	fits := func(target model.Row) bool {
		for i, col := range key.Columns {
			if set[col] && row[col].Text != target[key.Targets[i]].Text {
				return false
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
		if o := b.owner[key.Target.ID][i]; !open || o == k || o < 0 || k < 0 || b.guest(target, k) {
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
	if len(b.guests) > 0 && c.percent(40) { // whoever is in two tenants is worth referring to
		for _, row := range free {
			if b.guest(row, k) {
				return row
			}
		}
	}
	return free[c.upTo(len(free))]
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
		if f.table != key.Target || f.k != k || n == len(b.stack)-1 && slices.Contains(b.tables[f.table.ID].aloof, key) {
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

// ownerOf is whom a row of a table is made for: nobody, when it is everybody's.
func (b *builder) ownerOf(t *model.Table, k int) int {
	if b.Contract.Belongs[t.ID].How != model.Owned {
		return -1
	}
	return k
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
	case col.how == absent, col.how == nowhere:
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

// unique makes the row differ from those that are there in every unique key and
// exclusion, if it can.
func (b *builder) unique(t *model.Table, row model.Row, fixed map[int]model.Value) bool {
	rules := b.tables[t.ID].rules
	for range len(rules) + 1 { // what one rule changes, another may forbid
		clean := true
		for i := range rules {
			x := &rules[i]
			for try := 0; b.collides(t, x, row); try++ {
				clean = false
				if try > wide || !b.bump(t, x, row, fixed, try) {
					return false
				}
			}
		}
		if clean {
			return true
		}
	}
	return false
}

func (b *builder) collides(t *model.Table, x *between, row model.Row) bool {
	for _, o := range t.Seed {
		if x.collide(t, o, row, b.strict[t]) {
			return true
		}
	}
	for _, o := range b.rows[t.ID] {
		if x.collide(t, o, row, b.strict[t]) {
			return true
		}
	}
	return false
}

// bump changes one column of a rule: free text, else another value of the pool or of
// its group, else another row to refer to.
func (b *builder) bump(t *model.Table, x *between, row model.Row, fixed map[int]model.Value, try int) bool {
	tp := &b.tables[t.ID]
	columns := append(append(append([]int(nil), x.Same...), x.Overlap...), x.Reads...)
	for _, i := range columns {
		if _, ok := fixed[i]; ok || isReference(t, i) || model.Contains(tp.tenant, i) || row[i].Null && !x.nullsEqual {
			continue
		}
		col, c := &tp.columns[i], &t.Columns[i]
		free := col.how == fromPool && !checked(t, i) && !b.strict[t]
		switch {
		case col.how == absent || col.how == nowhere:
			continue
		case col.how == counted:
			row[i] = b.fresh(t, i)
			return true
		case tp.tied(i):
			if b.retie(t, i, row, fixed, try) {
				return true
			}
		case free && c.Type.Kind == sql.Text:
			row[i] = text(bumped(row[i].Text, try, c.Type.Length))
			return true
		case free && c.Type.Kind == sql.Int:
			row[i] = text(strconv.Itoa(len(b.rows[t.ID]) + try + 2))
			return true
		case free && c.Type.Kind == sql.UUID:
			row[i] = uuid(len(b.rows[t.ID]) + try + 16)
			return true
		case len(col.pool) > 1:
			row[i] = col.pool[(len(b.rows[t.ID])+try+1)%len(col.pool)]
			return true
		}
	}
	return b.another(t, columns, row, fixed, try)
}

// another points a foreign key of the unique columns at another row of the same owner.
func (b *builder) another(t *model.Table, columns []int, row model.Row, fixed map[int]model.Value, try int) bool {
	for _, key := range b.tables[t.ID].keys {
		if len(key.Columns) != 1 || !model.Contains(columns, key.Columns[0]) || key.Target == b.Contract.Tenancy.Table {
			continue
		}
		col := key.Columns[0]
		if _, ok := fixed[col]; ok || row[col].Null {
			continue
		}
		owner := b.holder(key.Target, key.Targets[0], row[col])
		var targets []model.Row
		for i, target := range b.rows[key.Target.ID] {
			if b.owner[key.Target.ID][i] == owner {
				targets = append(targets, target)
			}
		}
		if len(targets) > 1 && b.lone(t, key, col) {
			row[col] = targets[(try+1)%len(targets)][key.Targets[0]]
			return true
		}
	}
	return false
}

// lone reports whether no other foreign key has the column too.
func (b *builder) lone(t *model.Table, key *model.ForeignKey, col int) bool {
	for _, k := range b.tables[t.ID].keys {
		if k != key && model.Contains(k.Columns, col) {
			return false
		}
	}
	return true
}

// holder is whom the row of a table was made for that has a value.
func (b *builder) holder(t *model.Table, i int, v model.Value) int {
	for n, row := range b.rows[t.ID] {
		if row[i] == v {
			return b.owner[t.ID][n]
		}
	}
	return -1
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
