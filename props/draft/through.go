package draft

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// openedAbove is the condition that what a row hangs on is open to a session, and that the row is
// shown with it.
func (b *binder) openedAbove(s *session, p *place) string {
	for i := range p.table.ForeignKeys {
		k := &p.table.ForeignKeys[i]
		if k.Target == nil || k.Target == p.table || !always(p.table, k) || !b.readsThrough(p.table, k.Target, s.acts) {
			continue
		}
		above := b.openTo(s, k.Target, "m.")
		if above == "" {
			continue
		}
		if above = hanging(p.table, k, above); !b.keptBack(p.table, k.Target) {
			return above
		}
		ask := fmt.Sprintf("rows of %s are everybody's once they are opened, but policies show those of %s that hang on them to fewer sessions: are they open too? If so, sees: {%s: {may: %s}}",
			k.Target.Label(), p.table.Label(), tableName(p.table), strconv.Quote("own or "+above))
		if !slices.Contains(p.asks, ask) {
			p.asks = append(p.asks, ask)
		}
	}
	return ""
}

// hanging is the condition that the row of a table which a foreign key leads to fulfils another one, in
// which it is m.
func hanging(t *model.Table, k *model.ForeignKey, above string) string {
	var on []string
	for i, c := range k.Columns {
		on = append(on, "m."+sql.QuoteName(k.Target.Columns[k.Targets[i]].Name)+" = "+sql.QuoteName(t.Name)+"."+sql.QuoteName(t.Columns[c].Name))
	}
	return fmt.Sprintf("EXISTS (SELECT FROM %s m WHERE %s AND (%s))", sqlName(k.Target), strings.Join(on, " AND "), above)
}

// readsThrough reports whether a policy for reading a table shows a row with the one of another table
// that it hangs on, or asks a function that looks at the flags by which that one is opened.
func (b *binder) readsThrough(t, other *model.Table, role string) bool {
	return slices.ContainsFunc(t.Policies, func(p model.Policy) bool {
		if !grants(&p, "SELECT") || !b.survey.applies(&p, role) {
			return false
		}
		if stands(p.Using, other.Name) && b.referee.follows(p.Using, t, other) {
			return true
		}
		bodies := strings.TrimPrefix(b.survey.closure(p.Using), p.Using)
		return stands(bodies, other.Name) && slices.ContainsFunc(b.referee.openings(other, role), func(o opening) bool {
			return slices.ContainsFunc(o.flags, func(f flag) bool { return stands(bodies, other.Columns[f.column].Name) })
		})
	})
}

// follows reports whether an alternative of a policy's condition asks for a row of another table, and
// nothing of the session: whoever sees that row gets this one.
func (r *referee) follows(text string, t, other *model.Table) bool {
	x, err := sql.ParseExpr(text)
	if err != nil {
		return true
	}
	return slices.ContainsFunc(disjuncts(x), func(part sql.Expr) bool {
		asks := false
		for _, one := range conjuncts(part) {
			said, _ := sql.Print(one, sql.PrintOptions{})
			query := subquery(one)
			switch {
			case query != nil && !r.freely(query, r.scope(t)), query == nil && len(r.loose(one, r.scope(t))) == 0 && !stands(said, other.Name):
				return false
			}
			asks = asks || stands(said, other.Name)
		}
		return asks
	})
}

// subquery is the query of EXISTS or IN; nil for any other condition.
func subquery(x sql.Expr) *sql.Query {
	switch x := x.(type) {
	case *sql.Exists:
		return x.Query
	case *sql.InQuery:
		if !x.Not {
			return x.Query
		}
	}
	return nil
}

// freely reports whether a query gives rows whoever asks: no part of its condition ties them to the
// session.
func (r *referee) freely(q *sql.Query, in scope) bool {
	if q.Opaque != nil {
		return true
	}
	inner := in.with(q)
	var all []sql.Expr
	for _, t := range q.From {
		if t.On != nil {
			all = append(all, conjuncts(t.On)...)
		}
	}
	if q.Where != nil {
		all = append(all, conjuncts(q.Where)...)
	}
	return !slices.ContainsFunc(all, func(x sql.Expr) bool {
		if nested := subquery(x); nested != nil {
			return !r.freely(nested, inner)
		}
		return len(r.loose(x, inner)) == 0
	})
}

// keptBack reports whether rows of a table are shown to fewer sessions than the rows that they hang
// on: a role reads those once they are opened, and no policy shows it the others.
func (b *binder) keptBack(t, other *model.Table) bool {
	reads := func(role string, t *model.Table) bool {
		list := b.survey.Schema.Privileges[role]
		return list != nil && list[t.ID].Usage && some(list[t.ID].Select)
	}
	return slices.ContainsFunc(b.cast.actors, func(a *actor) bool {
		role := a.acts()
		opened := slices.ContainsFunc(b.referee.openings(other, role), func(o opening) bool { return !o.signed })
		return opened && reads(role, other) && !(reads(role, t) && b.readsThrough(t, other, role))
	})
}

// admits is the rule by which whoever may see an opened row adds rows that hang on it, such as remarks
// about an article: a policy for INSERT asks for its flags, and nothing of the session. It is nil
// without one, and where more than that row says whose the new one is.
func (b *binder) admits(s *session, p *place) *entry {
	for i := range p.table.ForeignKeys {
		k := &p.table.ForeignKeys[i]
		if k.Target == nil || !always(p.table, k) || !slices.Equal(p.ways, []string{arrow(p.table, k)}) || p.query != "" {
			continue
		}
		above := b.openTo(s, k.Target, "m.")
		policy := slices.IndexFunc(p.table.Policies, func(o model.Policy) bool {
			return o.Permissive && o.Command == "INSERT" && b.survey.applies(&o, s.acts) && stands(o.Check, k.Target.Name) && b.referee.follows(o.Check, p.table, k.Target) &&
				slices.ContainsFunc(b.referee.openings(k.Target, s.acts), func(open opening) bool {
					return !slices.ContainsFunc(open.flags, func(f flag) bool { return !stands(o.Check, k.Target.Columns[f.column].Name) })
				})
		})
		if above == "" || policy < 0 {
			continue
		}
		may, rest := hanging(p.table, k, above), "none"
		if !s.alien() {
			may, rest = "own or "+may, "{may: own}"
		}
		return &entry{
			p.table, fmt.Sprintf("{insert: {may: %s}, update: %s, delete: %[2]s}", strconv.Quote(may), rest),
			fmt.Sprintf("? policy %q lets sessions add rows to any that are opened: meant?", p.table.Policies[policy].Name),
		}
	}
	return nil
}
