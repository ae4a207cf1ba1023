package draft

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// mostKinds is how many sessions of one role there are at most that differ in a constant.
const mostKinds = 3

// constantsOf is the constants that policies compare a source with, such as kinds of users or
// levels of authentication: each is what some session brings. One that by itself opens the rows
// of every tenant is left out, since whether somebody has it is a question of its own.
func (b *binder) constantsOf(src *Source) []string {
	if _, own := src.selfWritten(); b.role(src) || own && b.preset == "supabase" {
		return nil
	}
	var out []string
	for _, c := range b.e.consts {
		if c.source == src && c.op == "=" && c.value != "" && len(out) < mostKinds && !slices.Contains(out, c.value) && !b.referee.suffices(&c) {
			out = append(out, c.value)
		}
	}
	return out
}

// kinds is the constants of the source that has most of them, a session of the role for each; one
// empty text, for one session, where no source has any.
func (b *binder) kinds(s *session) []string {
	out := []string{""}
	for _, src := range s.sources {
		if src.Role() || b.variable(src, b.userTable(s)) != "" || b.likeNamed(src, b.userTable(s)) != "" {
			continue
		}
		if list := b.constantsOf(src); len(list) > len(out) {
			out = list
		}
	}
	return out
}

// suffices reports whether some policy lets whoever brings a constant at rows of any tenant.
func (r *referee) suffices(c *constant) bool {
	return slices.ContainsFunc(r.survey.Schema.Tables, func(t *model.Table) bool {
		return slices.ContainsFunc(t.Policies, func(p model.Policy) bool {
			return p.Permissive && (r.asks(p.Using, t, c) || r.asks(p.Check, t, c)) && !r.restricted(t, &p)
		})
	})
}

// asks reports whether a condition has an alternative that compares a source with the constant and
// asks nothing else of the session.
func (r *referee) asks(text string, t *model.Table, c *constant) bool {
	x, err := sql.ParseExpr(text)
	if text == "" || err != nil {
		return false
	}
	return slices.ContainsFunc(r.loose(x, r.scope(t)), func(part sql.Expr) bool {
		said, _ := sql.Print(part, sql.PrintOptions{})
		whole := r.survey.closure(said)
		names := func(s string) bool { return strings.Contains(whole, strings.TrimSpace(sql.Constant(s))) }
		return names(c.value) && names(c.source.Setting)
	})
}
