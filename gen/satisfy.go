package gen

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// mostAskings is how many conditions of one table rows are made for, alternatives how many different
// rows that meet one are kept, and mostTried how many are tried for that.
const (
	mostAskings  = 24
	alternatives = 6
	mostTried    = 48
)

// satisfy finds rows that meet what conditions of the schema ask of a table, the server having
// the last word. It returns them whole.
func (f *fitting) satisfy(t *model.Table, base model.Row) ([]model.Row, error) {
	tp := &f.tables[t.ID]
	var all []model.Row
	for n := range min(len(tp.askings), mostAskings) {
		a := &tp.askings[n]
		row := base
		var met []term
		for _, group := range connected(a.terms) {
			next, ok, err := f.climb(t, row, group)
			if err != nil {
				return nil, err
			}
			if ok {
				row, met = next, append(met, group...)
			}
		}
		if len(met) == 0 {
			continue
		}
		rows, err := f.alike(t, row, met)
		if err != nil {
			return nil, err
		}
		a.whole = len(met) == len(a.terms)
		columns := reads(met)
		for _, row := range rows {
			values := map[int]model.Value{}
			for _, i := range columns {
				values[i] = row[i]
			}
			a.met = append(a.met, values)
		}
		all = append(all, rows...)
	}
	return all, nil
}

// connected divides terms into those that share columns.
func connected(terms []term) [][]term {
	var out [][]term
	for _, one := range terms {
		group := []term{one}
		var rest [][]term
		for _, have := range out {
			if slices.ContainsFunc(reads(have), func(i int) bool { return slices.Contains(one.columns, i) }) {
				group = append(slices.Clone(have), group...)
			} else {
				rest = append(rest, have)
			}
		}
		rest = append(rest, group)
		out = rest
	}
	return out
}

func reads(terms []term) []int {
	var out []int
	for i := range terms {
		for _, c := range terms[i].columns {
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	slices.Sort(out)
	return out
}

func textsOf(terms []term) []string {
	out := make([]string, len(terms))
	for i := range terms {
		out[i] = terms[i].text
	}
	return out
}

// asked inserts rows, each by itself, and counts the terms that hold of each; -1 where a row does
// not fit.
func (f *fitting) asked(t *model.Table, rows []model.Row, terms []term) ([]Answer, []int, error) {
	f.tries += len(rows)
	answers, err := f.server.Ask(t, rows, textsOf(terms))
	score := make([]int, len(answers))
	for i := range answers {
		if answers[i].Refused() {
			score[i] = -1
			continue
		}
		for _, holds := range answers[i].Holds {
			if holds {
				score[i]++
			}
		}
	}
	return answers, score, err
}

// climb changes a row until all of some terms hold: one column at a time, then two, then all, as
// long as more of them do.
func (f *fitting) climb(t *model.Table, row model.Row, terms []term) (model.Row, bool, error) {
	columns := f.tiedTo(t, reads(terms))
	_, score, err := f.asked(t, []model.Row{row}, terms)
	if err != nil {
		return nil, false, err
	}
	now := score[0]
	for range len(terms) + 1 {
		if now == len(terms) {
			return row, true, nil
		}
		options := make([][]model.Value, len(columns))
		for n, i := range columns {
			if options[n], err = f.guesses(t, i, row[i], terms); err != nil {
				return nil, false, err
			}
		}
		better := false
		for _, rows := range [][]model.Row{oneChanged(row, columns, options), twoChanged(row, columns, options), allChanged(row, columns, options)} {
			answers, score, err := f.asked(t, rows, terms)
			if err != nil {
				return nil, false, err
			}
			for n := range score {
				if score[n] > now {
					row, now, better = answers[n].Row, score[n], true
				}
			}
			if better {
				break
			}
		}
		if !better {
			break
		}
	}
	return row, now == len(terms), nil
}

// alike is a row of which terms hold, and some that differ from it in one column of theirs.
func (f *fitting) alike(t *model.Table, row model.Row, terms []term) ([]model.Row, error) {
	columns := reads(terms)
	options := make([][]model.Value, len(columns))
	for n, i := range columns {
		list, err := f.guesses(t, i, row[i], terms)
		if err != nil {
			return nil, err
		}
		options[n] = list[:min(len(list), mostTried/len(columns))]
	}
	out := []model.Row{row}
	answers, score, err := f.asked(t, append([]model.Row{row}, oneChanged(row, columns, options)...), terms)
	for n := range score {
		if score[n] == len(terms) && len(out) < alternatives && !slices.ContainsFunc(out, func(o model.Row) bool { return slices.Equal(o, answers[n].Row) }) {
			out = append(out, answers[n].Row)
		}
	}
	return out, err
}

// tiedTo adds to columns those that constraints tie to them, where rows choose them freely.
func (f *fitting) tiedTo(t *model.Table, columns []int) []int {
	tp := &f.tables[t.ID]
	out := slices.Clone(columns)
	for g := range tp.groups {
		if !slices.ContainsFunc(tp.groups[g].columns, func(i int) bool { return slices.Contains(columns, i) }) {
			continue
		}
		for _, i := range tp.groups[g].columns {
			if tp.columns[i].how == fromPool && !isReference(t, i) && !model.Contains(tp.tenant, i) && !slices.Contains(out, i) {
				out = append(out, i)
			}
		}
	}
	return out
}

// guesses is what a column may be, so that terms hold: what they say first.
func (f *fitting) guesses(t *model.Table, i int, now model.Value, terms []term) ([]model.Value, error) {
	ty := &t.Columns[i].Type
	list := f.types.guesses(ty, f.clues.ofTerms(t, i, terms), now)
	out, err := f.print(ty, texts(list...))
	if err != nil {
		return nil, err
	}
	more, err := f.options(t, i, now, true)
	if err != nil {
		return nil, err
	}
	for _, v := range more {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return slices.DeleteFunc(out, func(v model.Value) bool { return v == now }), nil
}
