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
	m := marksOf(c)
	for _, v := range c.Schema.Views {
		l := lentView(c, v)
		if !v.Materialized {
			l.viewRights(v)
		}
		lacks := func(s *model.Session) bool { return acting(s) != "" && v.Readers[acting(s)] == nil }
		if slices.ContainsFunc(c.Sessions, lacks) {
			l.add(Mutant{Kind: TableGrant, Change: "GRANT SELECT TO PUBLIC", Do: []string{"GRANT SELECT ON " + v.SQL() + " TO PUBLIC"}, Equivalent: l.masked()})
		}
		if !v.Materialized {
			l.rewrite(&m)
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
		l.alter(Barrier, "security_barrier = false", view, "SET (security_barrier = false)", "SET (security_barrier = true)", l.masked())
	}
}

// replaced is the statement that gives a view another query and keeps its options,
// privileges and what stands on it.
func replaced(v *model.View, query string) string {
	return fmt.Sprintf(`DO $rlsfuzz$ BEGIN EXECUTE 'CREATE OR REPLACE VIEW ' || %s
    || coalesce((SELECT ' WITH (' || array_to_string(reloptions, ', ') || ')' FROM pg_class WHERE oid = %s::regclass), '') || ' AS ' || %s; END $rlsfuzz$`,
		sql.Constant(v.SQL()), sql.Constant(v.SQL()), sql.Constant(query))
}
