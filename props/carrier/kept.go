package carrier

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// kept has an INSERT that updates, and a MERGE, write only to rows of the table that have the same in
// some columns as the row that it would add.
func (in intent) kept(text string, columns []int) string {
	x := &narrowing{text: text, tokens: sql.Tokens(text)}
	for _, m := range x.mentions(in.table) {
		at, values := -1, map[int]string{}
		switch {
		case m.inserts():
			at = x.updates(m.after)
			for _, c := range columns {
				values[c] = "excluded." + ident(in.table.Columns[c].Name)
			}
		case m.merges():
			at, values = m.after, x.adds(m.after, in.table)
		}
		var list []string
		for _, c := range columns {
			if values[c] != "" {
				list = append(list, ident(m.alias)+"."+ident(in.table.Columns[c].Name)+" = "+values[c])
			}
		}
		switch same := strings.Join(list, " AND "); {
		case at < 0 || same == "" || len(list) < len(columns):
		case m.merges():
			x.matches(at, same)
		default:
			x.where(at, same)
		}
	}
	return x.done()
}

// adds is what a MERGE puts into the columns of the table in a row that it adds, by column, from a
// token on; nil of another.
func (x *narrowing) adds(from int, t *model.Table) map[int]string {
	list, end := x.beside(from)
	for n, i := range list {
		if x.word(i) != "insert" {
			continue
		}
		names := make([]int, len(t.Columns))
		for c := range names {
			names[c] = c
		}
		if i+1 < end && x.tokens[i+1].Text == "(" {
			names = nil
			for _, name := range x.split(i + 1) {
				names = append(names, slices.IndexFunc(t.Columns, func(c model.Column) bool { return isName(&x.tokens[name[0]], c.Name) }))
			}
		}
		out := map[int]string{}
		for _, k := range list[n:] {
			if x.word(k) != "values" {
				continue
			}
			for v, span := range x.split(k + 1) {
				if v < len(names) && names[v] >= 0 && x.word(span[0]) != "default" {
					out[names[v]] = x.text[x.tokens[span[0]].Start:x.tokens[span[1]-1].End]
				}
			}
			return out
		}
	}
	return nil
}

// split is the spans of tokens between the commas of a list in parentheses, which opens at a token.
func (x *narrowing) split(open int) [][2]int {
	if open >= len(x.tokens) || x.tokens[open].Text != "(" {
		return nil
	}
	var out [][2]int
	depth, start := 0, open+1
	for i := open; i < len(x.tokens); i++ {
		if x.tokens[i].Kind != sql.Sign {
			continue
		}
		switch x.tokens[i].Text {
		case "(", "[":
			depth++
		case ")", "]":
			depth--
		}
		if (depth == 0 || depth == 1 && x.tokens[i].Text == ",") && i > start {
			out, start = append(out, [2]int{start, i}), i+1
		}
		if depth == 0 {
			return out
		}
	}
	return nil
}

// ways lists the columns by which the rows of a table belong to tenants.
func ways(c *model.Contract, t *model.Table) []int {
	var out []int
	for i := range c.Belongs[t.ID].Paths {
		out = append(out, c.Belongs[t.ID].Paths[i].Columns()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
