package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// derived is a generated column that refers to something: rows choose the values of the
// columns that it follows from so that what it refers to is of their tenant.
type derived struct {
	column  int
	sources []int
	tuples  [][]model.Value // of the sources, then of the column itself, as the server makes it
}

// mostDerived bounds the values that are learnt of a generated column.
const mostDerived = 48

// derives lists the generated columns of a table that refer to something.
func derives(t *model.Table) []derived {
	var out []derived
	for i := range t.Columns {
		c := &t.Columns[i]
		e, err := sql.ParseExpr(c.Formula)
		if !c.Generated || !isReference(t, i) || err != nil {
			continue
		}
		d := derived{column: i}
		for _, s := range sql.Columns(e) {
			if at := t.Column(s.Name); at >= 0 && !slices.Contains(d.sources, at) {
				d.sources = append(d.sources, at)
			}
		}
		out = append(out, d)
	}
	return out
}

// source reports whether a generated column that refers to something follows from a column.
func (tp *tablePlan) source(i int) bool {
	return slices.ContainsFunc(tp.derived, func(d derived) bool { return slices.Contains(d.sources, i) })
}

// derive learns what the generated columns of a table are that refer to something. It says
// why the table cannot be filled; nothing where it can.
func (f *fitting) derive(t *model.Table, base model.Row) (string, error) {
	tp := &f.tables[t.ID]
	for n := range tp.derived {
		d := &tp.derived[n]
		rows := []model.Row{slices.Clone(base)}
		for _, i := range d.sources {
			if isReference(t, i) || model.Contains(tp.tenant, i) || tp.columns[i].how != fromPool {
				return "column " + t.Columns[d.column].Name + " is generated from " + t.Columns[i].Name + ", and no value of that is known which makes it refer to anything", nil
			}
			values := tp.columns[i].pool
			if tp.columns[i].null {
				values = append(slices.Clone(values), null)
			}
			var next []model.Row
			for _, row := range rows {
				for _, v := range values {
					if len(next) < mostDerived {
						row = slices.Clone(row)
						row[i] = v
						next = append(next, row)
					}
				}
			}
			rows = next
		}
		answers, err := f.insert(t, rows)
		if err != nil {
			return "", err
		}
		for at := range answers {
			if a := &answers[at]; !a.Refused() && &a.Row[0] != &rows[at][0] { // else nobody knows what it was made of
				made := make([]model.Value, 0, len(d.sources)+1)
				for _, i := range d.sources {
					made = append(made, a.Row[i])
				}
				d.tuples = append(d.tuples, append(made, a.Row[d.column]))
			}
		}
		if len(d.tuples) == 0 {
			return "no value is known of its generated column " + t.Columns[d.column].Name, nil
		}
	}
	return "", nil
}

// derive chooses the values that the generated columns of a row follow from: such that the
// row that they lead to is its tenant's, or is not there yet.
func (b *builder) derive(t *model.Table, k int, row model.Row, set []bool, c *choices) bool {
	tp := &b.tables[t.ID]
	for n := range tp.derived {
		d := &tp.derived[n]
		if len(d.tuples) == 0 { // not fitted to a server
			continue
		}
		at, best, most := c.upTo(len(d.tuples)), -1, 0
		for n := range d.tuples {
			i := (at + n) % len(d.tuples)
			if rank := b.leads(t, d, d.tuples[i], k, row, set); rank > most {
				best, most = i, rank
			}
		}
		if best < 0 {
			return false
		}
		chosen := d.tuples[best]
		for j, i := range d.sources {
			row[i], set[i] = chosen[j], true
		}
		row[d.column], set[d.column] = chosen[len(d.sources)], true
	}
	return true
}

// leads ranks a choice of values by where the generated column then refers to: 0 if the choice
// contradicts a value that is set, or leads to another tenant's row; 1 if to nothing; 2 if to a row
// that must be made; 3 if to a row that is there.
func (b *builder) leads(t *model.Table, d *derived, chosen []model.Value, k int, row model.Row, set []bool) int {
	for j, i := range d.sources {
		if set[i] && row[i] != chosen[j] {
			return 0
		}
	}
	v := chosen[len(d.sources)]
	if v.Null {
		return 1
	}
	rank := 3
	for _, key := range b.tables[t.ID].keys {
		at := slices.Index(key.Columns, d.column)
		if at < 0 || len(key.Columns) > 1 { // the other columns choose the row
			continue
		}
		rank = 2
		for n, target := range b.rows[key.Target.ID] {
			if target[key.Targets[at]] != v {
				continue
			}
			if o := b.owner[key.Target.ID][n]; o != k && o >= 0 && k >= 0 {
				return 0
			}
			rank = 3
		}
		if slices.ContainsFunc(key.Target.Seed, func(o model.Row) bool { return o[key.Targets[at]] == v }) {
			rank = 3
		}
	}
	return rank
}
