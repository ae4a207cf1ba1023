package judge

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// arrange puts observed rows, by Table.ID, in an order that follows from the scenario
// alone: rows that it began with in their places, then the others by their text. The
// server returns rows as they lie on its pages, which depends on what ran before.
func arrange(schema *model.Schema, s *model.Scenario, observed [][]model.Row) [][]model.Row {
	initial := s.Initial(schema)
	out := make([][]model.Row, len(observed))
	for i, rows := range observed {
		t := schema.Tables[i]
		place := make(map[string]int, initial.Len(i))
		for n, row := range initial.Rows(i) {
			place[identifying(t, row)] = n
		}
		type placed struct {
			at   int
			text string
			row  model.Row
		}
		list := make([]placed, 0, len(rows))
		for _, row := range rows {
			at, ok := place[identifying(t, row)]
			if !ok {
				at = len(place)
			}
			list = append(list, placed{at, string(model.AppendRecord(nil, row, nil)), row})
		}
		slices.SortStableFunc(list, func(a, b placed) int {
			if a.at != b.at {
				return a.at - b.at
			}
			return strings.Compare(a.text, b.text)
		})
		for _, p := range list {
			out[i] = append(out[i], p.row)
		}
	}
	return out
}

// identifying is the text of a row's key, of the whole row where its table has none.
func identifying(t *model.Table, row model.Row) string {
	if len(t.Key) == 0 {
		return string(model.AppendRecord(nil, row, nil))
	}
	key := make(model.Row, 0, len(t.Key))
	for _, c := range t.Key {
		key = append(key, row[c])
	}
	return string(model.AppendRecord(nil, key, nil))
}

// inOrder sorts the rows of a divergence as the states before and after the step hold
// them, so that the first one is the same whatever order the server returned them in.
func (j *judge) inOrder(d *Divergence) {
	if d.Cell.Table < 0 {
		return
	}
	before, after := j.before.Rows(d.Cell.Table), j.after.Rows(d.Cell.Table)
	at := func(rows []model.Row, row model.Row) int {
		if row == nil {
			return len(rows)
		}
		return slices.IndexFunc(rows, func(o model.Row) bool { return len(o) > 0 && len(row) > 0 && &o[0] == &row[0] })
	}
	rank := func(row model.Row) int {
		if n := at(before, row); n >= 0 {
			return n
		}
		return len(before) + at(after, row)
	}
	type pair struct {
		old, new model.Row
		rank     int
	}
	pairs := make([]pair, len(d.Rows))
	for i, row := range d.Rows {
		pairs[i] = pair{old: row, rank: rank(row)}
		if i < len(d.Became) {
			pairs[i].new = d.Became[i]
			if row == nil {
				pairs[i].rank = rank(d.Became[i])
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return a.rank - b.rank })
	for i, p := range pairs {
		d.Rows[i] = p.old
		if i < len(d.Became) {
			d.Became[i] = p.new
		}
	}
}
