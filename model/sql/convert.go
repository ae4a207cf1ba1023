package sql

import (
	"strconv"
	"strings"

	pg "github.com/sqlc-dev/oliphant"
)

// converter makes expressions of the grammar's nodes.
type converter struct {
	plain plain
	skip  int
}

// bail carries a failure out of the recursion.
type bail struct{ failure *Error }

func convert[T any](p plain, skip int, f func(*converter) T) (out T, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case bail:
			err = r.failure
		default:
			err = errorAt(0, "the SQL parser cannot read this: %v", r)
		}
	}()
	return f(&converter{plain: p, skip: skip}), nil
}

func (c *converter) pos(location int32) Pos { return Pos(max(0, int(location)-c.skip)) }

func (c *converter) exprs(nodes []*pg.Node) []Expr {
	out := make([]Expr, len(nodes))
	for i, n := range nodes {
		out[i] = c.expr(n)
	}
	return out
}

func (c *converter) expr(n *pg.Node) Expr {
	switch x := n.GetNode().(type) {
	case *pg.Node_ColumnRef:
		if e := c.column(x.ColumnRef); e != nil {
			return e
		}
	case *pg.Node_ParamRef:
		if e := c.variable(x.ParamRef); e != nil {
			return e
		}
	case *pg.Node_AConst:
		if e := c.literal(x.AConst); e != nil {
			return e
		}
	case *pg.Node_AExpr:
		if e := c.operator(x.AExpr); e != nil {
			return e
		}
	case *pg.Node_BoolExpr:
		return c.boolean(x.BoolExpr)
	case *pg.Node_NullTest:
		t := x.NullTest
		return &IsNull{Pos: c.pos(t.Location), X: c.expr(t.Arg), Not: t.Nulltesttype == pg.NullTestType_IS_NOT_NULL}
	case *pg.Node_BooleanTest:
		return c.booleanTest(x.BooleanTest)
	case *pg.Node_SubLink:
		if e := c.subLink(x.SubLink); e != nil {
			return e
		}
	case *pg.Node_TypeCast:
		at := x.TypeCast.Location
		if at < 0 {
			at = x.TypeCast.TypeName.Location
		}
		return &Cast{Pos: c.pos(at), X: c.expr(x.TypeCast.Arg), Type: typeName(x.TypeCast.TypeName)}
	case *pg.Node_AArrayExpr:
		return &Array{Pos: c.pos(x.AArrayExpr.Location), Items: c.exprs(x.AArrayExpr.Elements)}
	case *pg.Node_CoalesceExpr:
		return &Coalesce{Pos: c.pos(x.CoalesceExpr.Location), Args: c.exprs(x.CoalesceExpr.Args)}
	}
	return c.opaque(n)
}

func (c *converter) column(ref *pg.ColumnRef) Expr {
	names := strings3(ref.Fields)
	pos := c.pos(ref.Location)
	switch len(names) {
	case 1:
		if names[0] == wordAll {
			return &Atom{Pos: pos, Name: "all"}
		}
		return &Column{Pos: pos, Name: names[0]}
	case 2:
		return &Column{Pos: pos, Qualifier: names[0], Name: names[1]}
	case 3:
		return &Column{Pos: pos, Schema: names[0], Qualifier: names[1], Name: names[2]}
	default:
		return nil
	}
}

// strings3 is the names of up to three fields; nil when one is no name.
func strings3(fields []*pg.Node) []string {
	if len(fields) > 3 {
		return nil
	}
	var out []string
	for _, f := range fields {
		s, ok := f.GetNode().(*pg.Node_String_)
		if !ok {
			return nil
		}
		out = append(out, s.String_.Sval)
	}
	return out
}

func (c *converter) variable(p *pg.ParamRef) Expr {
	if name, ok := c.plain.names[int(p.Number)]; ok {
		return &Var{Pos: c.pos(p.Location), Name: name}
	}
	return nil
}

func (c *converter) literal(k *pg.A_Const) Expr {
	out := &Literal{Pos: c.pos(k.Location)}
	if k.Isnull {
		out.Value.Null = true
		return out
	}
	switch v := k.Val.(type) {
	case *pg.A_Const_Ival:
		out.Value.Text, out.Type = strconv.Itoa(int(v.Ival.GetIval())), "integer"
	case *pg.A_Const_Fval:
		out.Value.Text, out.Type = number(v.Fval.GetFval())
	case *pg.A_Const_Boolval:
		out.Value, out.Type = tri(v.Boolval.GetBoolval()).Value(), "boolean"
	case *pg.A_Const_Sval:
		out.Value.Text = v.Sval.GetSval()
	default:
		return nil
	}
	return out
}

