package model

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Rewrites reports whether the table itself may give a column another value when a row is
// updated: it is generated, or a trigger's function sets it in the new row.
func (t *Table) Rewrites(column int) bool {
	c := &t.Columns[column]
	return c.Generated || slices.ContainsFunc(t.Triggers, func(tr Trigger) bool {
		return tr.On.Update && !tr.Rule && !tr.Replica && assigns(tr.Body, c.Name)
	})
}

// assigns reports whether the text of a trigger's function sets a column of NEW, by := or = at the
// beginning of a statement, or by INTO.
func assigns(body, column string) bool {
	tokens := sql.Tokens(body)
	for i := 0; i+2 < len(tokens); i++ {
		name := &tokens[i+2]
		if tokens[i].Kind != sql.Word || !strings.EqualFold(tokens[i].Text, "new") || tokens[i+1].Text != "." ||
			!(name.Kind == sql.Word && strings.EqualFold(name.Text, column) || name.Kind == sql.QuotedName && name.Text == column) {
			continue
		}
		before, after := "", ""
		if i > 0 {
			before = strings.ToLower(tokens[i-1].Text)
		}
		if i+3 < len(tokens) {
			after = tokens[i+3].Text
		}
		switch {
		case after == ":=", before == "into",
			after == "=" && slices.Contains([]string{";", "begin", "then", "else", "loop", ""}, before):
			return true
		}
	}
	return false
}
