package gen

import (
	"maps"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// landing is a partition that some session may use directly, with values by which rows of the whole
// table land there, as far as rows choose those: whose a row is may decide as well.
type landing struct {
	part   *model.Table
	values []map[int]model.Value
}

const (
	mostLandings = 8   // partitions of one table of which every tenant has a row
	mostLanded   = 3   // ways to land in one
	mostDealt    = 600 // rows that are tried for one
)

// land learns which values make rows of a table land in the partitions that sessions may use. The
// partition itself says so: what is put into it directly must meet its bounds.
func (f *fitting) land(t *model.Table, base model.Row) error {
	tp := &f.tables[t.ID]
	rows := f.dealt(t, base)
	for _, path := range f.Contract.Paths {
		if path.Kind != "partition" || path.View.Base != t || len(tp.landings) == mostLandings {
			continue
		}
		part := f.Contract.Schema.Table(path.View.Schema, path.View.Name)
		if part == nil || tp.landing(part) != nil {
			continue
		}
		l := landing{part: part}
		direct := make([]model.Row, len(rows))
		for n, row := range rows {
			direct[n] = make(model.Row, len(part.Columns))
			for i := range part.Columns {
				direct[n][i] = row[t.Column(part.Columns[i].Name)]
			}
		}
		answers, err := f.insert(part, direct)
		if err != nil {
			return err
		}
		for n := range answers {
			if !answers[n].Refused() && len(l.values) < mostLanded {
				l.add(f.chosen(t, rows[n]))
			}
		}
		tp.landings = append(tp.landings, l)
	}
	return nil
}

func (l *landing) add(values map[int]model.Value) {
	if !slices.ContainsFunc(l.values, func(o map[int]model.Value) bool { return maps.Equal(o, values) }) {
		l.values = append(l.values, values)
	}
}

// deals lists the columns by which the rows of a table are dealt out to its partitions.
func deals(t *model.Table) []int {
	var out []int
	for i := range t.Columns {
		if slices.ContainsFunc(t.Bounds, func(b string) bool { return sql.Mentions(b, t.Columns[i].Name) }) {
			out = append(out, i)
		}
	}
	return out
}

// dealt is rows that differ in those columns.
func (f *fitting) dealt(t *model.Table, base model.Row) []model.Row {
	tp := &f.tables[t.ID]
	rows, columns, each := []model.Row{base}, deals(t), 1
	for pow(each+1, len(columns)) <= mostDealt && each < mostDealt {
		each++
	}
	for _, i := range columns {
		list := []model.Value{base[i]}
		add := func(v model.Value) {
			if !slices.Contains(list, v) {
				list = append(list, v)
			}
		}
		switch {
		case tp.columns[i].how != fromPool:
		case model.Contains(tp.tenant, i):
			for n := range mostLandings {
				add(f.tenantValue(t.Columns[i].Type, n+1))
			}
		default:
			for _, v := range tp.columns[i].pool {
				add(v)
			}
			if tp.columns[i].null {
				add(null)
			}
		}
		var next []model.Row
		for _, v := range list[:min(len(list), each)] {
			for _, row := range rows {
				row = slices.Clone(row)
				row[i] = v
				next = append(next, row)
			}
		}
		rows = next
	}
	return rows
}

// chosen is what rows may choose of the values by which one of them was dealt out.
func (f *fitting) chosen(t *model.Table, row model.Row) map[int]model.Value {
	tp := &f.tables[t.ID]
	out := map[int]model.Value{}
	for _, i := range deals(t) {
		if tp.columns[i].how == fromPool && !model.Contains(tp.tenant, i) {
			out[i] = row[i]
		}
	}
	return out
}

// landing is what is known of a partition; nil where nothing is.
func (tp *tablePlan) landing(part *model.Table) *landing {
	for i := range tp.landings {
		if tp.landings[i].part == part {
			return &tp.landings[i]
		}
	}
	return nil
}

// spread makes rows of a tenant that land in each partition which a session may use, where it has none.
func (b *builder) spread(t *model.Table, k int, bits Bits) {
	for i := range b.tables[t.ID].landings {
		l := &b.tables[t.ID].landings[i]
		there := func(row model.Row) bool {
			return slices.ContainsFunc(l.values, func(values map[int]model.Value) bool { return has(row, values) })
		}
		if len(l.values) > 0 && !slices.ContainsFunc(b.ofTenant(t, k), there) {
			c := seeded(bits.Next(), t.ID)
			for n := range l.values {
				if b.add(t, k, l.values[n], c) != nil {
					break
				}
			}
		}
	}
}

// has reports whether a row has some values.
func has(row model.Row, values map[int]model.Value) bool {
	for i, v := range values {
		if row[i] != v {
			return false
		}
	}
	return true
}

// lands makes a row land in the partition that a path writes to, if it is known how.
func (a *arguments) lands(t *model.Table, row model.Row, n int) {
	if a.c.path.Kind != "partition" {
		return
	}
	v := a.c.path.View
	l := a.tables[t.ID].landing(a.Contract.Schema.Table(v.Schema, v.Name))
	if l == nil || len(l.values) == 0 {
		return
	}
	for i, value := range l.values[n%len(l.values)] {
		if !isReference(t, i) {
			row[i] = value
		}
	}
}
