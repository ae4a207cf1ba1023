package sql_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// An expression tree, printed and parsed, is the same tree.
func TestRoundTrip(t *testing.T) {
	places := cmpopts.IgnoreTypes(sql.Pos(0))
	rapid.Check(t, func(t *rapid.T) {
		e := drawCond(t, rapid.IntRange(0, 4).Draw(t, "depth"))
		text, _ := sql.Print(e, sql.PrintOptions{Named: true})
		again, err := sql.ParseExpr(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(e, again, places, cmp.AllowUnexported(sql.Opaque{})); diff != "" {
			t.Fatalf("%s (-printed +parsed):\n%s", text, diff)
		}
		if twice, _ := sql.Print(again, sql.PrintOptions{Named: true}); twice != text {
			t.Fatalf("%s, then %s", text, twice)
		}
	})
}

var drawName = rapid.OneOf(
	rapid.SampledFrom([]string{"id", "order", "User", "all", "ünder", `a"b`, "between", "own", "x1", "true", "a$b", "$a", "all_", "e", "1a"}),
	rapid.StringMatching(`[a-zA-Z_ .$'é"-]{1,8}`),
)

func drawCond(t *rapid.T, depth int) sql.Expr {
	if depth <= 0 {
		return drawValue(t, 0)
	}
	value := func() sql.Expr { return drawValue(t, depth-1) }
	not := rapid.Bool().Draw(t, "not")
	switch rapid.IntRange(0, 9).Draw(t, "cond") {
	case 0:
		return &sql.And{Args: drawArgs(t, depth, func(e sql.Expr) bool { _, and := e.(*sql.And); return !and })}
	case 1:
		return &sql.Or{Args: drawArgs(t, depth, func(e sql.Expr) bool { _, or := e.(*sql.Or); return !or })}
	case 2:
		e := drawCond(t, depth-1)
		if in, ok := e.(*sql.InQuery); ok { // NOT folds into it
			in.Not = true
			return in
		}
		return &sql.Not{X: e}
	case 3:
		op := rapid.SampledFrom([]string{"=", "<>", "<", "<=", ">", ">="}).Draw(t, "op")
		return &sql.Compare{Op: op, L: value(), R: value()}
	case 4:
		return &sql.IsNull{X: drawCond(t, depth-1), Not: not}
	case 5:
		return &sql.IsDistinct{L: value(), R: value(), Not: not}
	case 6:
		return &sql.IsBool{X: drawCond(t, depth-1), What: sql.Tri(rapid.IntRange(0, 2).Draw(t, "what")), Not: not}
	case 7:
		return &sql.In{X: value(), List: []sql.Expr{value(), value()}, Not: not}
	case 8:
		return &sql.InQuery{X: value(), Query: drawQuery(t, depth-1), Not: not}
	default:
		return &sql.AnyArray{X: value(), Array: &sql.Array{Items: []sql.Expr{value()}}, Not: not}
	}
}

// drawArgs draws operands; the first is none that the grammar would flatten.
func drawArgs(t *rapid.T, depth int, first func(sql.Expr) bool) []sql.Expr {
	args := []sql.Expr{drawCond(t, depth-1), drawCond(t, depth-1)}
	if !first(args[0]) {
		args[0] = drawValue(t, 0)
	}
	return args
}

func drawValue(t *rapid.T, depth int) sql.Expr {
	switch rapid.IntRange(0, 8).Draw(t, "value") {
	case 0:
		return &sql.Column{Name: drawName.Draw(t, "column")}
	case 1:
		return &sql.Column{Qualifier: drawName.Draw(t, "table"), Name: drawName.Draw(t, "column")}
	case 2:
		return &sql.Var{Name: rapid.SampledFrom([]string{"tenant", "user.id", "user.Odd \"Name", "1", "12"}).Draw(t, "variable")}
	case 3:
		return &sql.Literal{Value: sql.Value{Text: strings.ReplaceAll(rapid.String().Draw(t, "text"), "\x00", "")}}
	case 4:
		return rapid.SampledFrom([]sql.Expr{
			&sql.Literal{Value: sql.Value{Text: "-7"}, Type: "integer"},
			&sql.Literal{Value: sql.Value{Text: "3000000000"}, Type: "bigint"},
			&sql.Literal{Value: sql.Value{Text: "t"}, Type: "boolean"},
			&sql.Literal{Value: sql.Value{Null: true}},
		}).Draw(t, "literal")
	case 5:
		return &sql.Cast{X: drawCond(t, depth-1), Type: rapid.SampledFrom([]string{"text", "integer", "uuid[]", "character varying(20)", `public."St"`}).Draw(t, "type")}
	case 6:
		op := rapid.SampledFrom([]string{"->", "->>", "#>", "#>>"}).Draw(t, "field")
		return &sql.Field{Op: op, X: drawCond(t, depth-1), Key: drawValue(t, depth-1)}
	case 7:
		return &sql.Coalesce{Args: []sql.Expr{drawCond(t, depth-1), drawValue(t, depth-1)}}
	default:
		return &sql.Exists{Query: drawQuery(t, depth-1)}
	}
}

func drawQuery(t *rapid.T, depth int) *sql.Query {
	q := &sql.Query{Distinct: rapid.Bool().Draw(t, "distinct")}
	if q.Star = rapid.Bool().Draw(t, "star"); !q.Star {
		q.Target = drawCond(t, depth-1)
	}
	for i := range rapid.IntRange(1, 3).Draw(t, "tables") {
		table := &sql.Table{Name: drawName.Draw(t, "table"), Join: i > 0 && rapid.Bool().Draw(t, "join")}
		if rapid.Bool().Draw(t, "named") {
			table.Schema, table.Alias = drawName.Draw(t, "schema"), drawName.Draw(t, "alias")
		}
		if table.Join && rapid.Bool().Draw(t, "conditional") {
			table.On = drawCond(t, depth-1)
		}
		table.Only = rapid.Bool().Draw(t, "only")
		q.From = append(q.From, table)
	}
	if rapid.Bool().Draw(t, "where") {
		q.Where = drawCond(t, depth-1)
	}
	return q
}