// number types a constant as Postgres does: the first of integer, bigint and
// numeric that holds it.
func number(s string) (text, typ string) {
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil:
		return s, "numeric"
	case int64(int32(n)) == n:
		return strconv.FormatInt(n, 10), "integer"
	default:
		return strconv.FormatInt(n, 10), "bigint"
	}
}

func (c *converter) boolean(b *pg.BoolExpr) Expr {
	args, pos := c.exprs(b.Args), c.pos(b.Location)
	switch b.Boolop {
	case pg.BoolExprType_AND_EXPR:
		return &And{Pos: pos, Args: args}
	case pg.BoolExprType_OR_EXPR:
		return &Or{Pos: pos, Args: args}
	default:
		if in, ok := args[0].(*InQuery); ok && !in.Not {
			in.Not = true
			return in
		}
		return &Not{Pos: pos, X: args[0]}
	}
}

func (c *converter) booleanTest(t *pg.BooleanTest) Expr {
	out := &IsBool{Pos: c.pos(t.Location), X: c.expr(t.Arg)}
	switch t.Booltesttype {
	case pg.BoolTestType_IS_TRUE, pg.BoolTestType_IS_NOT_TRUE:
		out.What = True
	case pg.BoolTestType_IS_FALSE, pg.BoolTestType_IS_NOT_FALSE:
		out.What = False
	default:
		out.What = Unknown
	}
	switch t.Booltesttype {
	case pg.BoolTestType_IS_NOT_TRUE, pg.BoolTestType_IS_NOT_FALSE, pg.BoolTestType_IS_NOT_UNKNOWN:
		out.Not = true
	}
	return out
}

// operator is nil for what only Postgres knows.
func (c *converter) operator(x *pg.A_Expr) Expr {
	op, pos := operatorName(x.Name), c.pos(x.Location)
	if x.Lexpr == nil || x.Rexpr == nil {
		return nil
	}
	switch x.Kind {
	case pg.A_Expr_Kind_AEXPR_OP:
		switch op {
		case "=", "<>", "<", "<=", ">", ">=":
			return &Compare{Pos: pos, Op: op, L: c.expr(x.Lexpr), R: c.expr(x.Rexpr)}
		case "->", "->>", "#>", "#>>":
			return &Field{Pos: pos, Op: op, X: c.expr(x.Lexpr), Key: c.expr(x.Rexpr)}
		}
	case pg.A_Expr_Kind_AEXPR_OP_ANY, pg.A_Expr_Kind_AEXPR_OP_ALL:
		not := x.Kind == pg.A_Expr_Kind_AEXPR_OP_ALL
		if not && op == "<>" || !not && op == "=" {
			return &AnyArray{Pos: pos, X: c.expr(x.Lexpr), Array: c.expr(x.Rexpr), Not: not}
		}
	case pg.A_Expr_Kind_AEXPR_DISTINCT, pg.A_Expr_Kind_AEXPR_NOT_DISTINCT:
		not := x.Kind == pg.A_Expr_Kind_AEXPR_NOT_DISTINCT
		return &IsDistinct{Pos: pos, L: c.expr(x.Lexpr), R: c.expr(x.Rexpr), Not: not}
	case pg.A_Expr_Kind_AEXPR_IN:
		return &In{Pos: pos, X: c.expr(x.Lexpr), List: c.exprs(x.Rexpr.GetList().GetItems()), Not: op == "<>"}
	case pg.A_Expr_Kind_AEXPR_BETWEEN, pg.A_Expr_Kind_AEXPR_NOT_BETWEEN:
		return c.between(x)
	}
	return nil
}

// between is two comparisons, unless its left side may be something that must
// run once.
func (c *converter) between(x *pg.A_Expr) Expr {
	bounds, pos := x.Rexpr.GetList().GetItems(), c.pos(x.Location)
	left := c.expr(x.Lexpr)
	if len(bounds) != 2 || hasOpaque(left) {
		return nil
	}
	both := &And{Pos: pos, Args: []Expr{
		&Compare{Pos: pos, Op: ">=", L: left, R: c.expr(bounds[0])},
		&Compare{Pos: pos, Op: "<=", L: c.expr(x.Lexpr), R: c.expr(bounds[1])},
	}}
	if x.Kind == pg.A_Expr_Kind_AEXPR_NOT_BETWEEN {
		return &Not{Pos: pos, X: both}
	}
	return both
}

