package finding

import (
	"fmt"
	"strconv"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// firstFilled is the first number that filled keys have: high, so that keys written by
// hand keep clear of them.
const firstFilled = 1001

// plainFill returns a Fill that makes the plainest value of each type. Keys and other
// unique columns are numbered.
func plainFill() func(*model.Table, map[string]model.Value) {
	n := firstFilled - 1
	return func(t *model.Table, row map[string]model.Value) {
		n++
		for i := range t.Columns {
			c := &t.Columns[i]
			if _, ok := row[c.Name]; ok || !fillable(c) {
				continue
			}
			if v, ok := plainValue(t, i, n); ok {
				row[c.Name] = model.Value{Text: v}
			} else if !c.NotNull {
				row[c.Name] = model.Value{Null: true}
			}
		}
	}
}

// plainValue is a value for a column: its default where that is a constant, the first
// that a check or an enum lists, else one by type.
func plainValue(t *model.Table, i, n int) (string, bool) {
	c := &t.Columns[i]
	if v, ok := c.Constant(); ok && !unique(t, i) {
		return v, true
	}
	for j := range t.Checks {
		if k := &t.Checks[j]; len(k.Values) > 0 && len(k.Columns) == 1 && k.Columns[0] == i {
			return k.Values[0], true
		}
	}
	if len(c.Type.Enum) > 0 && !c.Type.Array {
		return c.Type.Enum[0], true
	}
	if c.Type.Array {
		return "{}", true
	}
	return byType(c, n, unique(t, i))
}

// byType is the plainest value of a column's type, with the number n in it where numbered is set;
// ok is false for a type that has none.
func byType(c *model.Column, n int, numbered bool) (string, bool) {
	switch c.Type.Base {
	case "int2", "int4", "int8", "numeric", "float4", "float8", "oid":
		if numbered {
			return strconv.Itoa(n), true
		}
		return "1", true
	case "bool":
		return "f", true
	case "uuid":
		return fmt.Sprintf("00000000-0000-4000-8000-%012d", n), true
	case "text", "varchar", "bpchar", "citext", "name":
		text := c.Name
		if numbered {
			text += " " + strconv.Itoa(n)
		}
		if c.Type.Length > 0 && len(text) > c.Type.Length {
			text = strconv.Itoa(n)[:min(c.Type.Length, len(strconv.Itoa(n)))]
		}
		return text, true
	case "date":
		return "2020-01-01", true
	case "timestamp":
		return "2020-01-01 00:00:00", true
	case "timestamptz":
		return "2020-01-01 00:00:00+00", true
	case "time":
		return "00:00:00", true
	case "interval":
		return "00:00:00", true
	case "json", "jsonb":
		return "{}", true
	case "bytea":
		return `\x`, true
	case "inet":
		return "192.0.2.1", true
	case "tsvector":
		return "", true
	}
	return "", false
}

// unique reports whether a column is part of a key or a unique constraint.
func unique(t *model.Table, i int) bool {
	if model.Contains(t.Key, i) {
		return true
	}
	for j := range t.Unique {
		if model.Contains(t.Unique[j].Columns, i) {
			return true
		}
	}
	return false
}

// refer fills the foreign keys of one column that are NOT NULL and that a row leaves out: they
// refer to the first row of the other table.
func refer(t *model.Table, values map[string]model.Value, data [][]model.Row) {
	for i := range t.ForeignKeys {
		k := &t.ForeignKeys[i]
		if k.Target == nil || len(k.Columns) != 1 || !t.Columns[k.Columns[0]].NotNull {
			continue
		}
		name := t.Columns[k.Columns[0]].Name
		rows := data[k.Target.ID]
		if len(rows) == 0 {
			rows = k.Target.Seed
		}
		if _, ok := values[name]; !ok && len(rows) > 0 {
			values[name] = rows[0][k.Targets[0]]
		}
	}
}
