package inventory

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Spread is whose rows a rule lets a session reach, from fewest to most.
type Spread uint8

// The spreads.
const (
	Nothing   Spread = iota
	Shared           // rows that are everybody's
	One              // rows of the session's tenant
	Many             // rows of the session's tenants, which may be several
	Condition        // as a condition says: the tenant does not follow from its form
	All              // rows of every tenant
)

func (s Spread) String() string {
	return [...]string{"nothing", "shared rows", "one tenant", "many tenants", "as a condition says", "all tenants"}[s]
}

// MarshalText writes a spread as JSON has it.
func (s Spread) MarshalText() ([]byte, error) {
	return []byte([...]string{"none", "shared", "one", "many", "condition", "all"}[s]), nil
}

// spread reads a rule of a session over a table.
func spread(r *model.Rule, b *model.Belonging, t *model.Table, s *model.Session) Spread {
	if r == nil || r.Kind == model.RuleNone {
		return Nothing
	}
	if b.How == model.Shared {
		return Shared
	}
	own := One
	if s.Tenants != nil || s.TenantsSQL != "" {
		own = Many
	}
	switch r.Kind {
	case model.RuleAll:
		return All
	case model.RuleOwn:
		return own
	case model.RuleNone, model.RuleCondition:
	}
	e, err := sql.ParseExpr(r.Text)
	if err != nil {
		return Condition
	}
	return (&reading{own: own, belonging: b, table: t}).spread(e)
}

// reading bounds whose rows an expression lets through.
type reading struct {
	own       Spread
	belonging *model.Belonging
	table     *model.Table
}

// spread is the most that an expression lets through: AND narrows, OR widens, and what is not
// understood is a condition.
func (r *reading) spread(e sql.Expr) Spread {
	switch e := e.(type) {
	case *sql.And:
		least := All
		for _, a := range e.Args {
			least = min(least, r.spread(a))
		}
		return least
	case *sql.Or:
		most := Nothing
		for _, a := range e.Args {
			most = max(most, r.spread(a))
		}
		return most
	case *sql.Atom:
		return r.word(e.Name)
	case *sql.Column:
		if e.Qualifier == "" && r.table.Column(e.Name) < 0 {
			return r.word(e.Name)
		}
	case *sql.Literal:
		if e.Type == "boolean" {
			if e.Value.Text == "true" || e.Value.Text == "t" {
				return All
			}
			return Nothing
		}
	case *sql.Compare:
		if e.Op == "=" && (r.tenant(e.L, e.R) || r.tenant(e.R, e.L)) {
			return One
		}
	}
	return Condition
}

// word is the spread of a word of the contract.
func (r *reading) word(name string) Spread {
	switch name {
	case "own":
		return r.own
	case "none":
		return Nothing
	case "shared":
		return Shared
	case "all":
		return All
	}
	return Condition
}

// tenant reports whether a column says whose a row is, and the other side is the
// session's tenant.
func (r *reading) tenant(column, other sql.Expr) bool {
	c, isColumn := column.(*sql.Column)
	v, isVar := other.(*sql.Var)
	if !isColumn || !isVar || v.Name != "tenant" {
		return false
	}
	i := r.table.Column(c.Name)
	return i >= 0 && slices.ContainsFunc(r.belonging.Paths, func(p model.TenantPath) bool { return p.Column == i })
}
