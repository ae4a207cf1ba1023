package props

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
)

// NameError says that Config.Only names what the contract does not have.
type NameError struct {
	Name   string
	Choice []string // sessions, tables, then paths
}

// Error names the choices.
func (e *NameError) Error() string {
	return fmt.Sprintf("--only %s: the contract has no session, no table and no path of this name; it has %s", e.Name, strings.Join(e.Choice, ", "))
}

// scope is what a search is limited to: where Only names sessions, to these; where it
// names tables or paths, to these.
type scope struct {
	sessions, tables, paths map[string]bool // nil: all
}

func newScope(c *model.Contract, only []string) (scope, error) {
	var out scope
	for _, name := range only {
		session := slices.ContainsFunc(c.Sessions, func(s *model.Session) bool { return s.Name == name })
		i := slices.IndexFunc(c.Schema.Tables, func(t *model.Table) bool { return t.Label() == name || t.Schema+"."+t.Name == name })
		path := slices.ContainsFunc(c.Paths, func(p *model.Path) bool { return p.Name == name })
		if !session && i < 0 && !path {
			return out, &NameError{Name: name, Choice: names(c)}
		}
		if session {
			note(&out.sessions, name)
		}
		if i >= 0 {
			note(&out.tables, c.Schema.Tables[i].Label())
			out.partition(c, c.Schema.Tables[i])
		}
		if path {
			note(&out.paths, name)
			for _, p := range c.Paths {
				if p.Name == name && p.Enqueue != nil {
					note(&out.paths, p.Enqueue.Name)
				}
			}
		}
	}
	if out.tables != nil && out.paths == nil {
		out.paths = map[string]bool{}
	}
	if out.paths != nil && out.tables == nil {
		out.tables = map[string]bool{}
	}
	return out, nil
}

// partition adds the paths that a partition is.
func (s *scope) partition(c *model.Contract, t *model.Table) {
	for _, p := range c.Paths {
		if p.View != nil && p.View.Schema == t.Schema && p.View.Name == t.Name {
			note(&s.paths, p.Name)
		}
	}
}

func note(set *map[string]bool, name string) {
	if *set == nil {
		*set = map[string]bool{}
	}
	(*set)[name] = true
}

func names(c *model.Contract) []string {
	var out []string
	for _, s := range c.Sessions {
		out = append(out, s.Name)
	}
	for _, t := range c.Schema.Tables {
		out = append(out, t.Label())
	}
	for _, p := range c.Paths {
		out = append(out, p.Name)
	}
	return out
}

// all reports whether nothing is left out.
func (s scope) all() bool { return s.sessions == nil && s.tables == nil && s.paths == nil }

func (s scope) path(p *model.Path) bool { return s.paths == nil || s.paths[p.Name] }

func (s scope) session(m *model.Session) bool { return s.sessions == nil || s.sessions[m.Name] }
func (s scope) table(t *model.Table) bool     { return s.tables == nil || s.tables[t.Label()] }

// plan limits what is drawn.
func (s scope) plan(p *gen.Plan) *gen.Plan {
	if s.all() {
		return p
	}
	return p.Limit(s.session, s.table, s.path)
}

// ways lists the paths that a search covers.
func (s scope) ways(c *model.Contract) []*model.Path {
	var out []*model.Path
	for _, p := range c.Paths {
		if s.path(p) {
			out = append(out, p)
		}
	}
	return out
}

// of lists what a search covers.
func (s scope) of(c *model.Contract) (sessions []*model.Session, tables []*model.Table) {
	for _, m := range c.Sessions {
		if s.session(m) {
			sessions = append(sessions, m)
		}
	}
	for _, t := range c.Schema.Tables {
		if s.table(t) && c.Schema.Whole(t) == nil { // a partition is a path, where it is anything
			tables = append(tables, t)
		}
	}
	return sessions, tables
}
