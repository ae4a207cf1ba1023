package contract

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// found adds the views and routines that some session may reach, as paths. What a
// session reaches through a path of the contract that names the object is that path's.
func (r *resolver) found() {
	named := r.contract.Paths
	for _, v := range r.schema.Views {
		p := &model.Path{Name: "view " + v.Label(), Kind: "view", View: v}
		if v.Materialized {
			p.Name = "materialized " + p.Name
		}
		for _, s := range r.users(named, v.Name, func(role string) bool { return v.Readers[role] != nil }) {
			r.use(p, s, []model.Transaction{{Statements: []model.PathStatement{{Text: selection(v, r.actor(s))}}}})
		}
		r.add(p)
		if !v.Materialized {
			r.viewWrites(named, v, "view", anyWrite)
			r.condition(v)
		}
	}
	r.parts(named)
	r.fired(named)
	r.keyed()
	r.shadows()
	r.ownCode()
	overloaded := map[string]int{}
	for _, m := range r.schema.Routines {
		overloaded[m.Label()]++
	}
	for _, m := range r.schema.Routines {
		p := calling(m)
		p.Name, p.Untried = m.Kind()+" "+m.Label(), m.Unfit
		if overloaded[m.Label()] > 1 {
			p.Name += "(" + m.Signature + ")"
		}
		for _, s := range r.contract.Sessions {
			if slices.Contains(m.Callers, r.actor(s)) {
				r.call(p, s, named)
			}
		}
		r.add(p)
	}
	r.notified()
}

// calling is a path that calls a routine. Where its arguments come from, the generator finds out.
func calling(m *model.Routine) *model.Path {
	p := &model.Path{Kind: "function", Routine: m}
	for range m.Args {
		p.Args = append(p.Args, model.PathArg{Column: model.ColumnRef{Table: -1, Column: -1}})
	}
	return p
}

// call lets a session call a routine, unless one of its paths in the contract calls it with all
// arguments. Where a path calls it with fewer, or with NULL for some, that path's rules hold for the
// other ways to call it: they say what the routine may do.
func (r *resolver) call(p *model.Path, s *model.Session, named []*model.Path) {
	var fewer *model.Path
	for _, o := range named {
		if !contains(o.As, s.Name) {
			continue
		}
		switch all, some := calls(o, p.Routine); {
		case all:
			return
		case some && fewer == nil:
			fewer = o
		}
	}
	if fewer == nil {
		r.use(p, s, nil)
		p.Users[len(p.Users)-1].Said = r.saidOf(p.Routine, named)
		return
	}
	if p.Name == fewer.Name { // as in a drafted contract: a case must tell the two apart
		p.Name += "(" + p.Routine.Signature + ")"
	}
	u := *fewer.User(s)
	if slices.ContainsFunc(u.Vars, func(v model.Var) bool { return v.Source == model.FromArgument }) {
		return // the rules read what the path passes
	}
	u.SQL = nil
	if u.Rules.Tenantless != s.Tenantless { // with other arguments nobody hands it a tenant
		rules := *u.Rules
		rules.Tenantless, u.Rules = s.Tenantless, &rules
	}
	p.As, p.Users = append(p.As, s.Name), append(p.Users, u)
}

// saidOf marks the tables for which the contract says, on a path of other sessions that calls a
// routine, what may be written. For a session that is not named there, a change of them is then no
// mere consequence: its own rules hold. Nil: of none.
func (r *resolver) saidOf(m *model.Routine, named []*model.Path) []bool {
	var out []bool
	for _, p := range named {
		if all, some := calls(p, m); !all && !some {
			continue
		}
		for i := range p.Users {
			for t, said := range p.Users[i].Said {
				if out == nil {
					out = make([]bool, len(r.schema.Tables))
				}
				out[t] = out[t] || said
			}
		}
	}
	return out
}

