package mutate

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// reach lists what is searched for a mutant, one after the other, as [props.Config.Only]
// names it: first what its object touches, most of what it does shows there, then all
// that may show it. Nil is everything.
func reach(c *model.Contract, m *Mutant) [][]string {
	near, all := nearest(c, m), scope(c, m)
	if len(near) == 0 || slices.Equal(near, all) {
		return [][]string{all}
	}
	return [][]string{near, all}
}

// scope lists the tables, sessions and paths of a weakened contract that may show what a
// mutant does: those that name its object, or something that does. Nil is all of them.
func scope(c *model.Contract, m *Mutant) []string {
	switch {
	case m.Edit != nil && m.Of != "":
		return []string{m.Of}
	case m.Table != nil:
		return dependents(c, m.Table.Name, m.Table)
	case m.Of != "":
		return dependents(c, m.Of, nil)
	case m.session != nil: // what one leaves, those find that may get its connection
		return sessions(c, func(s *model.Session) bool { return s.Login == m.session.Login })
	}
	return nil
}

// nearest is what a mutant's object touches itself: its table, as the sessions that it
// concerns; the paths through it; the sessions that act as its role.
func nearest(c *model.Contract, m *Mutant) []string {
	switch {
	case m.Table != nil && m.policy != nil && m.Kind != ToPublic:
		return append(sessions(c, func(s *model.Session) bool { return has(c, s, m.policy.Roles) }), m.Table.Label())
	case m.Table != nil:
		return []string{m.Table.Label()}
	case m.Of != "":
		return swift(c, scope(c, m))
	case m.session != nil:
		return []string{m.session.Name}
	case m.role != "":
		return sessions(c, func(s *model.Session) bool { return acting(s) == m.role || member(c, acting(s), m.role, nil) })
	}
	return nil
}

// swift leaves programs out of a scope.
func swift(c *model.Contract, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return slices.ContainsFunc(c.Paths, func(p *model.Path) bool { return p.Name == name && p.Program != nil })
	})
}

// sessions names the sessions that count.
func sessions(c *model.Contract, counts func(*model.Session) bool) []string {
	var out []string
	for _, s := range c.Sessions {
		if counts(s) {
			out = append(out, s.Name)
		}
	}
	return out
}

// dependents finds tables by their policies, and paths by what they run.
func dependents(c *model.Contract, name string, t *model.Table) []string {
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
			if !names[t.Name] && slices.ContainsFunc(t.Policies, says) {
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
			slices.ContainsFunc(p.Run, func(text string) bool { return mentionsAny(text, names) }) || p.Program != nil {
			out = append(out, p.Name)
		}
	}
	return out
}

func mentionsAny(text string, names map[string]bool) bool {
	return slices.ContainsFunc(sql.Scan(text, true), func(m sql.Mention) bool {
		return slices.ContainsFunc(m.Parts, func(part string) bool { return names[part] })
	})
}
