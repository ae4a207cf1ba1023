package draft

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// referee compares policies with the draft, which was made without them: where a policy
// says something else, one of the two is wrong.
type referee struct {
	survey *Survey
	e      *evidence
	d      *domains
	t      tenancy
	cast   cast

	outside []string // roles of sessions whose users are in no tenant
}

// differs notes at a table where its policies say something other than the draft.
func (r *referee) differs(p *place) {
	t := p.table
	if p.how != model.Owned {
		return
	}
	if !t.RowSecurity {
		if r.cast.reach(r.survey.Schema, t) {
			p.notes = append(p.notes, "row security is off: whoever has a privilege sees every tenant's rows")
		}
		return
	}
	for i := range t.Policies {
		policy := &t.Policies[i]
		if !policy.Permissive || !r.concerns(policy) || r.restricted(t, policy) {
			continue
		}
		r.compare(p, policy)
		r.upward(p, policy)
	}
	r.narrower(p)
}

// grants reports whether a policy is permissive and holds for a command.
func grants(p *model.Policy, command string) bool {
	return p.Permissive && (p.Command == command || p.Command == "ALL")
}

// concerns reports whether a policy is for a role that sessions run as.
func (r *referee) concerns(p *model.Policy) bool {
	return slices.ContainsFunc(r.cast.actors, func(a *actor) bool { return r.survey.applies(p, a.acts()) })
}

// restricted reports whether a restrictive policy ties the rows of a permissive one to the session
// all the same.
func (r *referee) restricted(t *model.Table, p *model.Policy) bool {
	return slices.ContainsFunc(t.Policies, func(o model.Policy) bool {
		if o.Permissive || o.Command != "ALL" && o.Command != p.Command || o.Using == "" {
			return false
		}
		x, err := sql.ParseExpr(o.Using)
		return err == nil && len(r.loose(x, r.scope(t))) == 0
	})
}

// scope is the scope of the policies of a table.
func (r *referee) scope(t *model.Table) scope { return scope{survey: r.survey, base: t} }

// compare notes what one permissive policy lets through whoever asks, and comparisons by another
// operator than =.
func (r *referee) compare(p *place, policy *model.Policy) {
	said := map[string]bool{}
	if policy.Command == "INSERT" && p.table == r.t.home() && !r.t.byUser {
		return // the draft lets a session make a tenant
	}
	for _, part := range []struct{ what, text string }{{"shows", policy.Using}, {"takes", policy.Check}} {
		x, err := sql.ParseExpr(part.text)
		if part.text == "" || err != nil {
			continue
		}
		for _, b := range r.loose(x, r.scope(p.table)) {
			text, _ := sql.Print(b, sql.PrintOptions{})
			if said[text] {
				continue
			}
			said[text] = true
			verb := part.what
			if policy.Command == "UPDATE" || policy.Command == "DELETE" {
				verb = "lets change"
			}
			note := fmt.Sprintf("policy %q for %s %s rows of any tenant where %s: meant?", policy.Name, policy.Command, verb, short(text))
			switch o, hidden := r.opening(b, p.table); {
			case policy.Command != "SELECT":
			case hidden:
				note += " The draft takes it so, since no row is like that by default"
			case o.alone && slices.ContainsFunc(r.outside, func(role string) bool { return r.forOutside(policy, role) }):
				note += " The draft takes it so, since its role brings no tenant"
			}
			p.notes = append(p.notes, note)
		}
		for _, q := range r.unequal(x, r.scope(p.table)) {
			p.notes = append(p.notes, fmt.Sprintf("policy %q for %s compares %s by %s, not by =: meant?", policy.Name, policy.Command, q.column.name(), q.op))
		}
	}
}

// short is a text in one line of at most 88 characters.
func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 90 {
		return string(r[:87]) + "…"
	}
	return s
}

// loose is the alternatives of a condition (the parts of its ORs) that are not tied to the session:
// they let rows through whoever asks.
func (r *referee) loose(x sql.Expr, in scope) []sql.Expr {
	switch x := x.(type) {
	case *sql.Or:
		var out []sql.Expr
		for _, a := range x.Args {
			out = append(out, r.loose(a, in)...)
		}
		return out
	case *sql.And:
		for _, a := range x.Args {
			if len(r.loose(a, in)) == 0 {
				return nil
			}
		}
		return []sql.Expr{x}
	}
	if never(x) || r.otherRole(x) || r.tied(x, in) {
		return nil
	}
	return []sql.Expr{x}
}

// never reports whether a condition is the constant false.
func never(x sql.Expr) bool {
	l, ok := bare(x).(*sql.Literal)
	return ok && (l.Value.Null || l.Type == "boolean" && l.Value.Text == "f" || l.Value.Text == "false")
}

