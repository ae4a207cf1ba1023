package mutate

import (
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// routines lists what can be done to functions and procedures.
func routines(c *model.Contract) []Mutant {
	var out []Mutant
	m := marksOf(c)
	for _, r := range c.Schema.Routines {
		l := lentRoutine(c, r)
		l.routineRights(r)
		if r.Language == "sql" || r.Language == "plpgsql" {
			l.rewrite(&m)
		}
		out = append(out, l.out...)
	}
	return out
}

func lentRoutine(c *model.Contract, r *model.Routine) *lent {
	l := &lent{
		contract: c, object: "function " + r.Label(), name: r.Name, text: r.Source, callers: !r.Definer,
		may: func(role string) bool { return slices.Contains(r.Callers, role) },
		put: func(from, to string) string { return rewritten(r, from, to) },
	}
	if r.Procedure {
		l.object = "procedure " + r.Label()
	}
	if slices.ContainsFunc(c.Schema.Routines, func(o *model.Routine) bool { return o != r && o.Label() == r.Label() }) {
		l.object += "(" + r.Signature + ")"
	}
	return l
}

// routineRights changes whose rights a routine runs with, and who may run it.
func (l *lent) routineRights(r *model.Routine) {
	routine := "ALTER ROUTINE " + r.SQL()
	owner := l.contract.Schema.Roles[r.Owner]
	switch {
	case !r.Definer:
		same := ""
		if !touches(l.contract.Schema, r) {
			same = "it names no table, view or routine of the schema: whose rights it has changes nothing"
		}
		l.alter(Definer, "SECURITY DEFINER", routine, "SECURITY DEFINER", "SECURITY INVOKER", same)
	case !owner.Super && !owner.BypassRLS:
		l.alter(Definer, "OWNER TO the superuser", routine, "OWNER TO CURRENT_USER", "OWNER TO "+model.Quote(r.Owner), "")
	}
	if r.Path {
		l.add(Mutant{Kind: SearchPath, Change: "RESET search_path", Do: []string{routine + " RESET search_path"}, Equivalent: l.masked()})
	}
	if lacks := func(s *model.Session) bool { return !l.uses(s) }; slices.ContainsFunc(l.contract.Sessions, lacks) {
		l.add(Mutant{Kind: Execute, Change: "GRANT EXECUTE TO PUBLIC", Do: []string{"GRANT EXECUTE ON ROUTINE " + r.SQL() + " TO PUBLIC"}, Equivalent: l.newCallers(r)})
	}
}

// newCallers is the rule for who may call a routine that runs with its caller's rights:
// nothing that has other rights, or rules of its own, calls it for them.
func (l *lent) newCallers(r *model.Routine) string {
	s := l.contract.Schema
	lends := func(o *model.Routine) bool {
		return o != r && o.Definer && o.Owner != r.Owner && sql.Mentions(o.Source, r.Name)
	}
	reads := func(v *model.View) bool { return sql.Mentions(v.Definition, r.Name) }
	if r.Definer || inPolicy(s, r.Name) || slices.ContainsFunc(s.Routines, lends) || slices.ContainsFunc(s.Views, reads) {
		return ""
	}
	return l.byCaller()
}

// touches reports whether a routine names something of the schema, or runs text that it
// makes itself.
func touches(s *model.Schema, r *model.Routine) bool {
	return r.Language != "sql" && r.Language != "plpgsql" || slices.ContainsFunc(s.Tables, func(t *model.Table) bool { return leads(s, t, r.Source) })
}

// rewritten is the statement that gives a routine another body and keeps all else.
func rewritten(r *model.Routine, from, to string) string {
	return fmt.Sprintf("DO $rlsfuzz$ BEGIN EXECUTE replace(pg_get_functiondef(%s::regprocedure), %s, %s); END $rlsfuzz$",
		sql.Constant(r.SQL()), sql.Constant(from), sql.Constant(to))
}
