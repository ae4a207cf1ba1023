package props

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// ranks numbers the tables, by Table.ID, so that those which a table's policies ask come
// before it: what leaks there shows here too. Tables that ask each other are in the order
// of the catalog.
func ranks(s *model.Schema) []int {
	out, next := make([]int, len(s.Tables)), 1
	open := make([]bool, len(s.Tables))
	var visit func(t *model.Table)
	visit = func(t *model.Table) {
		if open[t.ID] {
			return
		}
		open[t.ID] = true
		text := reads(s, t)
		for _, o := range s.Tables {
			if o != t && sql.Mentions(text, o.Name) {
				visit(o)
			}
		}
		out[t.ID] = next
		next++
	}
	for _, t := range s.Tables {
		visit(t)
	}
	return out
}

// reads is the text of a table's policies, of the functions that they call, and of those
// that these call.
func reads(s *model.Schema, t *model.Table) string {
	var b strings.Builder
	for i := range t.Policies {
		b.WriteString(t.Policies[i].Using + "\n" + t.Policies[i].Check + "\n")
	}
	return called(s, b.String())
}

// called is a text with those of the functions that it calls, and of those that these call.
func called(s *model.Schema, text string) string {
	routines := slices.Concat(s.Routines, s.Helpers)
	added := make([]bool, len(routines))
	for again := true; again; {
		again = false
		for i, r := range routines {
			if !added[i] && sql.Mentions(text, r.Name) {
				added[i], again = true, true
				text += "\n" + r.Source
			}
		}
	}
	return text
}

// known is the leaks that may explain another one: one of each cause, and what each session
// was seen to read too much of for a known cause.
func (c *campaign) known() []leak { return slices.Concat(c.leaks, c.traced) }

// trace keeps a leak whose cause is known, where it shows rows of a table.
func (c *campaign) trace(k leak) {
	at := k.target.Cell
	if at.Path != nil || at.Command != model.Select || k.target.Class > judge.Read {
		return
	}
	if !slices.ContainsFunc(c.traced, func(o leak) bool { return o.target.Cell == at }) {
		c.traced = append(c.traced, k)
	}
}
