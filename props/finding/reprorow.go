package finding

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// telling lists the columns by which a row is found: its key, else all columns of sure.
func (r *repro) telling(row model.Row) []int {
	sure := r.sure(row)
	if len(r.table.Key) > 0 && !slices.ContainsFunc(r.table.Key, func(i int) bool { return !slices.Contains(sure, i) }) {
		return r.table.Key
	}
	return sure
}

// deciding is telling, and the columns that the rule and the row's tenants depend on: with
// other values there, a row of the same key may well be visible.
func (r *repro) deciding(row model.Row) []int {
	columns := slices.Clone(r.telling(row))
	add := func(list []int) {
		for _, i := range list {
			if !slices.Contains(columns, i) && slices.Contains(r.sure(row), i) {
				columns = append(columns, i)
			}
		}
	}
	session := r.f.Scenario.Steps[r.d.Step].Session
	if rule := session.Sees[r.table.ID].Rule; rule != nil {
		add(rule.Columns)
	}
	for _, p := range r.c.Belongs[r.table.ID].Paths {
		add(p.Columns())
	}
	return columns
}

// sure lists the columns of a row that compare exactly and are the same in each run of the
// script. A value that a default made, such as a time, is not, unless the case gives it.
func (r *repro) sure(row model.Row) []int {
	known := slices.ContainsFunc(r.state.Rows(r.table.ID), func(o model.Row) bool { return slices.Equal(o, row) })
	var out []int
	for i := range r.table.Columns {
		c := &r.table.Columns[i]
		drifts := c.Generated || c.Drifts()
		if c.Comparable() && (known || !drifts || r.set(i)) {
			out = append(out, i)
		}
	}
	return out
}

// set reports whether a step gives the column a value itself.
func (r *repro) set(column int) bool {
	for i := range r.f.Scenario.Steps {
		s := r.f.Scenario.Steps[i].Op.Shape
		if s != nil && s.Table == r.table && s.Command != model.Select && slices.Contains(s.Columns, column) {
			return true
		}
	}
	return false
}

// readable keeps the columns that the session has the privilege to read.
func (r *repro) readable(columns []int) []int {
	rights := r.ids[r.d.Step].Rights
	if rights == nil {
		return columns
	}
	var out []int
	for _, i := range columns {
		if rights[r.table.ID].Select[i] {
			out = append(out, i)
		}
	}
	if len(out) == 0 {
		return columns
	}
	return out
}

// condition finds a row by columns, over alias t; by all of its text where there are none.
func (r *repro) condition(row model.Row, columns []int) string {
	if len(columns) == 0 {
		return "ROW(t.*)::text = " + sql.Constant(string(model.AppendRecord(nil, row, nil)))
	}
	parts := make([]string, len(columns))
	for n, i := range columns {
		c := &r.table.Columns[i]
		name := "t." + model.Quote(c.Name)
		if row[i].Null {
			parts[n] = name + " IS NULL"
		} else {
			parts[n] = name + " = " + constantOf(c.Type, row[i])
		}
	}
	return strings.Join(parts, " AND ")
}
