package sql

import (
	"fmt"
	"reflect"
	"strings"

	pg "github.com/sqlc-dev/oliphant"
)

// selectOf makes the statement that has the expression alone.
func selectOf(n *pg.Node) *pg.Node {
	one := &pg.Node{Node: &pg.Node_AConst{AConst: &pg.A_Const{Val: &pg.A_Const_Ival{Ival: &pg.Integer{Ival: 1}}}}}
	target := &pg.Node{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Val: one}}}
	return plainQuery([]*pg.Node{target}, nil, n)
}

// plainQuery is the statement of a query without more.
func plainQuery(targets, from []*pg.Node, where *pg.Node) *pg.Node {
	return &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: &pg.SelectStmt{
		TargetList: targets, FromClause: from, WhereClause: where,
		LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE,
	}}}
}

func deparse(stmt *pg.Node) string {
	text, err := pg.Deparse(&pg.ParseResult{Stmts: []*pg.RawStmt{{Stmt: stmt}}})
	if err != nil {
		panic(bail{errorAt(0, "the SQL parser cannot print this: %v", err)})
	}
	return text
}

// opaque keeps an expression as text between its columns, variables and tables.
func (c *converter) opaque(n *pg.Node) *Opaque {
	text := deparse(selectOf(n))
	stmts, failure := parseText(text, 0, len(text))
	if failure != nil {
		panic(bail{failure})
	}
	again := stmts[0].GetStmt().GetSelectStmt().GetWhereClause()
	out := c.cut(text, len(condition), n, again)
	out.What, out.closed = describe(n)
	return out
}

func (c *converter) opaqueQuery(n *pg.Node, pos Pos) *Opaque {
	text := deparse(n)
	stmts, failure := parseText(text, 0, len(text))
	if failure != nil {
		panic(bail{failure})
	}
	out := c.cut(text, 0, n, stmts[0].GetStmt())
	out.What, out.closed, out.query, out.Pos = "this query", true, true, pos
	return out
}

// describe says what a node is, and whether it needs no parentheses.
func describe(n *pg.Node) (what string, closed bool) {
	switch x := n.GetNode().(type) {
	case *pg.Node_FuncCall:
		names := strings3(x.FuncCall.Funcname)
		return "function " + strings.Join(names, "."), x.FuncCall.Over == nil && x.FuncCall.Funcformat == pg.CoercionForm_COERCE_EXPLICIT_CALL
	case *pg.Node_SqlvalueFunction:
		return "a value of the session or the clock", true
	case *pg.Node_AExpr:
		return "operator " + operatorName(x.AExpr.Name), false
	case *pg.Node_SubLink:
		t := x.SubLink.SubLinkType
		return "this sub-select", t == pg.SubLinkType_EXPR_SUBLINK || t == pg.SubLinkType_ARRAY_SUBLINK
	case *pg.Node_CaseExpr:
		return "CASE", true
	case *pg.Node_CollateClause:
		return "COLLATE", false
	case *pg.Node_RowExpr:
		return "a row of values", false
	case *pg.Node_AIndirection:
		return "a field or an element", false
	case *pg.Node_ColumnRef:
		return "a whole row", true
	case *pg.Node_MinMaxExpr:
		return "GREATEST and LEAST", true
	default:
		name := fmt.Sprintf("%T", x)
		return name[strings.IndexByte(name, '_')+1:], false
	}
}

// cut splits text, which starts at from, at the leaves of again; the leaves of
// n, in the same order, have their places in the source.
func (c *converter) cut(text string, from int, n, again *pg.Node) *Opaque {
	var old, leaves harvest
	old.visit(reflect.ValueOf(n))
	leaves.visit(reflect.ValueOf(again))
	if len(old.leaves) != len(leaves.leaves) {
		panic(bail{errorAt(0, "the SQL parser prints this differently from what it read")})
	}
	out := &Opaque{query: leaves.query, names: leaves.names, wild: leaves.wild}
	for i := range leaves.leaves {
		leaves.leaves[i].part = c.part(old.leaves[i].node)
	}
	out.Pos = c.pos(location(n.GetNode()))
	leaves.sort()
	for _, l := range leaves.leaves {
		if l.part == (Part{}) || int(l.at) < from || l.part.Table != nil && leaves.ctes[l.part.Table.Name] && l.part.Table.Schema == "" {
			continue
		}
		end := int(l.at) + leafLen(text[l.at:])
		out.Parts = append(out.Parts, Part{Text: text[from:l.at]}, l.part)
		from = end
	}
	out.Parts = append(out.Parts, Part{Text: text[from:]})
	return out
}

// part is what a leaf is in an Opaque; empty when it is left as text.
func (c *converter) part(node any) Part {
	switch x := node.(type) {
	case *pg.ColumnRef:
		switch col := c.column(x).(type) {
		case *Column:
			return Part{Column: col}
		case *Atom:
			panic(bail{errorAt(col.Offset(), "%s is a condition by itself, not a part of this", col.Name)})
		}
	case *pg.ParamRef:
		if v, ok := c.variable(x).(*Var); ok {
			return Part{Var: v}
		}
	case *pg.RangeVar:
		if x.Catalogname == "" {
			return Part{Table: c.rangeVar(x)}
		}
	}
	return Part{}
}
