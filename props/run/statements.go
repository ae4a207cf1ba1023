package run

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// CopySchema is the schema of the tables that hold copies of predicted rows. It is
// made in the template, after the catalog has been read, and granted to nobody.
const CopySchema = "rlsfuzz_copy"

// CopyName is the quoted name of a table's copy.
func CopyName(t *model.Table) string {
	return model.Quote(CopySchema) + "." + model.Quote(fmt.Sprintf("t%d", t.ID))
}

// CopyTables is the statements that make the copies.
func CopyTables(s *model.Schema) []string {
	out := []string{"CREATE SCHEMA " + model.Quote(CopySchema)}
	for _, t := range s.Tables {
		out = append(out, "CREATE UNLOGGED TABLE "+CopyName(t)+" AS SELECT * FROM "+t.SQL()+" WITH NO DATA")
	}
	return out
}

// watched reports whether a table is read by itself: a partition is read through its parent.
func watched(t *model.Table) bool { return t.Parent == "" }

// observation reads tables as (number, record) in one statement. mask gives the
// columns of each table, nil for all; a table without any column is left out.
func observation(s *model.Schema, mask func(t *model.Table) ([]bool, bool)) string {
	var parts []string
	for _, t := range s.Tables {
		columns, ok := mask(t)
		if !ok || !watched(t) {
			continue
		}
		parts = append(parts, fmt.Sprintf("SELECT %d, %s::text FROM %s", t.ID, rowOf(t, columns), t.SQL()))
	}
	return strings.Join(parts, " UNION ALL ")
}

func rowOf(t *model.Table, columns []bool) string {
	var names []string
	for i := range t.Columns {
		if columns == nil || columns[i] {
			names = append(names, model.Quote(t.Columns[i].Name))
		}
	}
	return "ROW(" + strings.Join(names, ", ") + ")"
}

// visibleMask is the columns of a table that an identity both may see and has the
// privilege to read.
func visibleMask(id *model.Identity, t *model.Table) ([]bool, bool) {
	sees := &id.Session.Sees[t.ID]
	mask := make([]bool, len(t.Columns))
	some := false
	for i := range mask {
		mask[i] = sees.Columns == nil || sees.Columns[i]
		if id.Rights != nil {
			mask[i] = mask[i] && id.Rights[t.ID].Usage && id.Rights[t.ID].Select[i]
		}
		some = some || mask[i]
	}
	return mask, some
}

// LoadText inserts rows from one array for each column.
func LoadText(t *model.Table) string { return load(t, nil) }

// ComputedText is LoadText, and computes some columns, each by its expression over the others.
func ComputedText(t *model.Table, computed map[int]string) string { return load(t, computed) }

// LoadArgs is the arrays of [LoadText].
func LoadArgs(t *model.Table, data []model.Row) []model.Value { return loadArgs(t, data) }

// RowOf is a whole row of a table, as observations read it.
func RowOf(t *model.Table) string { return rowOf(t, nil) }

// load inserts rows from one array for each column, but for those that are computed from others.
func load(t *model.Table, computed map[int]string) string {
	var names, arrays, values, whole []string
	over := ""
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Generated {
			continue
		}
		if c.Identity == "a" {
			over = " OVERRIDING SYSTEM VALUE"
		}
		names = append(names, model.Quote(c.Name))
		whole = append(whole, cmp.Or(computed[i], model.Quote(c.Name)))
		n := len(arrays) + 1
		if c.Type.Array || c.Type.Kind == sql.Other && (strings.Contains(c.Type.Plain, ".") || c.Type.Base == "box") {
			// unnest spreads a composite type, and a box has another delimiter
			arrays = append(arrays, fmt.Sprintf("$%d::text[]", n))
			values = append(values, fmt.Sprintf("c%d::%s", n, c.Type.Name))
		} else {
			arrays = append(arrays, fmt.Sprintf("$%d::%s[]", n, c.Type.Name))
			values = append(values, fmt.Sprintf("c%d", n))
		}
	}
	aliases := make([]string, len(arrays))
	for i := range aliases {
		aliases[i] = fmt.Sprintf("c%d", i+1)
	}
	into := "INSERT INTO " + t.SQL() + " (" + strings.Join(names, ", ") + ")" + over
	from := " FROM unnest(" + strings.Join(arrays, ", ") + ") AS u(" + strings.Join(aliases, ", ") + ")"
	if len(computed) == 0 {
		return into + " SELECT " + strings.Join(values, ", ") + from
	}
	return into + " SELECT " + strings.Join(whole, ", ") + " FROM (SELECT " + strings.Join(values, ", ") + from + ") AS r(" + strings.Join(names, ", ") + ")"
}

// touch sets a column of the last row to what it is. It is empty for tables of which
// that could do more, or where the last row is hard to tell.
func touch(t *model.Table) string {
	if len(t.Triggers) > 0 || len(t.Seed) > 0 || t.Partitioned || t.Parent != "" {
		return ""
	}
	for i := range t.Columns {
		if c := &t.Columns[i]; !c.Generated && c.Identity != "a" {
			name := model.Quote(c.Name)
			return "UPDATE ONLY " + t.SQL() + " SET " + name + " = " + name + " WHERE ctid = (SELECT max(ctid) FROM ONLY " + t.SQL() + ")"
		}
	}
	return ""
}

// loadArgs is the arrays for load.
func loadArgs(t *model.Table, data []model.Row) []model.Value {
	var args []model.Value
	for i := range t.Columns {
		if t.Columns[i].Generated {
			continue
		}
		var b strings.Builder
		b.WriteByte('{')
		for j, row := range data {
			if j > 0 {
				b.WriteByte(',')
			}
			element(&b, row[i])
		}
		b.WriteByte('}')
		args = append(args, model.Value{Text: b.String()})
	}
	return args
}

// element writes one element of an array literal (manual, "Array Value Input").
func element(b *strings.Builder, v model.Value) {
	if v.Null {
		b.WriteString("NULL")
		return
	}
	b.WriteByte('"')
	for i := 0; i < len(v.Text); i++ {
		if v.Text[i] == '"' || v.Text[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(v.Text[i])
	}
	b.WriteByte('"')
}

// fillCopy fills a table's copy with the rows that a rule lets through; columns that
// the session may not see are NULL.
func fillCopy(t *model.Table, sees *model.Sees) (text string, ok bool) {
	var names, values []string
	for i := range t.Columns {
		names = append(names, model.Quote(t.Columns[i].Name))
		value := model.Quote(t.Columns[i].Name)
		if sees.Columns != nil && !sees.Columns[i] {
			value = "NULL"
		}
		values = append(values, value)
	}
	where := ""
	switch sees.Rule.Kind {
	case model.RuleNone:
		where = " WHERE false"
	case model.RuleAll:
	case model.RuleOwn, model.RuleCondition:
		if sees.Rule.SQL == "" {
			return "", false
		}
		where = " WHERE " + sees.Rule.SQL
	}
	return "INSERT INTO " + CopyName(t) + " (" + strings.Join(names, ", ") + ") SELECT " + strings.Join(values, ", ") +
		" FROM " + t.SQL() + where, true
}

// ruleArgs is the values of a rule's parameters for an identity.
func ruleArgs(r *model.Rule, id *model.Identity) []model.Value {
	args := make([]model.Value, len(r.Args))
	for i, v := range r.Args {
		args[i] = id.Vars[v]
	}
	return args
}
