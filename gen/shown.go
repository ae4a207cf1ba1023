package gen

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// showing finds the columns that name a user to whom a row is shown: a rule of some session compares
// them with $user, and another reference says whose the row is. Such a row, a share, may well name
// a user of another tenant.
func (p *Plan) showing() {
	for _, s := range p.Contract.Sessions {
		if s.User == nil {
			continue
		}
		for i, t := range p.Contract.Schema.Tables {
			r := s.Sees[i].Rule
			if r == nil || r.Kind != model.RuleCondition {
				continue
			}
			if e, err := sql.ParseExpr(r.Text); err == nil {
				p.held(e, []alias{{t.Name, t}})
			}
		}
	}
}

// alias is a table under the name that a rule gives it.
type alias struct {
	name  string
	table *model.Table
}

// held notes the columns that a condition compares with the session's user; in is the tables that its
// names may mean, the innermost last.
func (p *Plan) held(e sql.Expr, in []alias) {
	sql.Walk(e, func(x sql.Expr) bool {
		switch x := x.(type) {
		case *sql.Exists:
			inner := slices.Clone(in)
			for _, t := range x.Query.From {
				if found := p.Contract.Schema.Table(cmp.Or(t.Schema, "public"), t.Name); found != nil {
					inner = append(inner, alias{cmp.Or(t.Alias, t.Name), found})
				}
			}
			if x.Query.Where != nil {
				p.held(x.Query.Where, inner)
			}
			return false
		case *sql.Compare:
			col, v := equality(x)
			if user, ok := v.(*sql.Var); ok && col != nil && strings.HasPrefix(user.Name, "user") {
				p.heldAgainst(col, in)
			}
		}
		return true
	})
}

// heldAgainst notes one column that is compared with the user.
func (p *Plan) heldAgainst(col *sql.Column, in []alias) {
	for n := len(in) - 1; n >= 0; n-- {
		t := in[n].table
		i := t.Column(col.Name)
		if i < 0 || col.Qualifier != "" && col.Qualifier != in[n].name {
			continue
		}
		tp := &p.tables[t.ID]
		says := len(tp.tenant) > 0 || p.Contract.Belongs[t.ID].How != model.Owned || slices.ContainsFunc(p.Contract.Belongs[t.ID].Paths, func(path model.TenantPath) bool {
			return path.Key == nil || slices.Contains(path.Key.Columns, i)
		})
		if !says && isReference(t, i) && !slices.Contains(tp.names, i) {
			tp.names = append(tp.names, i)
		}
		return
	}
}
