package draft

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/noun"
)

// Fact is a line of what was understood.
type Fact struct{ Name, Text string }

// Summary is what was understood, for one screen.
func (d *Draft) Summary() []Fact {
	out := []Fact{{"tenant", d.tenantText() + " (" + d.tenancy.why + ")"}}
	if u := d.domains.bearer(d.tenancy.users); u != nil {
		text := u.Label()
		if d.tenancy.member != nil {
			text += ", in several tenants through " + d.tenancy.member.table.Label()
		}
		out = append(out, Fact{"users", text})
	} else if d.tenancy.byUser {
		out = append(out, Fact{"users", "the tenants themselves: isolation is between users, not between companies"})
	}
	out = append(out, Fact{"tables", d.tableText()})
	var names []string
	for _, s := range d.sessions {
		names = append(names, s.String())
	}
	out = append(out, Fact{"sessions", strings.Join(names, "; ")})
	if len(d.cast.bypass) > 0 {
		out = append(out, Fact{"bypass", strings.Join(d.cast.bypass, ", ") + " (row security does not hold for them)"})
	}
	if lost := d.missing(); lost != "" {
		out = append(out, Fact{"not found", lost})
	}
	return append(out, Fact{"paths", d.pathText()})
}

// tableText counts the tables by how their rows belong to tenants.
func (d *Draft) tableText() string {
	owned, shared, internal := 0, 0, 0
	for _, p := range d.places {
		switch p.how {
		case model.Owned:
			owned++
		case model.Shared:
			shared++
		case model.Internal:
			internal++
		}
	}
	return fmt.Sprintf("%d: %d belong to tenants, %d shared, %d internal", len(d.places), owned, shared, internal)
}

// pathText counts the paths.
func (d *Draft) pathText() string {
	views, functions := 0, 0
	for _, p := range d.paths {
		if p.kind == "view" {
			views++
		} else {
			functions++
		}
	}
	return noun.Count(views, "view") + ", " + noun.Count(functions, "function") + "; exports, jobs, searches and reports are yours to add"
}

// usual is the kinds of sessions that most applications have, with words in the names of their
// roles. It only serves to say which were not seen.
var usual = []struct {
	name  string
	signs []string
}{
	{"admin", []string{"admin", "owner", "manager"}},
	{"billing", []string{"billing", "finance", "account"}},
	{"support", []string{"support", "staff", "helpdesk", "agent"}},
	{"service", []string{"service", "job", "worker", "export", "system"}},
}

// missing says which kinds of sessions no role of the schema looks like.
func (d *Draft) missing() string {
	var lost []string
	for _, kind := range usual {
		found := false
		for _, role := range append(sortedKeys(d.survey.Schema.Privileges), d.cast.bypass...) {
			if d.survey.Schema.Roles[role].Super || !d.survey.useful(role) {
				continue
			}
			found = found || slices.ContainsFunc(kind.signs, func(s string) bool { return strings.Contains(strings.ToLower(role), s) })
		}
		if !found {
			lost = append(lost, kind.name)
		}
	}
	if len(lost) == 0 {
		return ""
	}
	return "no role for " + strings.Join(lost, ", ") + ": add such sessions if the application has them"
}

// Review is what a person should look at first: where policies and draft differ, then
// what could not be told.
func (d *Draft) Review() []string {
	var first, sessions common
	var then []string
	for _, p := range d.places {
		for _, n := range p.notes {
			if strings.HasPrefix(n, "policy ") || strings.HasPrefix(n, "row security is off") {
				first.add(n, p.table.Label())
			}
		}
		then = append(then, p.asks...)
	}
	for _, p := range d.paths {
		then = append(then, p.asks...)
	}
	for _, s := range d.sessions {
		for _, q := range s.asks {
			sessions.add(q, s.name)
		}
	}
	return slices.Concat(first.each(""), d.asks, then, sessions.each("session"))
}

// common is texts that are about several things alike, in the order in which they came.
type common struct {
	texts []string
	about map[string][]string // by text
}

func (s *common) add(text, about string) {
	if s.about == nil {
		s.about = map[string][]string{}
	}
	if s.about[text] == nil {
		s.texts = append(s.texts, text)
	}
	s.about[text] = append(s.about[text], about)
}

// each is each text once, after what it is about, which kind names; empty where that needs no name.
func (s *common) each(kind string) []string {
	var out []string
	for _, text := range s.texts {
		names := s.about[text]
		lead := strings.Join(names, ", ") + ": "
		switch {
		case kind == "":
		case len(names) > 1:
			lead = kind + "s " + lead
		default:
			lead = kind + " " + lead
		}
		out = append(out, lead+text)
	}
	return out
}
