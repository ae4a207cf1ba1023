package sql

import pg "github.com/sqlc-dev/oliphant"

// Change is what a statement goes by, and what it writes.
type Change struct {
	// Query is the tables that it names and its conditions; its output does not matter. That of
	// an INSERT is the query whose rows it adds.
	Query *Query
	Table *Table // that it writes; nil for a query
	Sets  []Set
}

// Set is a value that a statement gives to a column.
type Set struct {
	Column string // empty: the one at this place in the table
	At     int
	Value  Expr
}

// ParseChange parses a query or a write. A mistake is an *Error.
func ParseChange(src string) (*Change, error) {
	p, stmts, failure := parsePlain(src)
	if failure != nil {
		return nil, failure
	}
	if len(stmts) != 1 {
		return nil, errorAt(0, "one statement is wanted")
	}
	return convert(p, 0, func(c *converter) *Change { return c.change(stmts[0].GetStmt()) })
}

func (c *converter) change(n *pg.Node) *Change {
	out := &Change{Query: &Query{}}
	switch x := n.GetNode().(type) {
	case *pg.Node_SelectStmt:
		out.Query = c.query(goesBy(x.SelectStmt), 0)
	case *pg.Node_InsertStmt:
		s := x.InsertStmt
		out.Table = c.rangeVar(s.Relation)
		c.inserted(s, out)
	case *pg.Node_UpdateStmt:
		s := x.UpdateStmt
		out.Table = c.rangeVar(s.Relation)
		out.Query = c.written(s.Relation, s.FromClause, s.WhereClause)
		for i, t := range s.TargetList {
			if r := t.GetResTarget(); r != nil && r.Val != nil && len(r.Indirection) == 0 && r.Val.GetMultiAssignRef() == nil {
				out.Sets = append(out.Sets, Set{Column: r.Name, At: i, Value: c.expr(r.Val)})
			}
		}
	case *pg.Node_DeleteStmt:
		s := x.DeleteStmt
		out.Table = c.rangeVar(s.Relation)
		out.Query = c.written(s.Relation, s.UsingClause, s.WhereClause)
	default:
		panic(bail{errorAt(0, "a query, INSERT, UPDATE or DELETE is wanted")})
	}
	return out
}

// goesBy is a query without what says nothing of its rows: several outputs, their order.
func goesBy(s *pg.SelectStmt) *pg.Node {
	if s.Op != pg.SetOperation_SETOP_NONE || len(s.ValuesLists) > 0 || s.WithClause != nil {
		return &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: s}}
	}
	var targets []*pg.Node
	if len(s.TargetList) == 1 {
		targets = s.TargetList
	}
	return plainQuery(targets, s.FromClause, s.WhereClause)
}

// written is the tables of an UPDATE or a DELETE, and its condition, as a query.
func (c *converter) written(of *pg.RangeVar, more []*pg.Node, where *pg.Node) *Query {
	from := append([]*pg.Node{{Node: &pg.Node_RangeVar{RangeVar: of}}}, more...)
	return c.query(plainQuery(nil, from, where), 0)
}

// inserted is the rows of an INSERT: those of VALUES, or of a query.
func (c *converter) inserted(s *pg.InsertStmt, out *Change) {
	sel := s.SelectStmt.GetSelectStmt()
	if sel == nil { // DEFAULT VALUES
		return
	}
	name := func(i int) string {
		if i < len(s.Cols) {
			return s.Cols[i].GetResTarget().GetName()
		}
		return ""
	}
	for _, row := range sel.ValuesLists {
		for i, v := range row.GetList().GetItems() {
			if v.GetSetToDefault() == nil {
				out.Sets = append(out.Sets, Set{Column: name(i), At: i, Value: c.expr(v)})
			}
		}
	}
	if len(sel.ValuesLists) > 0 {
		return
	}
	out.Query = c.query(goesBy(sel), 0)
	for i, t := range sel.TargetList {
		if v := t.GetResTarget().GetVal(); v != nil && v.GetColumnRef() == nil {
			out.Sets = append(out.Sets, Set{Column: name(i), At: i, Value: c.expr(v)})
		}
	}
}
