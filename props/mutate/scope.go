package mutate

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// reach says what of a contract a mutant may show in.
type reach struct {
	contract *model.Contract
	scripts  map[string]map[string]bool // words of programs, by path: see scripts
}

// stage is a part of the search for a mutant.
type stage struct {
	only []string // as [props.Config.Only] names it; nil is everything
	used bool     // only what is left on connections is walked, and nothing at random
}

// stages lists the searches for a mutant, in order: first in what its object itself touches, where
// most mutants show, then in all that may show it. For mutants of what a session leaves on its
// connection, the first search is for that alone.
func (r *reach) stages(m *Mutant) []stage {
	near, all := r.nearest(m), r.scope(m)
	last := stage{only: all}
	switch {
	case m.Kind == BindSession || m.Kind == NoRelease:
		return []stage{{only: all, used: true}, last}
	case len(near) == 0 || slices.Equal(near, all):
		return []stage{last}
	}
	return []stage{{only: near}, last}
}

// scope lists the tables, sessions and paths of a weakened contract that may show what a
// mutant does: those that name its object, or something that does. Nil is all of them.
func (r *reach) scope(m *Mutant) []string {
	switch {
	case m.Edit != nil && m.Of != "":
		return []string{m.Of}
	case m.strict && m.Table != nil:
		return r.named(func(p *model.Path) bool { return p.Keyed != nil && p.Puts.ID == m.Table.ID })
	case m.strict:
		return r.asking(m.Of)
	case m.Table != nil:
		return r.dependents(m.Table.Name, m.Table)
	case m.Of != "":
		return r.dependents(m.Of, nil)
	case m.session != nil: // what it leaves, sessions of the same login may find
		return r.sessions(func(s *model.Session) bool { return s.Login == m.session.Login })
	}
	return nil
}

// asking lists the paths that ask a view with a condition of the session's own, or put something of
// its own in the place of what a function takes: code, where sessions may call it, else a table.
func (r *reach) asking(name string) []string {
	if calls := r.named(func(p *model.Path) bool { return p.Leaky && p.Routine != nil && p.Routine.Name == name }); len(calls) > 0 {
		return calls
	}
	return r.named(func(p *model.Path) bool {
		deceives := p.Shadow != nil && slices.ContainsFunc(p.Shadow.Deceived, func(m *model.Routine) bool { return m.Name == name })
		return deceives || p.Leaky && p.View != nil && p.View.Name == name
	})
}

// named lists the paths for which a condition holds.
func (r *reach) named(of func(p *model.Path) bool) []string {
	var out []string
	for _, p := range r.contract.Paths {
		if of(p) {
			out = append(out, p.Name)
		}
	}
	return out
}

// nearest is what a mutant's object touches itself: its table, as the sessions that it
// concerns; the paths through it; the sessions that act as its role.
func (r *reach) nearest(m *Mutant) []string {
	c := r.contract
	switch {
	case m.Table != nil && m.policy != nil && m.Kind != ToPublic:
		return append(r.sessions(func(s *model.Session) bool { return has(c, s, m.policy.Roles) }), m.Table.Label())
	case m.Table != nil:
		return []string{m.Table.Label()}
	case m.Of != "":
		return r.swift(r.scope(m))
	case m.session != nil:
		return []string{m.session.Name}
	case m.role != "":
		return r.sessions(func(s *model.Session) bool { return acting(s) == m.role || member(c, acting(s), m.role, nil) })
	}
	return nil
}

// swift leaves programs out of a scope.
func (r *reach) swift(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return slices.ContainsFunc(r.contract.Paths, func(p *model.Path) bool { return p.Name == name && p.Program != nil })
	})
}

// pathsOnly reports whether a scope holds nothing but paths.
func (r *reach) pathsOnly(names []string) bool {
	other := func(name string) bool {
		return !slices.ContainsFunc(r.contract.Paths, func(p *model.Path) bool { return p.Name == name })
	}
	return len(names) > 0 && !slices.ContainsFunc(names, other)
}

// sessions names the sessions that count.
func (r *reach) sessions(counts func(*model.Session) bool) []string {
	var out []string
	for _, s := range r.contract.Sessions {
		if counts(s) {
			out = append(out, s.Name)
		}
	}
	return out
}

// dependents finds tables by their policies and triggers, and paths by what they run.
func (r *reach) dependents(name string, t *model.Table) []string {
	c := r.contract
	names := map[string]bool{name: true}
	for again := true; again; {
		again = false
		for i := range c.Schema.Texts {
			x := &c.Schema.Texts[i]
			of := x.Name[strings.LastIndexByte(x.Name, '.')+1:]
			if (x.Kind == "view" || x.Kind == "function") && !names[of] && mentionsAny(x.Body, names) {
				names[of], again = true, true
			}
		}
		for _, t := range c.Schema.Tables {
			says := func(p model.Policy) bool { return mentionsAny(p.Using, names) || mentionsAny(p.Check, names) }
			fires := func(tr model.Trigger) bool { return mentionsAny(tr.Body, names) }
			if !names[t.Name] && (slices.ContainsFunc(t.Policies, says) || slices.ContainsFunc(t.Triggers, fires)) {
				names[t.Name], again = true, true
			}
		}
	}
	var out []string
	for _, o := range c.Schema.Tables {
		if o.ID >= 0 && (t != nil && o.Label() == t.Label() || names[o.Name] && (t == nil || o.Name != t.Name)) {
			out = append(out, o.Label())
		}
	}
	for _, p := range c.Paths {
		if p.View != nil && names[p.View.Name] || p.Routine != nil && names[p.Routine.Name] ||
			slices.ContainsFunc(p.Run, func(text string) bool { return mentionsAny(text, names) }) || r.runs(p, names) {
			out = append(out, p.Name)
		}
	}
	return out
}

// runs reports whether a path is a program that may name something: one whose files do not
// tell may name anything.
func (r *reach) runs(p *model.Path, names map[string]bool) bool {
	words, seen := r.scripts[p.Name]
	if p.Program == nil || !seen {
		return p.Program != nil
	}
	for name := range names {
		if words[strings.ToLower(name)] {
			return true
		}
	}
	return false
}

func mentionsAny(text string, names map[string]bool) bool {
	return slices.ContainsFunc(sql.Scan(text, true), func(m sql.Mention) bool {
		return slices.ContainsFunc(m.Parts, func(part string) bool { return names[part] })
	})
}
