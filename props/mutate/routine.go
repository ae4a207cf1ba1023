package mutate

import (
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/carrier"
	"github.com/rlsfuzz/rlsfuzz/props/catalog"
)

// routines lists what can be done to functions and procedures.
func routines(c *model.Contract) []Mutant {
	var out []Mutant
	for _, r := range c.Schema.Routines {
		l := lentRoutine(c, r)
		if r.Aggregate == nil {
			l.routineRights(r)
		}
		l.execute(r)
		if r.Language == "sql" || r.Language == "plpgsql" {
			l.rewrite()
		}
		out = append(out, l.out...)
	}
	for _, r := range c.Schema.Helpers { // no session calls one, and whoever it is, it answers policies
		l := lentRoutine(c, r)
		l.searchPath(r)
		l.constant(r)
		if r.Language == "sql" || r.Language == "plpgsql" {
			l.rewrite()
		}
		out = append(out, l.out...)
	}
	return out
}

// constant has a function claim that its result follows from its arguments alone, though it
// asks for what differs between sessions: a plan that is kept goes on with the result that it
// was made with.
func (l *lent) constant(r *model.Routine) {
	s := l.contract.Schema
	is := func(o *model.Routine) bool {
		return o.Schema == r.Schema && o.Name == r.Name && o.Signature == r.Signature
	}
	if r.Procedure || slices.ContainsFunc(s.Frozen, is) || !differs(s, r, nil) || stores(r) {
		return
	}
	l.add(Mutant{Kind: Immutable, Change: "IMMUTABLE", Do: []string{"ALTER FUNCTION " + r.SQL() + " IMMUTABLE"}, Equivalent: unplanned(l.contract, r)})
}

// stores reports whether a function writes, which Postgres refuses in one that is not
// VOLATILE: nobody could call it.
func stores(r *model.Routine) bool {
	return slices.ContainsFunc([]string{"insert", "update", "delete", "merge", "create", "set_config"}, func(word string) bool { return sql.Mentions(r.Source, word) })
}

// differs reports whether what a function returns may differ between sessions.
func differs(s *model.Schema, r *model.Routine, seen []*model.Routine) bool {
	if slices.ContainsFunc(catalog.Changing(s), func(name string) bool { return sql.Mentions(r.Source, name) }) {
		return true
	}
	seen = append(seen, r)
	return slices.ContainsFunc(slices.Concat(s.Routines, s.Helpers), func(o *model.Routine) bool {
		return !slices.Contains(seen, o) && sql.Mentions(r.Source, o.Name) && differs(s, o, seen)
	})
}

// unplanned is the rule for a function whose result no plan holds: it is called with what a
// row or a caller says, which a plan does not know.
func unplanned(c *model.Contract, r *model.Routine) string {
	switch {
	case r.Set:
		return "it returns rows, and no plan keeps these"
	case len(r.Args) == 0:
		return ""
	}
	s := c.Schema
	var texts []string
	for _, p := range c.Paths {
		texts = append(texts, p.Run...)
	}
	for _, t := range s.Tables {
		for i := range t.Policies {
			texts = append(texts, t.Policies[i].Using, t.Policies[i].Check)
		}
	}
	for i := range s.Texts {
		if s.Texts[i].Body != r.Source {
			texts = append(texts, s.Texts[i].Body)
		}
	}
	for _, text := range texts {
		for _, args := range carrier.Calls(text, r) {
			if !slices.ContainsFunc(args, varies) {
				return ""
			}
		}
	}
	return "each call of it has an argument that a row or a caller gives: no plan keeps its result"
}

// varies reports whether an argument is no constant of the text.
func varies(arg string) bool {
	e, err := sql.ParseExpr(arg)
	return err == nil && len(sql.Columns(e))+len(sql.Vars(e)) > 0
}

func lentRoutine(c *model.Contract, r *model.Routine) *lent {
	l := &lent{
		contract: c, object: r.Kind() + " " + r.Label(), name: r.Name, text: r.Source, callers: !r.Definer,
		may: func(role string) bool { return slices.Contains(r.Callers, role) },
		put: func(from, to string) string { return rewritten(r, from, to) },
	}
	if slices.ContainsFunc(slices.Concat(c.Schema.Routines, c.Schema.Helpers), func(o *model.Routine) bool { return o != r && o.Label() == r.Label() }) {
		l.object += "(" + r.Signature + ")"
	}
	return l
}

// routineRights changes whose rights a routine runs with.
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
	l.searchPath(r)
	l.constant(r)
}

// execute lets everybody run a routine.
func (l *lent) execute(r *model.Routine) {
	if lacks := func(s *model.Session) bool { return !l.uses(s) }; slices.ContainsFunc(l.contract.Sessions, lacks) {
		l.add(Mutant{Kind: Execute, Change: "GRANT EXECUTE TO PUBLIC", Do: []string{"GRANT EXECUTE ON ROUTINE " + r.SQL() + " TO PUBLIC"}, Equivalent: l.newCallers(r)})
	}
}

// searchPath leaves it to the caller which tables a routine takes. A check puts views in their place
// that run code of the session's own with the routine's rights; where policies ask it, a table, unless
// it does so already of another function. What that shows is reported apart.
func (l *lent) searchPath(r *model.Routine) {
	if !r.Pinned {
		return
	}
	known := func(p *model.Path) bool {
		return p.Shadow != nil && len(p.Shadow.Put) == 0 && sql.Takes(r.Source, p.Shadow.Taken.Name)
	}
	same := l.masked()
	if same == "" && !touches(l.contract.Schema, r) {
		same = "it names no table, view or routine of the schema: its caller's search path finds it nothing else"
	}
	lends := r.Definer && r.Unfit == "" && slices.ContainsFunc(l.contract.Sessions, l.uses)
	l.add(Mutant{
		Kind: SearchPath, Change: "RESET search_path", Do: []string{"ALTER ROUTINE " + r.SQL() + " RESET search_path"}, Equivalent: same,
		strict: lends || asked(l.contract.Schema, r, nil) && !slices.ContainsFunc(l.contract.Paths, known),
	})
}

// asked reports whether policies ask a routine, or what calls it.
func asked(s *model.Schema, r *model.Routine, seen []*model.Routine) bool {
	seen = append(seen, r)
	return inPolicy(s, r.Name) || slices.ContainsFunc(slices.Concat(s.Routines, s.Helpers), func(o *model.Routine) bool {
		return !slices.Contains(seen, o) && sql.Mentions(o.Source, r.Name) && asked(s, o, seen)
	})
}

// newCallers is the rule for who may call a routine that runs with its caller's rights: nothing that
// has other rights, or rules of its own, calls it for them, nor is an aggregate made of such.
func (l *lent) newCallers(r *model.Routine) string {
	s := l.contract.Schema
	lends := func(o *model.Routine) bool {
		if o == r || !o.Definer {
			return false
		}
		return o.Owner != r.Owner && sql.Mentions(o.Source, r.Name) || r.Aggregate != nil && sql.Mentions(r.Source, o.Name)
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