// otherRole reports whether a condition holds only for a role that no session runs as.
func (r *referee) otherRole(x sql.Expr) bool {
	c, ok := x.(*sql.Compare)
	if !ok || c.Op != "=" {
		return false
	}
	for _, side := range [][2]sql.Expr{{c.L, c.R}, {c.R, c.L}} {
		l, is := bare(side[1]).(*sql.Literal)
		if !is || l.Value.Null || r.e.source(side[0]) == nil {
			continue
		}
		if _, role := r.survey.Schema.Roles[l.Value.Text]; role {
			return !slices.ContainsFunc(r.cast.actors, func(a *actor) bool { return a.acts() == l.Value.Text })
		}
	}
	return false
}

// tied reports whether a condition compares some column with what the session brings. Where that
// cannot be told, as of a function of the schema's own with a column, it counts as tied: no
// question is better than a wrong one.
func (r *referee) tied(x sql.Expr, in scope) bool {
	switch x := x.(type) {
	case *sql.Compare:
		return r.pair(x.L, x.R, in) || r.pair(x.R, x.L, in) || r.reads(x)
	case *sql.IsDistinct:
		return x.Not && (r.pair(x.L, x.R, in) || r.pair(x.R, x.L, in))
	case *sql.AnyArray:
		return !x.Not && (r.pair(x.X, x.Array, in) || r.reads(x) || r.member(x, in))
	case *sql.InQuery:
		_, ok := in.holder(x.X)
		return !x.Not && ok
	case *sql.Exists:
		return r.outer(x, in)
	case *sql.IsBool:
		return r.tied(x.X, in)
	case *sql.Not: // as Postgres prints IS NOT DISTINCT FROM
		if d, ok := x.X.(*sql.IsDistinct); ok {
			return !d.Not && (r.pair(d.L, d.R, in) || r.pair(d.R, d.L, in))
		}
	}
	return r.reads(x)
}

// member reports whether a condition asks the lists of a tenant's users for the session's own.
func (r *referee) member(x *sql.AnyArray, in scope) bool {
	cols, m := r.e.together(x.Array, in), r.t.member
	return len(cols) > 0 && m != nil && r.e.source(x.X) != nil && !slices.ContainsFunc(cols, func(c Column) bool {
		return c.Table != m.table || !m.inList(m.member) || c.Column != m.member && !slices.Contains(m.more, c.Column)
	})
}

// pair reports whether l is a column and r a value of the session.
func (r *referee) pair(l, v sql.Expr, in scope) bool {
	_, ok := in.holder(l)
	return ok && r.e.source(v) != nil
}

// outer reports whether a sub-select names a column of the policy's own table, or one that it
// cannot place.
func (r *referee) outer(x *sql.Exists, in scope) bool {
	if x.Query.Opaque != nil {
		return true
	}
	inner := in.with(x.Query)
	found := false
	sql.Walk(x, func(e sql.Expr) bool {
		if c, ok := e.(*sql.Column); ok {
			at, known := inner.column(c)
			found = found || known && at.Table == in.base || !known
		}
		return !found
	})
	return found
}

// reads reports whether a condition has a part, a key of a JSON document or SQL that only Postgres
// understands, in which a column and what the session brings may meet.
func (r *referee) reads(x sql.Expr) bool {
	found := false
	sql.Walk(x, func(e sql.Expr) bool {
		field := false
		switch e.(type) {
		case *sql.Field:
			field = true
		case *sql.Opaque:
		default:
			return !found
		}
		text, _ := sql.Print(e, sql.PrintOptions{})
		whole := r.survey.closure(text)
		found = found || len(sql.Columns(e)) > 0 && (readsSession(whole) || !field && (len(whole) > len(text) || len(sql.Tables(e)) > 0))
		return !found
	})
	return found
}

// unequal is the comparisons of a tenant's or user's column with the session by another operator
// than =.
func (r *referee) unequal(x sql.Expr, in scope) []equality {
	var out []equality
	sql.Walk(x, func(e sql.Expr) bool {
		c, ok := e.(*sql.Compare)
		if !ok || c.Op == "=" {
			return true
		}
		for _, side := range [][2]sql.Expr{{c.L, c.R}, {c.R, c.L}} {
			col, is := in.holder(side[0])
			m := r.d.of[col]
			if s := r.e.source(side[1]); is && s != nil && m != nil && (m == r.t.tenants || m == r.t.users) {
				out = append(out, equality{column: col, source: s, op: c.Op, table: in.base})
			}
		}
		return true
	})
	return out
}
