package gen

import (
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// mendRounds bounds how often a refused row is changed to satisfy the next constraint.
const mendRounds = 12

// mend changes the columns that a refusing constraint reads until the row fits, except
// those that are held: one at a time, then two, then all of them. It returns the row as
// stored, or the refusal that stayed.
func (f *fitting) mend(t *model.Table, row model.Row, held []int) (model.Row, *Answer, error) {
	answers, err := f.insert(t, []model.Row{row})
	if err != nil {
		return nil, nil, err
	}
	now := answers[0]
	visited := map[string]bool{}
	for range mendRounds {
		if !now.Refused() {
			return now.Row, nil, nil
		}
		visited[now.blame()] = true
		columns := slices.DeleteFunc(f.suspects(t, &now), func(i int) bool { return model.Contains(held, i) })
		next, answer, err := f.step(t, row, columns, visited)
		if err != nil {
			return nil, nil, err
		}
		if next == nil {
			return nil, &now, nil
		}
		row, now = next, *answer
	}
	return nil, &now, nil
}

// step finds a change of some columns that satisfies the constraint that refused.
func (f *fitting) step(t *model.Table, row model.Row, columns []int, visited map[string]bool) (model.Row, *Answer, error) {
	for _, spare := range []bool{false, true} {
		options := make([][]model.Value, len(columns))
		for n, i := range columns {
			list, err := f.options(t, i, row[i], spare)
			if err != nil {
				return nil, nil, err
			}
			options[n] = list
		}
		for _, rows := range [][]model.Row{oneChanged(row, columns, options), twoChanged(row, columns, options), allChanged(row, columns, options)} {
			answers, err := f.insert(t, rows)
			if err != nil {
				return nil, nil, err
			}
			best := -1
			for n := range answers {
				if !answers[n].Refused() {
					return answers[n].Row, &answers[n], nil
				}
				if best < 0 && answers[n].Constraint != "" && !visited[answers[n].blame()] {
					best = n
				}
			}
			if best >= 0 {
				return rows[best], &answers[best], nil
			}
		}
	}
	return nil, nil, nil
}

// suspects is the columns that may be to blame: those of the constraint, the column
// that Postgres names, else all.
func (f *fitting) suspects(t *model.Table, a *Answer) []int {
	var out []int
	for i := range t.Checks {
		if t.Checks[i].Name == a.Constraint && a.Constraint != "" {
			for _, c := range t.Checks[i].Columns {
				if f.movable(t, c) && !slices.Contains(out, c) {
					out = append(out, c)
				}
			}
		}
	}
	if i := t.Column(a.Column); i >= 0 && a.Column != "" && f.movable(t, i) {
		out = append(out, i)
	}
	if len(out) > 0 {
		return out
	}
	for i := range t.Columns {
		if f.movable(t, i) {
			out = append(out, i)
		}
	}
	return out
}

func (f *fitting) movable(t *model.Table, i int) bool {
	how := f.tables[t.ID].columns[i].how
	return how == fromPool || how == counted && isReference(t, i)
}

// options is what a column may be instead.
func (f *fitting) options(t *model.Table, i int, now model.Value, spare bool) ([]model.Value, error) {
	tp := &f.tables[t.ID]
	col := &tp.columns[i]
	var out []model.Value
	switch {
	case isReference(t, i):
		out = append(out, f.placeholder(t, i))
		out = append(out, col.pool[:min(len(col.pool), 3)]...)
	case f.holds(t, i):
		out = append(out, f.tenantValue(t.Columns[i].Type, 1))
	default:
		out = append(out, col.pool...)
	}
	if col.null {
		out = append(out, null)
	}
	if spare && !isReference(t, i) {
		more, err := f.print(&t.Columns[i].Type, texts(col.spare...))
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return slices.DeleteFunc(out, func(v model.Value) bool { return v == now }), nil
}

// mostRows bounds the rows that one way of changing gives.
const mostRows = 600

func oneChanged(row model.Row, columns []int, options [][]model.Value) []model.Row {
	var rows []model.Row
	for n, i := range columns {
		for _, v := range options[n] {
			if len(rows) < mostRows {
				changed := slices.Clone(row)
				changed[i] = v
				rows = append(rows, changed)
			}
		}
	}
	return rows
}

func twoChanged(row model.Row, columns []int, options [][]model.Value) []model.Row {
	var rows []model.Row
	for a := range columns {
		for b := a + 1; b < len(columns) && len(columns) <= 8; b++ {
			for _, v := range few(options[a]) {
				for _, w := range few(options[b]) {
					if len(rows) < mostRows {
						changed := slices.Clone(row)
						changed[columns[a]], changed[columns[b]] = v, w
						rows = append(rows, changed)
					}
				}
			}
		}
	}
	return rows
}

// few is the first values, and the last: NULL, as a rule.
func few(list []model.Value) []model.Value {
	if len(list) <= 6 {
		return list
	}
	return append(slices.Clone(list[:5]), list[len(list)-1])
}

// allChanged changes three columns or more together, in as many ways as the bound allows.
func allChanged(row model.Row, columns []int, options [][]model.Value) []model.Row {
	if len(columns) < 3 || len(columns) > 8 {
		return nil
	}
	each := 1
	for pow(each+1, len(columns)) <= mostRows {
		each++
	}
	rows := []model.Row{row}
	for n, i := range columns {
		list := append([]model.Value{row[i]}, options[n]...)
		if len(list) > each {
			list = append(list[:each-1:each-1], list[len(list)-1])
		}
		var next []model.Row
		for _, r := range rows {
			for _, v := range list {
				changed := slices.Clone(r)
				changed[i] = v
				next = append(next, changed)
			}
		}
		rows = next
	}
	return rows
}

func pow(base, n int) int {
	out := 1
	for range n {
		out *= base
	}
	return out
}

// mostTuples bounds the combinations of a group, mostMends those of them that had to
// be searched for.
const (
	mostTuples = 48
	mostMends  = 16
)

// combinations finds combinations of tied columns that fit, so that each column has
// every value that it can, and those of some rows.
func (f *fitting) combinations(t *model.Table, base model.Row, more []model.Row) error {
	tp := &f.tables[t.ID]
	if err := f.selves(t, base); err != nil {
		return err
	}
	for g := range tp.groups {
		group := &tp.groups[g]
		f.keepTuple(t, group, base)
		for _, row := range more {
			f.keepTuple(t, group, row)
		}
		mends := 0
		for _, i := range group.columns {
			if !f.movable(t, i) {
				continue
			}
			options, err := f.options(t, i, base[i], false)
			if err != nil {
				return err
			}
			rows := oneChanged(base, []int{i}, [][]model.Value{options})
			answers, err := f.insert(t, rows)
			if err != nil {
				return err
			}
			for n := range answers {
				if !answers[n].Refused() {
					f.keepTuple(t, group, answers[n].Row)
				}
			}
			for n := range answers {
				if !answers[n].Refused() || mends >= mostMends || len(group.tuples) >= mostTuples || f.hasValue(group, i, rows[n][i]) {
					continue
				}
				mends++
				row, refusal, err := f.mend(t, rows[n], []int{i})
				if err != nil {
					return err
				}
				if refusal == nil {
					f.keepTuple(t, group, row)
				}
			}
		}
		f.narrow(t, group)
	}
	return nil
}

// selves tries rows that refer to themselves, where a constraint may forbid that.
func (f *fitting) selves(t *model.Table, base model.Row) error {
	tp := &f.tables[t.ID]
	for _, k := range tp.keys {
		if k.Target != t || !slices.ContainsFunc(k.Columns, tp.tied) {
			continue
		}
		row := slices.Clone(base)
		for n, i := range k.Columns {
			row[i] = row[k.Targets[n]]
		}
		fits, refusal, err := f.mend(t, row, append(slices.Clone(k.Columns), k.Targets...))
		if err != nil {
			return err
		}
		if refusal != nil || fits == nil {
			tp.aloof = append(tp.aloof, k)
		}
	}
	return nil
}

func (f *fitting) hasValue(g *group, i int, v model.Value) bool {
	j := slices.Index(g.columns, i)
	return slices.ContainsFunc(g.tuples, func(have tuple) bool { return have[j].given && !v.Null || !have[j].given && have[j].value == v })
}

func (f *fitting) keepTuple(t *model.Table, g *group, row model.Row) {
	if len(g.tuples) >= mostTuples {
		return
	}
	made := make(tuple, len(g.columns))
	for j, i := range g.columns {
		made[j] = entry{value: row[i]}
		how := f.tables[t.ID].columns[i].how
		if !row[i].Null && (isReference(t, i) || how == counted || how == absent || f.holds(t, i)) {
			made[j] = entry{given: true}
		}
		if how == absent {
			made[j] = entry{given: true}
		}
	}
	if !slices.ContainsFunc(g.tuples, func(have tuple) bool { return slices.Equal(have, made) }) {
		g.tuples = append(g.tuples, made)
	}
}

// narrow leaves the columns of a group the values that its combinations have.
func (f *fitting) narrow(t *model.Table, g *group) {
	for j, i := range g.columns {
		col := &f.tables[t.ID].columns[i]
		if col.how != fromPool || isReference(t, i) {
			continue
		}
		col.pool, col.null, col.cycle, col.canary = nil, false, false, false
		for _, made := range g.tuples {
			switch v := made[j].value; {
			case made[j].given:
			case v.Null:
				col.null = true
			case !slices.Contains(col.pool, v):
				col.pool = append(col.pool, v)
			}
		}
		if len(col.pool) == 0 && !f.holds(t, i) {
			f.Void[model.ColumnRef{Table: t.ID, Column: i}] = fmt.Sprintf("no combination of values fits in which it is not NULL, of %d rows", f.tries)
		}
	}
}
