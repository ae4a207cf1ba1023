package mutate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// application lists what can be done to how the application uses the schema, as the
// contract says it: how sessions are bound, what the pool resets, what paths run.
func application(c *model.Contract) []Mutant {
	var out []Mutant
	for _, s := range c.Sessions {
		out = append(out, bindings(c, s)...)
	}
	for _, p := range c.Paths {
		if p.View == nil && p.Routine == nil {
			m := marksOf(c, func(s *model.Session) bool { return p.User(s) != nil })
			out = append(out, texts(c, &m, p)...)
		}
	}
	return out
}

// bindings forgets what binds a session, or leaves it to the next one.
func bindings(c *model.Contract, s *model.Session) []Mutant {
	var out []Mutant
	object := "session " + s.Name
	whole := false
	for i := range s.Settings {
		name := s.Settings[i].Name
		if claims(name) {
			if whole {
				continue
			}
			name, whole = "request.jwt.claims", true
		}
		same := func(o model.Setting) bool { return o.Name == name || claims(name) && claims(o.Name) }
		m := Mutant{Kind: Unset, Object: object, session: s, Change: name + " is not set", Edit: ofSession(s, func(s *model.Session) {
			s.Settings = slices.DeleteFunc(slices.Clone(s.Settings), same)
		})}
		if !slices.ContainsFunc(s.Settings, func(o model.Setting) bool { return same(o) && asks(c, s, o.Name) }) {
			m.Equivalent = "no policy, view or function that the session reaches asks for " + name
		}
		out = append(out, m)
	}
	if role, login := s.Role.Text, s.Login.Text; role != "" && login != "" && role != login {
		m := Mutant{Kind: NoRole, Object: object, session: s, Change: "no SET ROLE " + role, Edit: ofSession(s, func(s *model.Session) {
			s.Role = model.Name{Column: -1}
		})}
		if r := c.Schema.Roles[login]; !r.Super && !r.BypassRLS {
			m.Equivalent = poor(c, role, login)
		}
		out = append(out, m)
	}
	if len(s.Settings) > 0 && s.Local() {
		out = append(out, Mutant{
			Kind: BindSession, Object: object, session: s, Change: "SET for SET LOCAL, and nothing is reset", Equivalent: kept(c, s),
			Edit: ofSession(s, func(s *model.Session) { s.Bind, s.Release = "session", "none" }),
		})
	}
	if !s.Local() && s.Release != "" && !strings.EqualFold(s.Release, "none") {
		out = append(out, Mutant{
			Kind: NoRelease, Object: object, session: s, Change: "release: none for " + s.Release, Equivalent: kept(c, s),
			Edit: ofSession(s, func(s *model.Session) { s.Release = "none" }),
		})
	}
	return out
}

// claims reports whether a setting is of the claims, which are set all at once: as JSON, and one by
// one as older servers of an API had them.
func claims(name string) bool { return strings.HasPrefix(name, "request.jwt.claim") }

// ofSession edits a session, and what it is on the paths that it uses.
func ofSession(s *model.Session, edit func(*model.Session)) func(*model.Contract) {
	return func(c *model.Contract) {
		edit(c.Sessions[s.ID])
		for _, p := range c.Paths {
			for i := range p.Users {
				if u := &p.Users[i]; u.Session.ID == s.ID && u.Rules != u.Session {
					edit(u.Rules)
				}
			}
		}
	}
}

// kept is the rule for what a session leaves on its connection: every session that may
// get the connection next sets the same itself.
func kept(c *model.Contract, s *model.Session) string {
	if s.Within() { // a rollback brings back what others left
		return ""
	}
	for _, next := range c.Sessions {
		if next.Login != s.Login {
			continue
		}
		if next.Role.IsZero() != s.Role.IsZero() {
			return ""
		}
		for i := range s.Settings {
			name := s.Settings[i].Name
			if asks(c, next, name) && !slices.ContainsFunc(next.Settings, func(o model.Setting) bool { return o.Name == name }) {
				return ""
			}
		}
	}
	return "masked: every session of login " + s.Login.Text + " sets itself what it asks for"
}

// asks reports whether something that a session reaches asks for a setting.
func asks(c *model.Contract, s *model.Session, name string) bool {
	var texts []string
	for _, t := range c.Schema.Tables {
		for i := range t.Policies {
			p := &t.Policies[i]
			if has(c, s, p.Roles) && reached(c, t, p.Command, func(o *model.Session) bool { return o == s }) {
				texts = append(texts, p.Using, p.Check)
			}
		}
	}
	for _, r := range c.Schema.Routines {
		if role := acting(s); role == "" || slices.Contains(r.Callers, role) || named(c.Schema, r.Name, r.Source) {
			texts = append(texts, r.Source)
		}
	}
	for i := range c.Schema.Texts {
		if x := &c.Schema.Texts[i]; x.Kind == "view" || x.Kind == "function" && !isRoutine(c.Schema, x.Name) {
			texts = append(texts, x.Body)
		}
	}
	for _, p := range c.Paths {
		if p.User(s) != nil {
			texts = append(texts, p.Run...)
		}
		if p.User(s) != nil && p.Program != nil {
			return true // a program may ask for anything
		}
	}
	return slices.ContainsFunc(texts, func(text string) bool { return mentionsSetting(text, name) })
}

// mentionsSetting reports whether a text names a setting, or may: through a function of a
// schema that is not judged, such as a preset's, or a name that it makes itself.
func mentionsSetting(text, name string) bool {
	if strings.Contains(text, name) {
		return true
	}
	return slices.ContainsFunc(sql.Scan(text, false), func(n sql.Mention) bool {
		return n.Call && len(n.Parts) > 1 && n.Parts[0] != "pg_catalog"
	})
}

func isRoutine(s *model.Schema, name string) bool {
	return slices.ContainsFunc(s.Routines, func(r *model.Routine) bool { return r.Schema+"."+r.Name == name })
}

// texts weakens the conditions on tenants in what a path of the contract runs.
func texts(c *model.Contract, m *marks, p *model.Path) []Mutant {
	var out []Mutant
	masked := "masked by row security: the path runs with its session's own rights, and says no other rules than the session's"
	if slices.ContainsFunc(p.Users, func(u model.PathUser) bool { return narrows(c, &u) }) {
		masked = ""
	}
	for i := range p.SQL {
		for j := range p.SQL[i].Statements {
			s := &p.SQL[i].Statements[j]
			for _, w := range m.rewritings(c.Schema, s.Text, s.Params) {
				mutant := Mutant{Kind: w.kind, Object: "path " + p.Name, Of: p.Name, Change: w.change, Equivalent: w.same, Edit: func(c *model.Contract) {
					c.Paths[p.ID].SQL[i].Statements[j].Text = w.text
				}}
				if len(p.SQL) > 1 || len(p.SQL[i].Statements) > 1 {
					mutant.Change = fmt.Sprintf("statement %d of transaction %d: %s", j+1, i+1, w.change)
				}
				if mutant.Equivalent == "" {
					mutant.Equivalent = masked
				}
				out = append(out, mutant)
			}
		}
	}
	return out
}
