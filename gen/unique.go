package gen

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

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
		if _, ok := fixed[i]; ok || isReference(t, i) || b.holds(t, i) || tp.source(i) || row[i].Null && !x.nullsEqual {
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

// holder is the tenant, by index, for which the row with a value in a column was made; -1 for none.
func (b *builder) holder(t *model.Table, i int, v model.Value) int {
	for n, row := range b.rows[t.ID] {
		if row[i] == v {
			return b.owner[t.ID][n]
		}
	}
	return -1
}

// checked reports whether a constraint reads a column.
func checked(t *model.Table, column int) bool {
	for i := range t.Checks {
		if model.Contains(t.Checks[i].Columns, column) {
			return true
		}
	}
	return false
}

// limited reports whether a constraint says more of a column than that it differs from another: keys
// that are counted do.
func limited(t *model.Table, column int) bool {
	for i := range t.Checks {
		if c := &t.Checks[i]; len(c.Differ) == 0 && model.Contains(c.Columns, column) {
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
