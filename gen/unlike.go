package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// unlike is two columns of which a constraint says that they may not be the same, and of which one or
// both refer to something: from one account to another, to a row other than this one.
type unlike [2]int

// unlikes lists those that the constraints of a table say in so many words.
func unlikes(t *model.Table) []unlike {
	var out []unlike
	for i := range t.Checks {
		for _, pair := range t.Checks[i].Differ {
			if (isReference(t, pair[0]) || isReference(t, pair[1])) && !slices.Contains(out, unlike(pair)) {
				out = append(out, pair)
			}
		}
	}
	return out
}

// unlike learns which other references of a row must differ.
func (f *fitting) unlike(t *model.Table, base model.Row) error {
	var pairs []unlike
	var rows []model.Row
	for j := range t.Checks {
		if len(t.Checks[j].Differ) > 0 {
			continue
		}
		columns := t.Checks[j].Columns
		for n, a := range columns {
			for _, b := range columns[n+1:] {
				if base[a].Null || base[b].Null || base[a] == base[b] || !isReference(t, a) || !isReference(t, b) || t.Columns[a].Type.Name != t.Columns[b].Type.Name {
					continue
				}
				same := slices.Clone(base)
				same[b] = base[a]
				pairs, rows = append(pairs, unlike{a, b}), append(rows, same)
			}
		}
	}
	answers, err := f.insert(t, rows)
	if err != nil {
		return err
	}
	for n := range answers {
		if answers[n].Code == "23514" { // check_violation
			f.tables[t.ID].unlike = append(f.tables[t.ID].unlike, pairs[n])
		}
	}
	return nil
}

// other is the columns from which a column of a row must differ.
func (tp *tablePlan) other(column int) []int {
	var out []int
	for _, p := range tp.unlike {
		switch column {
		case p[0]:
			out = append(out, p[1])
		case p[1]:
			out = append(out, p[0])
		}
	}
	return out
}
