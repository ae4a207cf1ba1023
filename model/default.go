package model

import (
	"slices"
	"strconv"
	"strings"
)

// Constant is the value of the column's default as Postgres prints it, if the default is a plain
// literal, such as 'open'::text, 0 or true; else it reports false.
func (c *Column) Constant() (string, bool) {
	text, _, _ := strings.Cut(c.Default, "::")
	switch {
	case text == "":
		return "", false
	case text == "true":
		return "t", true
	case text == "false":
		return "f", true
	case len(text) >= 2 && text[0] == '\'' && text[len(text)-1] == '\'':
		inner := text[1 : len(text)-1]
		return strings.ReplaceAll(inner, "''", "'"), !strings.Contains(strings.ReplaceAll(inner, "''", ""), "'")
	}
	_, err := strconv.ParseInt(text, 10, 64)
	return text, err == nil
}

// Drifts reports whether Postgres may give the column another value in each new row: it is an
// identity, or its default is no constant.
func (c *Column) Drifts() bool {
	_, constant := c.Constant()
	return c.Identity != "" || c.Default != "" && !constant
}

// Steady marks those of the marked columns (nil: all) whose values neither drift nor refer to a
// column that drifts.
func (t *Table) Steady(columns []bool) []bool {
	out := slices.Clone(columns)
	if out == nil {
		out = make([]bool, len(t.Columns))
		for i := range out {
			out[i] = true
		}
	}
	for i := range out {
		out[i] = out[i] && !t.drifts(i, 0)
	}
	return out
}

// mostReferences bounds how far references to references are followed.
const mostReferences = 8

func (t *Table) drifts(column, depth int) bool {
	if t.Columns[column].Drifts() {
		return true
	}
	for i := range t.ForeignKeys {
		k := &t.ForeignKeys[i]
		if n := slices.Index(k.Columns, column); n >= 0 && k.Target != nil && depth < mostReferences && k.Target.drifts(k.Targets[n], depth+1) {
			return true
		}
	}
	return false
}
