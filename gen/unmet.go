package gen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// Unmet is what a condition of the schema asks of a row by itself, and no row of the datasets meets:
// what it lets through is not seen.
type Unmet struct {
	Table *model.Table
	Of    string // policy p on t, view s.v, function s.f
	Asks  string // SQL over the table's columns
}

// sought is what conditions ask of the rows of each table by themselves: without what was added for
// contrast, and what functions find in other rows.
func (f *fitting) sought() [][]asking {
	var tables []string
	for _, t := range f.Contract.Schema.Tables {
		tables = append(tables, t.Name)
	}
	reading := f.namers(tables)
	out := make([][]asking, len(f.tables))
	for i := range f.tables {
		for _, a := range f.tables[i].askings {
			if !a.contrast && !slices.ContainsFunc(a.terms, func(o term) bool { return uses(o.text, reading) }) {
				out[i] = append(out[i], a)
			}
		}
	}
	return out
}

// unmet has Postgres say which conditions no row of the matrix's datasets meets.
func (f *fitting) unmet(sought [][]asking) error {
	rows := make([][]model.Row, len(f.tables))
	for n := range f.MatrixSets() {
		for i, list := range f.MatrixDataset(n).Data {
			rows[i] = append(rows[i], list...)
		}
	}
	for _, t := range f.Order {
		list := slices.Concat(rows[t.ID], t.Seed)
		if f.Empty[t] != "" || len(list) == 0 {
			continue
		}
		for _, a := range sought[t.ID] {
			met, err := f.someMeets(t, list, &a)
			if err != nil {
				return fmt.Errorf("ask which conditions rows of %s meet: %w", t.Label(), err)
			}
			if !met {
				f.Unmet = append(f.Unmet, Unmet{Table: t, Of: a.of, Asks: strings.Join(textsOf(a.terms), " AND ")})
			}
		}
	}
	return nil
}

// someMeets reports whether one of some rows meets what is asked, as far as Postgres can tell: it
// may refuse the condition by itself.
func (f *fitting) someMeets(t *model.Table, rows []model.Row, a *asking) (bool, error) {
	if a.whole && slices.ContainsFunc(rows, func(row model.Row) bool { return has(row, a.met[0]) }) {
		return true, nil
	}
	answers, score, err := f.asked(t, rows, a.terms)
	if err != nil || !slices.ContainsFunc(answers, func(a Answer) bool { return !a.Refused() }) {
		return true, err
	}
	return slices.Contains(score, len(a.terms)), nil
}
