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
	Choice []string // sessions, then tables
}

// Error names the choices.
func (e *NameError) Error() string {
	return fmt.Sprintf("--only %s: the contract has no session and no table of this name; it has %s", e.Name, strings.Join(e.Choice, ", "))
}

// scope is what a search is limited to: where Only names sessions, to these; where it
// names tables, to these.
type scope struct {
	sessions, tables map[string]bool // nil: all
}

func newScope(c *model.Contract, only []string) (scope, error) {
	var out scope
	for _, name := range only {
		session := slices.ContainsFunc(c.Sessions, func(s *model.Session) bool { return s.Name == name })
		i := slices.IndexFunc(c.Schema.Tables, func(t *model.Table) bool { return t.Label() == name || t.Schema+"."+t.Name == name })
		if !session && i < 0 {
			return out, &NameError{Name: name, Choice: names(c)}
		}
		if session {
			note(&out.sessions, name)
		}
		if i >= 0 {
			note(&out.tables, c.Schema.Tables[i].Label())
		}
	}
	return out, nil
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
	return out
}

func (s scope) session(m *model.Session) bool { return s.sessions == nil || s.sessions[m.Name] }
func (s scope) table(t *model.Table) bool     { return s.tables == nil || s.tables[t.Label()] }

// plan limits what is drawn.
func (s scope) plan(p *gen.Plan) *gen.Plan {
	if s.sessions == nil && s.tables == nil {
		return p
	}
	return p.Limit(s.session, s.table)
}

// of lists what a search covers.
func (s scope) of(c *model.Contract) (sessions []*model.Session, tables []*model.Table) {
	for _, m := range c.Sessions {
		if s.session(m) {
			sessions = append(sessions, m)
		}
	}
	for _, t := range c.Schema.Tables {
		if s.table(t) {
			tables = append(tables, t)
		}
	}
	return sessions, tables
}