// calls reports whether a path calls a routine, or another one of its name: with all of its
// arguments, or some. One that is always NULL is left out: what the routine does with it is not called.
func calls(p *model.Path, m *model.Routine) (all, some bool) {
	for _, text := range p.Run {
		called := false
		for _, c := range sql.Calls(text) {
			if c.Name != m.Name {
				continue
			}
			called = true
			n := len(c.Args)
			fits := n == len(m.Args) || n >= len(m.Args)-1 && len(m.Args) > 0 && m.Args[len(m.Args)-1].Variadic
			full := fits && !c.Nulls()
			all, some = all || full, some || fits && !full || n >= m.Least() && n < len(m.Args)
		}
		all = all || !called && sql.Mentions(text, m.Name) // however it does
	}
	return all, some
}

// selection reads the columns of a view that a role may read.
func selection(v *model.View, role string) string {
	return "SELECT " + strings.Join(readable(v, role), ", ") + " FROM " + v.SQL()
}

// readable is the names of those columns, quoted.
func readable(v *model.View, role string) []string {
	var names []string
	for i, ok := range v.Readers[role] {
		if ok {
			names = append(names, model.Quote(v.Columns[i]))
		}
	}
	return names
}

// users lists the sessions whose role reaches an object, without those that have a path
// of the contract through it.
func (r *resolver) users(named []*model.Path, object string, reaches func(role string) bool) []*model.Session {
	var out []*model.Session
	for _, s := range r.contract.Sessions {
		if !reaches(r.actor(s)) {
			continue
		}
		if !slices.ContainsFunc(named, func(p *model.Path) bool {
			return contains(p.As, s.Name) && slices.ContainsFunc(p.Run, func(text string) bool { return sql.Mentions(text, object) })
		}) {
			out = append(out, s)
		}
	}
	return out
}

// actor is the role that a session acts as. Where it follows from the tenant, the first
// that may stands for all.
func (r *resolver) actor(s *model.Session) string {
	name, login := s.Role, false
	if name.IsZero() {
		name, login = s.Login, true
	}
	if !name.Follows() {
		return name.Text
	}
	for _, role := range r.contract.TenantRoles(name, login) {
		return role
	}
	return ""
}

// use lets a session use a path that the contract does not name: its own rules hold.
func (r *resolver) use(p *model.Path, s *model.Session, run []model.Transaction) {
	p.As = append(p.As, s.Name)
	p.Users = append(p.Users, model.PathUser{Session: s, Vars: s.Vars, Sees: s.Sees, Writes: s.Writes, Rules: s, SQL: run})
}

// add keeps a path that somebody uses.
func (r *resolver) add(p *model.Path) {
	if len(p.Users) > 0 {
		p.ID = len(r.contract.Paths)
		r.contract.Paths = append(r.contract.Paths, p)
	}
}

// stored marks the paths that may read a materialized view: what they run names one, or
// something that does, or runs text that it makes itself.
func (r *resolver) stored() {
	names := map[string]string{} // text by the name that stands for it
	stored := map[string]bool{}
	for _, v := range r.schema.Views {
		names[v.Name] += v.Definition + "\n"
		stored[v.Name] = stored[v.Name] || v.Materialized
		stored[anyName] = stored[anyName] || v.Materialized
	}
	for _, m := range r.schema.Routines {
		names[m.Name] += m.Source + "\n"
	}
	spread(names, stored)
	for _, p := range r.contract.Paths {
		p.Stored = reaches(entry(p), names, stored)
	}
}

// spread marks the names whose texts reach a marked one.
func spread(texts map[string]string, marked map[string]bool) {
	for again := true; again; {
		again = false
		for name, text := range texts {
			if !marked[name] && reaches(text, texts, marked) {
				marked[name], again = true, true
			}
		}
	}
}

func reaches(text string, names map[string]string, stored map[string]bool) bool {
	for name := range names {
		if stored[name] && sql.Mentions(text, name) {
			return true
		}
	}
	return stored[anyName] && sql.Mentions(text, "execute")
}

// anyName stands for text that a routine makes itself; no object has an empty name.
const anyName = ""
