package sql

// Query is a sub-select: one output, tables joined by inner joins, a condition.
type Query struct {
	Pos
	Distinct bool // changes nothing for IN and EXISTS
	Target   Expr // nil for * and for an empty list
	Star     bool // SELECT *
	From     []*Table
	Where    Expr // nil: none
	// Opaque is set, and the rest empty, when only Postgres can run the query.
	Opaque *Opaque
}

// Table is a table that a query reads.
type Table struct {
	Pos
	Schema string // empty: by the search path
	Name   string
	Alias  string // empty: none
	Only   bool   // FROM ONLY
	Join   bool   // JOIN with the tables before it, On its condition (nil: CROSS JOIN); else a comma
	On     Expr
}

// label is the name by which columns refer to the table.
func (t *Table) label() string {
	if t.Alias != "" {
		return t.Alias
	}
	return t.Name
}
