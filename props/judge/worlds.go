package judge

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
)

// Worlds is how the output of a call differs between two worlds that its session cannot
// tell apart.
type Worlds struct {
	Kind    string      // content, count, presence or column
	Variant gen.Variant // the first that makes a difference
	Differ  []gen.Variant
	Hidden  []Hidden // the fewest hidden rows that do; empty before anybody looked
	Edits   []Edit   // what becomes of them
	First   []string // lines that only the first world has
	Second  []string // and the second
}

// Hidden is a row that the session may not see, and yet makes a difference.
type Hidden struct {
	Table *model.Table
	Row   model.Row
}

// Edit is what became of one row: removed without New, added without Old.
type Edit struct {
	Table    *model.Table
	Old, New model.Row
}

// Edits compares two worlds row by row.
func Edits(s *model.Schema, first, second [][]model.Row) []Edit {
	var out []Edit
	for i, t := range s.Tables {
		count := map[string]int{}
		for _, row := range second[i] {
			count[string(model.AppendRecord(nil, row, nil))]++
		}
		var gone []model.Row
		for _, row := range first[i] {
			if record := string(model.AppendRecord(nil, row, nil)); count[record] > 0 {
				count[record]--
			} else {
				gone = append(gone, row)
			}
		}
		for _, row := range second[i] {
			record := string(model.AppendRecord(nil, row, nil))
			if count[record] == 0 {
				continue
			}
			count[record]--
			e := Edit{Table: t, New: row}
			for k, old := range gone {
				if old != nil && model.SameKey(t.Key, old, row) {
					e.Old, gone[k] = old, nil
					break
				}
			}
			out = append(out, e)
		}
		for _, row := range gone {
			if row != nil {
				out = append(out, Edit{Table: t, Old: row})
			}
		}
	}
	return out
}

// Kinds of interference.
const (
	Content  = "content"
	Count    = "count"
	Presence = "presence"
	Column   = "column"
)

// KindOf is the kind that follows from the variants that make a difference.
func KindOf(differ []gen.Variant) string {
	has := func(v gen.Variant) bool { return slices.Contains(differ, v) }
	switch {
	case has(gen.Change):
		return Content
	case has(gen.Multiply) || has(gen.Half) && !has(gen.Remove):
		return Count
	case has(gen.Columns) && len(differ) == 1:
		return Column
	}
	return Presence
}

// Repeated tells by what several runs of two worlds gave, as lists of lines, how outputs of the two
// are compared: as they are where each world repeats itself, whatever they look like; else with
// what is new in each run masked. known are texts of the rows and the arguments. It is nil where a
// world does not repeat itself even so.
func Repeated(first, second [][]string, known func(string) bool) func([]string) []string {
	if alike(first) && alike(second) {
		return func(lines []string) []string { return lines }
	}
	if alike(masked(first, known)) && alike(masked(second, known)) {
		return func(lines []string) []string { return Mask(lines, known) }
	}
	return nil
}

func alike(runs [][]string) bool {
	for _, r := range runs {
		if !slices.Equal(r, runs[0]) {
			return false
		}
	}
	return true
}

func masked(runs [][]string, known func(string) bool) [][]string {
	out := make([][]string, len(runs))
	for i, r := range runs {
		out[i] = Mask(r, known)
	}
	return out
}

// fresh is what looks as if it were made anew in each run: a uuid, a time, a long token.
var fresh = regexp.MustCompile(`[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d(?::?\d\d)?)?|[0-9A-Za-z_+/=-]{16,}|0\.\d{6,}(?:e-\d+)?`)

// Mask replaces what looks as if it were made anew in each run, and is not known. No lines
// stay none: those of a world that could not be made.
func Mask(lines []string, known func(string) bool) []string {
	if lines == nil {
		return nil
	}
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = fresh.ReplaceAllStringFunc(l, func(s string) string {
			if known(s) {
				return s
			}
			return "…"
		})
	}
	slices.Sort(out)
	return out
}

// Known reports whether a text stands in the rows or among the arguments of a scenario.
func Known(s *model.Scenario, schema *model.Schema) func(string) bool {
	var b strings.Builder
	for i := range schema.Tables {
		for _, row := range s.Initial(schema).Rows(i) {
			for _, v := range row {
				b.WriteString(v.Text + "\n")
			}
		}
	}
	for i := range s.Steps {
		for _, v := range s.Steps[i].Op.Args {
			b.WriteString(v.Text + "\n")
		}
	}
	all := b.String()
	return func(text string) bool { return strings.Contains(all, text) }
}

// Only lists the lines of a that b lacks.
func Only(a, b []string) []string {
	count := map[string]int{}
	for _, l := range b {
		count[l]++
	}
	var out []string
	for _, l := range a {
		if count[l] > 0 {
			count[l]--
		} else {
			out = append(out, l)
		}
	}
	return out
}

// Bears reports whether a text has a token of a row.
func Bears(row model.Row, s string) bool {
	return slices.ContainsFunc(tokens(s), func(token string) bool { return bears(row, token) })
}
