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
		e := viewEditor{contract: c, view: v}
		if v.Materialized {
			e.grant("materialized view")
			out = append(out, e.out...)
			continue
		}
		e.rights()
		e.grant("view")
		query := strings.TrimRight(strings.TrimSpace(v.Definition), ";")
		for _, w := range m.rewritings(c.Schema, query, nil) {
			e.add(Mutant{Kind: w.kind, Change: w.change, Do: []string{replaced(v, w.text)}, Back: []string{replaced(v, query)}, Equivalent: w.same})
			if w.same == "" {
				e.last().Equivalent = e.callers()
			}
		}
		out = append(out, e.out...)
	}
	return out
}

// viewEditor collects the mutants of one view.
type viewEditor struct {
	contract *model.Contract
	view     *model.View
	out      []Mutant
}

func (e *viewEditor) add(m Mutant) {
	m.Object, m.Of = "view "+e.view.Label(), e.view.Name
	if e.view.Materialized {
		m.Object = "materialized " + m.Object
	}
	if m.Equivalent == "" && !e.used() && m.Kind != TableGrant {
		m.Equivalent = "no session has a privilege on " + e.view.Label() + ", and nothing that one uses reads it"
	}
	e.out = append(e.out, m)
}

func (e *viewEditor) last() *Mutant { return &e.out[len(e.out)-1] }

// used reports whether a session reaches the view, by itself or through what names it.
func (e *viewEditor) used() bool {
	return slices.ContainsFunc(e.contract.Sessions, func(s *model.Session) bool {
		role := acting(s)
		return role == "" || e.view.Readers[role] != nil || e.view.Writers[role] != model.ViewWrite{}
	}) || named(e.contract.Schema, e.view.Name, e.view.Definition)
}

// callers is the rule for a view that reads with its caller's rights.
func (e *viewEditor) callers() string {
	if !e.view.Invoker || named(e.contract.Schema, e.view.Name, e.view.Definition) || narrower(e.contract, e.view.Name) {
		return ""
	}
	return "masked by row security: the view reads with its caller's rights (security_invoker), and shows what the caller may read anyway"
}

// rights changes whose rights the view reads with.
func (e *viewEditor) rights() {
	v := e.view
	alter := "ALTER VIEW " + v.SQL() + " "
	if v.Invoker {
		e.add(Mutant{Kind: Invoker, Change: "security_invoker = false", Do: []string{alter + "SET (security_invoker = false)"}, Back: []string{alter + "SET (security_invoker = true)"}})
	}
	if r := e.contract.Schema.Roles[v.Owner]; !v.Invoker && !r.Super && !r.BypassRLS {
		e.add(Mutant{Kind: ViewOwner, Change: "OWNER TO the superuser", Do: []string{alter + "OWNER TO CURRENT_USER"}, Back: []string{alter + "OWNER TO " + model.Quote(v.Owner)}})
	}
	if v.Barrier {
		e.add(Mutant{Kind: Barrier, Change: "security_barrier = false", Do: []string{alter + "SET (security_barrier = false)"}})
		if v.Invoker {
			e.last().Equivalent = e.callers()
		}
	}
}

// grant lets everybody read the view.
func (e *viewEditor) grant(what string) {
	lacks := slices.ContainsFunc(e.contract.Sessions, func(s *model.Session) bool { role := acting(s); return role != "" && e.view.Readers[role] == nil })
	m := Mutant{Kind: TableGrant, Change: "GRANT SELECT TO PUBLIC", Do: []string{"GRANT SELECT ON " + e.view.SQL() + " TO PUBLIC"}}
	switch {
	case !lacks:
		return
	case e.view.Invoker:
		m.Equivalent = e.callers()
	}
	m.Object = what
	e.add(m)
}

// replaced is the statement that gives a view another query and keeps its options,
// privileges and what stands on it.
func replaced(v *model.View, query string) string {
	return fmt.Sprintf(`DO $rlsfuzz$ BEGIN EXECUTE 'CREATE OR REPLACE VIEW ' || %s
    || coalesce((SELECT ' WITH (' || array_to_string(reloptions, ', ') || ')' FROM pg_class WHERE oid = %s::regclass), '') || ' AS ' || %s; END $rlsfuzz$`,
		sql.Constant(v.SQL()), sql.Constant(v.SQL()), sql.Constant(query))
}

// named reports whether a policy, or another view, function or index, names an object: what
// it does then matters elsewhere. own is its own text.
func named(s *model.Schema, name, own string) bool {
	return inPolicy(s, name) || slices.ContainsFunc(s.Texts, func(x model.Text) bool { return x.Body != own && sql.Mentions(x.Body, name) })
}

// inPolicy reports whether a policy names an object.
func inPolicy(s *model.Schema, name string) bool {
	return slices.ContainsFunc(s.Tables, func(t *model.Table) bool {
		return slices.ContainsFunc(t.Policies, func(p model.Policy) bool { return sql.Mentions(p.Using, name) || sql.Mentions(p.Check, name) })
	})
}

// narrower reports whether a path of the contract through an object says itself what may
// be seen or changed there.
func narrower(c *model.Contract, name string) bool {
	return slices.ContainsFunc(c.Paths, func(p *model.Path) bool {
		if !slices.ContainsFunc(p.Run, func(text string) bool { return sql.Mentions(text, name) }) {
			return false
		}
		return p.Program != nil || slices.ContainsFunc(p.Users, func(u model.PathUser) bool { return narrows(c, &u) })
	})
}

// narrows reports whether a path's rules for a session differ from the session's own.
func narrows(c *model.Contract, u *model.PathUser) bool {
	if u.Said != nil {
		return true
	}
	for _, t := range c.Schema.Tables {
		if a, b := u.Sees[t.ID].Rule, u.Session.Sees[t.ID].Rule; a != b && a.Text != b.Text {
			return true
		}
	}
	return false
}
