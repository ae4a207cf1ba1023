package model

import "slices"

// Tied reports whether before the call of a path, a step puts in a row for the same session, or changes one
// by its key. Such a row may refer to rows that the session may not see: foreign keys are checked without
// row security (manual, Row Security Policies).
func (s *Scenario) Tied(call int) bool {
	for i := range call {
		if s.ties(i, call) {
			return true
		}
	}
	return false
}

func (s *Scenario) ties(step, call int) bool {
	a, b := &s.Steps[step], &s.Steps[call]
	if step >= call || a.Op.Shape == nil || b.Op.Path == nil || a.Session != b.Session || a.Tenant != b.Tenant || a.User != b.User {
		return false
	}
	shape := a.Op.Shape
	return shape.Command == Insert || shape.Command == Update && shape.Where.Match == Equal && slices.Equal(shape.Where.Columns, shape.Table.Key)
}

// Proposed is the row that an INSERT proposes, without the values of defaults.
func (o *Op) Proposed() Row {
	row := make(Row, len(o.Shape.Table.Columns))
	for i := range row {
		row[i].Null = true
	}
	for i, c := range o.Shape.Columns {
		row[c] = o.Args[i]
	}
	return row
}

// Same is the row of a list that has the key of a row, or is equal to it where the table has no key; nil
// without one.
func (t *Table) Same(rows []Row, row Row) Row {
	i := slices.IndexFunc(rows, func(o Row) bool {
		if len(t.Key) == 0 {
			return slices.Equal(o, row)
		}
		return !slices.ContainsFunc(t.Key, func(c int) bool { return o[c] != row[c] })
	})
	if i < 0 {
		return nil
	}
	return rows[i]
}
