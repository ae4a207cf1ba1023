package draft

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// narrower asks about rows of a tenant that no policy for reading shows to it, such as deleted
// ones: may views and functions show them?
func (r *referee) narrower(p *place) {
	var always []string
	first := true
	for i := range p.table.Policies {
		policy := &p.table.Policies[i]
		if !grants(policy, "SELECT") || !r.concerns(policy) {
			continue
		}
		x, err := sql.ParseExpr(policy.Using)
		if err != nil {
			return
		}
		var said []string
		for _, c := range r.ofRow(x, r.scope(p.table)) {
			text, _ := sql.Print(c, sql.PrintOptions{})
			said = append(said, text)
		}
		if first {
			always, first = said, false
		}
		always = slices.DeleteFunc(always, func(c string) bool { return !slices.Contains(said, c) })
	}
	if len(always) == 0 {
		return
	}
	rule := strings.Join(always, " and ")
	p.asks = append(p.asks, fmt.Sprintf("policies show only rows of %s with %s: may views and functions show others? If not, sees: {%s: {may: own and %s}}",
		p.table.Label(), rule, tableName(p.table), rule))
}

// ofRow is the parts of a condition that are about the row alone, whoever asks.
func (r *referee) ofRow(x sql.Expr, in scope) []sql.Expr {
	var out []sql.Expr
	for _, c := range conjuncts(x) {
		alone := len(sql.Columns(c)) > 0
		sql.Walk(c, func(y sql.Expr) bool {
			switch y := y.(type) {
			case *sql.Column:
				_, known := in.column(y)
				alone = alone && known
			case *sql.Literal, *sql.Compare, *sql.IsNull, *sql.IsBool, *sql.Not, *sql.And, *sql.Or, *sql.Cast, *sql.In, *sql.Array, *sql.AnyArray:
			default:
				alone = false
			}
			return alone
		})
		if alone {
			out = append(out, c)
		}
	}
	return out
}

// withheld asks about columns that a session has no privilege to read, though it reads others
// of the table: a view or a function may show them.
func (b *binder) withheld(s *session) {
	var tables []string
	for _, p := range b.places {
		may := b.survey.Schema.Privileges[s.acts]
		if p.how != model.Owned || p.inherits || may == nil || !some(may[p.table.ID].Select) || !slices.Contains(may[p.table.ID].Select, false) {
			continue
		}
		var shown []string
		for i := range p.table.Columns {
			if may[p.table.ID].Select[i] {
				shown = append(shown, columnName(p.table.Columns[i].Name))
			}
		}
		tables = append(tables, tableName(p.table)+": {may: own, columns: "+flowList(shown)+"}")
	}
	if len(tables) > 0 {
		s.asks = append(s.asks, "it has the privilege to read some columns only: if views and functions may not show it the others either, sees: {"+strings.Join(tables, ", ")+"}")
	}
}
