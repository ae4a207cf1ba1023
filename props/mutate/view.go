package mutate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// views lists what can be done to views. Nothing that stands on one has to be made anew.
func views(c *model.Contract) []Mutant {
	var out []Mutant
	for _, v := range c.Schema.Views {
		l := lentView(c, v)
		if !v.Materialized {
			l.viewRights(v)
		}
		l.viewGrants(v)
		if !v.Materialized {
			l.rewrite()
		}
		out = append(out, l.out...)
	}
	return out
}

func lentView(c *model.Contract, v *model.View) *lent {
	l := &lent{
		contract: c, object: "view " + v.Label(), name: v.Name, text: v.Definition, callers: v.Invoker,
		may: func(role string) bool { return v.Readers[role] != nil || v.Writers[role] != model.ViewWrite{} },
		put: func(_, to string) string { return replaced(v, strings.TrimRight(strings.TrimSpace(to), ";")) },
	}
	if v.Materialized {
		l.object = "materialized " + l.object
	}
	return l
}

// viewRights changes whose rights a view reads with.
func (l *lent) viewRights(v *model.View) {
	view := "ALTER VIEW " + v.SQL()
	if v.Invoker {
		l.alter(Invoker, "security_invoker = false", view, "SET (security_invoker = false)", "SET (security_invoker = true)", "")
	}
	if r := l.contract.Schema.Roles[v.Owner]; !v.Invoker && !r.Super && !r.BypassRLS {
		l.alter(ViewOwner, "OWNER TO the superuser", view, "OWNER TO CURRENT_USER", "OWNER TO "+model.Quote(v.Owner), "")
	}
	if v.Barrier {
		l.add(l.barrier(v, view))
	}
	if v.Check != "" {
		l.alter(CheckOption, "no "+v.Check+" CHECK OPTION", view, "RESET (check_option)", "SET (check_option = "+strings.ToLower(v.Check)+")", l.unchecked(v))
	}
}

// viewGrants gives everybody what some session may not do with a view.
func (l *lent) viewGrants(v *model.View) {
	for _, g := range []struct {
		privilege string
		possible  bool
		may       func(role string) bool
	}{
		{"SELECT", true, func(role string) bool { return v.Readers[role] != nil }},
		{"INSERT", v.Writable.Insert, func(role string) bool { return v.Writers[role].Insert }},
		{"UPDATE", v.Writable.Update, func(role string) bool { return v.Writers[role].Update }},
		{"DELETE", v.Writable.Delete, func(role string) bool { return v.Writers[role].Delete }},
	} {
		lacks := func(s *model.Session) bool { return acting(s) != "" && !g.may(acting(s)) }
		if g.possible && slices.ContainsFunc(l.contract.Sessions, lacks) {
			l.add(Mutant{Kind: TableGrant, Change: "GRANT " + g.privilege + " TO PUBLIC", Do: []string{"GRANT " + g.privilege + " ON " + v.SQL() + " TO PUBLIC"}, Equivalent: l.masked()})
		}
	}
}

// barrier lets conditions of a view's readers come before its own: with functions of their own
// these ask about rows that the view leaves out. A check that is not --strict reports that apart.
func (l *lent) barrier(v *model.View, view string) Mutant {
	m := Mutant{
		Kind: Barrier, Change: "security_barrier = false", strict: true, Equivalent: l.masked(),
		Do: []string{view + " SET (security_barrier = false)"}, // another contract: one that asks
	}
	asks := func(s *model.Session) bool {
		role := acting(s)
		return role == "" || v.Readers[role] != nil && l.contract.Schema.Roles[role].Temporary
	}
	if !slices.ContainsFunc(l.contract.Sessions, asks) {
		m.unseen = "no session that reads it may make functions of its own (TEMPORARY on the database), with which a check asks: name one under sessions"
	}
	return m
}

// unchecked is the rule for a view that no longer checks what is written through it.
func (l *lent) unchecked(v *model.View) string {
	puts := func(s *model.Session) bool {
		w := v.Writers[acting(s)]
		return acting(s) == "" || w.Insert || w.Update
	}
	if !slices.ContainsFunc(l.contract.Sessions, puts) {
		return "no session may put rows into it, or change them"
	}
	return l.masked()
}

// replaced is the statement that gives a view another query and keeps its options,
// privileges and what stands on it.
func replaced(v *model.View, query string) string {
	return fmt.Sprintf(`DO $rlsfuzz$ BEGIN EXECUTE 'CREATE OR REPLACE VIEW ' || %s
    || coalesce((SELECT ' WITH (' || array_to_string(reloptions, ', ') || ')' FROM pg_class WHERE oid = %s::regclass), '') || ' AS ' || %s; END $rlsfuzz$`,
		sql.Constant(v.SQL()), sql.Constant(v.SQL()), sql.Constant(query))
}
