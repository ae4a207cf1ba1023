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
		e := routineEditor{contract: c, routine: r}
		e.rights()
		if r.Language == "sql" || r.Language == "plpgsql" {
			for _, w := range m.rewritings(c.Schema, r.Source, nil) {
				same := w.same
				if same == "" {
					same = e.callers()
				}
				e.add(Mutant{Kind: w.kind, Change: w.change, Do: []string{rewritten(r, r.Source, w.text)}, Back: []string{rewritten(r, w.text, r.Source)}, Equivalent: same})
			}
		}
		out = append(out, e.out...)
	}
	return out
}

// routineEditor collects the mutants of one routine.
type routineEditor struct {
	contract *model.Contract
	routine  *model.Routine
	out      []Mutant
}

func (e *routineEditor) add(m Mutant) {
	r := e.routine
	m.Object, m.Of = "function "+r.Label(), r.Name
	if r.Procedure {
		m.Object = "procedure " + r.Label()
	}
	if overloaded(e.contract.Schema, r) {
		m.Object += "(" + r.Signature + ")"
	}
	if m.Equivalent == "" && m.Kind != Execute && !e.used() {
		m.Equivalent = "no session may execute " + r.Label() + ", and nothing that one uses calls it"
	}
	e.out = append(e.out, m)
}

func overloaded(s *model.Schema, r *model.Routine) bool {
	return slices.ContainsFunc(s.Routines, func(o *model.Routine) bool { return o != r && o.Label() == r.Label() })
}

func (e *routineEditor) calls(s *model.Session) bool {
	role := acting(s)
	return role == "" || slices.Contains(e.routine.Callers, role)
}

func (e *routineEditor) used() bool {
	return slices.ContainsFunc(e.contract.Sessions, e.calls) || named(e.contract.Schema, e.routine.Name, e.routine.Source)
}

// callers is the rule for a routine that runs with its caller's rights.
func (e *routineEditor) callers() string {
	r := e.routine
	if r.Definer || named(e.contract.Schema, r.Name, r.Source) || narrower(e.contract, r.Name) {
		return ""
	}
	return "masked by row security: the routine runs with its caller's rights (SECURITY INVOKER), and does what the caller may do anyway"
}

// newCallers is the rule for who may call a routine that runs with its caller's rights:
// nothing that has other rights, or rules of its own, calls it for them.
func (e *routineEditor) newCallers() string {
	r := e.routine
	s := e.contract.Schema
	lends := func(o *model.Routine) bool {
		return o != r && o.Definer && o.Owner != r.Owner && sql.Mentions(o.Source, r.Name)
	}
	reads := func(v *model.View) bool { return sql.Mentions(v.Definition, r.Name) }
	if r.Definer || inPolicy(s, r.Name) || slices.ContainsFunc(s.Routines, lends) || slices.ContainsFunc(s.Views, reads) {
		return ""
	}
	return "masked by row security: the routine runs with its caller's rights (SECURITY INVOKER), and does what the caller may do anyway"
}

// rights changes whose rights the routine runs with, and who may run it.
func (e *routineEditor) rights() {
	r := e.routine
	alter := func(what string) []string { return []string{"ALTER ROUTINE " + r.SQL() + " " + what} }
	owner := e.contract.Schema.Roles[r.Owner]
	if !r.Definer {
		m := Mutant{Kind: Definer, Change: "SECURITY DEFINER", Do: alter("SECURITY DEFINER"), Back: alter("SECURITY INVOKER")}
		if !e.touches() {
			m.Equivalent = "it names no table, view or routine of the schema: whose rights it has changes nothing"
		}
		e.add(m)
	} else if !owner.Super && !owner.BypassRLS {
		e.add(Mutant{Kind: Definer, Change: "OWNER TO the superuser", Do: alter("OWNER TO CURRENT_USER"), Back: alter("OWNER TO " + model.Quote(r.Owner))})
	}
	if r.Path {
		m := Mutant{Kind: SearchPath, Change: "RESET search_path", Do: alter("RESET search_path"), Equivalent: e.callers()}
		e.add(m)
	}
	if lacks := func(s *model.Session) bool { return !e.calls(s) }; slices.ContainsFunc(e.contract.Sessions, lacks) {
		m := Mutant{Kind: Execute, Change: "GRANT EXECUTE TO PUBLIC", Do: []string{"GRANT EXECUTE ON ROUTINE " + r.SQL() + " TO PUBLIC"}, Equivalent: e.newCallers()}
		e.add(m)
	}
}

// touches reports whether the routine names something of the schema, or runs text that it
// makes itself.
func (e *routineEditor) touches() bool {
	if e.routine.Language != "sql" && e.routine.Language != "plpgsql" {
		return true
	}
	names := []string{"execute"}
	for _, t := range e.contract.Schema.Tables {
		names = append(names, t.Name)
	}
	for _, v := range e.contract.Schema.Views {
		names = append(names, v.Name)
	}
	for _, r := range e.contract.Schema.Routines {
		if r != e.routine {
			names = append(names, r.Name)
		}
	}
	return slices.ContainsFunc(names, func(name string) bool { return sql.Mentions(e.routine.Source, name) })
}

// rewritten is the statement that gives a routine another body and keeps all else.
func rewritten(r *model.Routine, from, to string) string {
	return fmt.Sprintf("DO $rlsfuzz$ BEGIN EXECUTE replace(pg_get_functiondef(%s::regprocedure), %s, %s); END $rlsfuzz$",
		sql.Constant(r.SQL()), sql.Constant(from), sql.Constant(to))
}