// operatorName is an operator's bare name; empty when it is not Postgres' own.
func operatorName(names []*pg.Node) string {
	s := strings3(names)
	switch {
	case len(s) == 1:
		return s[0]
	case len(s) == 2 && s[0] == "pg_catalog":
		return s[1]
	default:
		return ""
	}
}

// subLink is nil for what only Postgres knows.
func (c *converter) subLink(s *pg.SubLink) Expr {
	op, pos := operatorName(s.OperName), c.pos(s.Location)
	if s.SubLinkType == pg.SubLinkType_EXISTS_SUBLINK {
		return &Exists{Pos: pos, Query: c.query(s.Subselect, pos)}
	}
	anyOf := s.SubLinkType == pg.SubLinkType_ANY_SUBLINK && (len(s.OperName) == 0 || op == "=")
	noneOf := s.SubLinkType == pg.SubLinkType_ALL_SUBLINK && op == "<>"
	if !anyOf && !noneOf || s.Testexpr.GetRowExpr() != nil {
		return nil
	}
	return &InQuery{Pos: pos, X: c.expr(s.Testexpr), Query: c.query(s.Subselect, pos), Not: noneOf}
}

// query converts a SELECT; what is not simple becomes opaque.
func (c *converter) query(n *pg.Node, pos Pos) *Query {
	s := n.GetSelectStmt()
	out := &Query{Pos: pos}
	if s == nil || !noMore(s) || !c.targets(s, out) || !c.tables(s.FromClause, out) {
		return &Query{Pos: pos, Opaque: c.opaqueQuery(n, pos)}
	}
	if s.WhereClause != nil {
		out.Where = c.expr(s.WhereClause)
	}
	return out
}

func (c *converter) targets(s *pg.SelectStmt, out *Query) bool {
	switch len(s.DistinctClause) {
	case 0:
	case 1:
		if s.DistinctClause[0].GetNode() != nil {
			return false // DISTINCT ON
		}
		out.Distinct = true
	default:
		return false
	}
	switch len(s.TargetList) {
	case 0:
		return true
	case 1:
		val := s.TargetList[0].GetResTarget().GetVal()
		if ref := val.GetColumnRef(); ref != nil && ref.Fields[len(ref.Fields)-1].GetAStar() != nil {
			out.Star = true
			return len(ref.Fields) == 1
		}
		out.Target = c.expr(val)
		return true
	default:
		return false
	}
}

func (c *converter) tables(items []*pg.Node, out *Query) bool {
	for _, item := range items {
		if !c.table(item, out) {
			return false
		}
	}
	return true
}

func (c *converter) table(item *pg.Node, out *Query) bool {
	if v := item.GetRangeVar(); v != nil {
		if v.Catalogname != "" || len(v.GetAlias().GetColnames()) > 0 {
			return false
		}
		out.From = append(out.From, c.rangeVar(v))
		return true
	}
	j := item.GetJoinExpr()
	if j == nil || j.Jointype != pg.JoinType_JOIN_INNER || j.IsNatural || len(j.UsingClause) > 0 || j.Alias != nil ||
		j.Rarg.GetRangeVar() == nil || !c.table(j.Larg, out) || !c.table(j.Rarg, out) {
		return false
	}
	last := out.From[len(out.From)-1]
	last.Join = true
	if j.Quals != nil {
		last.On = c.expr(j.Quals)
	}
	return true
}

func (c *converter) rangeVar(v *pg.RangeVar) *Table {
	return &Table{
		Pos: c.pos(v.Location), Schema: v.Schemaname, Name: v.Relname,
		Alias: v.GetAlias().GetAliasname(), Only: !v.Inh,
	}
}

// typeName prints a type as format_type does, as far as Go cares.
func typeName(t *pg.TypeName) string {
	if names := strings3(t.Names); len(t.Typmods)+len(t.ArrayBounds) == 0 && len(names) > 0 && names[len(names)-1] == "bpchar" {
		return "bpchar" // of any length; printed as char it would be of length one
	}
	for _, m := range t.Typmods {
		if m.GetAConst() == nil {
			panic(bail{errorAt(0, "a type takes constants only")})
		}
	}
	some := &pg.Node{Node: &pg.Node_ParamRef{ParamRef: &pg.ParamRef{Number: 1}}}
	text := deparse(selectOf(&pg.Node{Node: &pg.Node_TypeCast{TypeCast: &pg.TypeCast{Arg: some, TypeName: t}}}))
	return formatType(strings.TrimPrefix(text, condition+"$1::"))
}
