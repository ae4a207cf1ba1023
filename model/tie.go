package model

import "slices"

// Ties reports whether a step puts in a row, or changes one by its key, for the session that calls a
// path in a later one. Such a row may refer to rows that the session may not see: foreign keys are
// checked without row security (manual, Row Security Policies).
func (s *Scenario) Ties(step, call int) bool {
	a, b := &s.Steps[step], &s.Steps[call]
	if step >= call || a.Op.Shape == nil || b.Op.Path == nil || a.Session != b.Session || a.Tenant != b.Tenant || a.User != b.User {
		return false
	}
	shape := a.Op.Shape
	return shape.Command == Insert || shape.Command == Update && shape.Where.Match == Equal && slices.Equal(shape.Where.Columns, shape.Table.Key)
}

// Tied is the rows of a scenario with what its ties before a call make of them. Rows keep their places,
// new ones come last. It is nil where there is no tie.
func (s *Scenario) Tied(call int) [][]Row {
	var out [][]Row
	for i := range call {
		if !s.Ties(i, call) {
			continue
		}
		if out == nil {
			out = slices.Clone(s.Data)
		}
		op := &s.Steps[i].Op
		id := op.Shape.Table.ID
		if op.Shape.Command == Insert {
			out[id] = append(slices.Clip(out[id]), op.Inserted())
			continue
		}
		out[id] = slices.Clone(out[id])
		for j, row := range out[id] {
			out[id][j] = op.changed(row)
		}
	}
	return out
}

// Inserted is the row that an INSERT proposes. Columns that it does not name are NULL.
func (o *Op) Inserted() Row {
	row := make(Row, len(o.Shape.Table.Columns))
	for i := range row {
		row[i].Null = true
	}
	for i, c := range o.Shape.Columns {
		row[c] = o.Args[i]
	}
	return row
}

// changed is what an UPDATE whose condition is equality makes of a row.
func (o *Op) changed(row Row) Row {
	next := slices.Clone(row)
	for i, p := range o.Shape.Params {
		switch {
		case p.Set:
			next[p.Column] = o.Args[i]
		case row[p.Column] != o.Args[i]:
			return row
		}
	}
	return next
}
