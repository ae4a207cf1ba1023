package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// group is columns whose values some constraint ties together, with combinations
// that fit. A column that refers to something or holds a tenant is NULL or given.
type group struct {
	columns []int
	tuples  []tuple
}

type tuple []entry

type entry struct {
	value model.Value
	given bool // of a reference or a tenant: any value but NULL
}

// groups joins the columns that constraints read together. A constraint over one
// column counts where rows do not choose that column's value by themselves.
func groups(t *model.Table) []group {
	root := make([]int, len(t.Columns))
	for i := range root {
		root[i] = i
	}
	find := func(i int) int {
		for root[i] != i {
			i = root[i]
		}
		return i
	}
	tied := make([]bool, len(t.Columns))
	for j := range t.Checks {
		columns := t.Checks[j].Columns
		if len(columns) < 2 && !(len(columns) == 1 && isReference(t, columns[0])) {
			continue
		}
		for _, i := range columns {
			tied[i] = true
			root[find(i)] = find(columns[0])
		}
	}
	var out []group
	for i := range t.Columns {
		if !tied[i] {
			continue
		}
		g := slices.IndexFunc(out, func(g group) bool { return find(g.columns[0]) == find(i) })
		if g < 0 {
			out = append(out, group{columns: []int{i}})
			continue
		}
		out[g].columns = append(out[g].columns, i)
	}
	return out
}

// tied reports whether a column belongs to a group.
func (tp *tablePlan) tied(i int) bool {
	return slices.ContainsFunc(tp.groups, func(g group) bool { return model.Contains(g.columns, i) })
}

// tie chooses a combination for each group that agrees with what is set, and sets the
// rest of its columns. must tells the columns that may not be NULL then. It reports
// whether there is one.
func (b *builder) tie(t *model.Table, row model.Row, set, must []bool, c *choices) bool {
	tp := &b.tables[t.ID]
	for g := range tp.groups {
		if !b.tieGroup(t, &tp.groups[g], row, set, must, c) {
			return false
		}
	}
	return true
}

func (b *builder) tieGroup(t *model.Table, g *group, row model.Row, set, must []bool, c *choices) bool {
	if len(g.tuples) == 0 {
		return true // not fitted to a server: no constraint is known but its name
	}
	at := c.upTo(len(g.tuples)) + b.attempt
	if c.state != 0 {
		at = (at + len(b.rows[t.ID])) % len(g.tuples)
	}
	for n := range g.tuples {
		chosen := g.tuples[(at+n)%len(g.tuples)]
		if !agrees(g, chosen, row, set) {
			continue
		}
		for j, i := range g.columns {
			switch {
			case set[i] || b.tables[t.ID].columns[i].how == absent:
			case chosen[j].given:
				must[i] = true
			default:
				row[i], set[i] = chosen[j].value, true
			}
		}
		return true
	}
	return false
}

// agrees reports whether a combination has the values that are set.
func agrees(g *group, chosen tuple, row model.Row, set []bool) bool {
	for j, i := range g.columns {
		if !set[i] {
			continue
		}
		if chosen[j].given && row[i].Null || !chosen[j].given && chosen[j].value != row[i] {
			return false
		}
	}
	return true
}

// retie gives a row the next combination of the group of a column, except where
// columns are fixed. It reports whether there was one.
func (b *builder) retie(t *model.Table, i int, row model.Row, fixed map[int]model.Value, try int) bool {
	tp := &b.tables[t.ID]
	for g := range tp.groups {
		group := &tp.groups[g]
		if !model.Contains(group.columns, i) || len(group.tuples) == 0 {
			continue
		}
		for n := range group.tuples {
			chosen := group.tuples[(try+1+n+len(b.rows[t.ID]))%len(group.tuples)]
			if b.replaces(t, group, chosen, row, fixed) {
				for j, col := range group.columns {
					if !chosen[j].given {
						row[col] = chosen[j].value
					}
				}
				return true
			}
		}
	}
	return false
}

// replaces reports whether a combination may take the place of what the row has: it
// differs, and leaves alone what is fixed, given or NULL in place of a reference.
func (b *builder) replaces(t *model.Table, g *group, chosen tuple, row model.Row, fixed map[int]model.Value) bool {
	differs := false
	for j, i := range g.columns {
		_, held := fixed[i]
		held = held || b.bound(t, i)
		same := chosen[j].given && !row[i].Null || !chosen[j].given && chosen[j].value == row[i]
		if held && !same {
			return false
		}
		differs = differs || !same
	}
	return differs
}

// bound reports whether a column's values are not the row's to choose.
func (b *builder) bound(t *model.Table, i int) bool {
	how := b.tables[t.ID].columns[i].how
	return how != fromPool || isReference(t, i) || b.holds(t, i)
}
