package mutate

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// scope lists the tables and paths of a weakened contract that may show what a mutant
// does: those that name its object, or something that does. Nil is all of them.
func scope(c *model.Contract, m *Mutant) []string {
	switch {
	case m.Edit != nil && m.Of != "":
		return []string{m.Of}
	case m.Table != nil:
		return dependents(c, m.Table.Name, m.Table)
	case m.Of != "":
		return dependents(c, m.Of, nil)
	}
	return nil
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
