package mutate

import (
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// lent collects the mutants of an object that runs with its owner's rights or with its
// caller's: a view or a routine.
type lent struct {
	contract *model.Contract
	object   string // as people name it
	name     string
	text     string // its query or body
	callers  bool   // it runs with its caller's rights
	// may reports whether a role may use it.
	may func(role string) bool
	// put is the statement that replaces its text from by to.
	put func(from, to string) string
	out []Mutant
}

// add adds a mutant. It is equivalent where no session reaches the object, unless it lets more
// sessions use it.
func (l *lent) add(m Mutant) {
	m.Object, m.Of = l.object, l.name
	if m.Equivalent == "" && m.Kind != TableGrant && m.Kind != Execute && !l.used() {
		m.Equivalent = "no session may use " + l.object + ", and nothing that one uses names it"
	}
	l.out = append(l.out, m)
}

// uses reports whether a session may use the object by itself.
func (l *lent) uses(s *model.Session) bool {
	role := acting(s)
	return role == "" || l.may(role)
}

// used reports whether a session reaches the object, by itself or through what names it.
func (l *lent) used() bool {
	return slices.ContainsFunc(l.contract.Sessions, l.uses) || named(l.contract.Schema, l.name, l.text)
}

// masked is the rule for an object with its caller's rights.
func (l *lent) masked() string {
	if !l.callers || named(l.contract.Schema, l.name, l.text) || narrower(l.contract, l.name) {
		return ""
	}
	return l.byCaller()
}

func (l *lent) byCaller() string {
	return "masked by row security: " + l.object + " runs with its caller's rights, and shows or does what the caller may see or do anyway"
}

// rewrite weakens the conditions of the object's text.
func (l *lent) rewrite() {
	elsewhere := named(l.contract.Schema, l.name, l.text)
	m := marksOf(l.contract, func(s *model.Session) bool { return elsewhere || l.uses(s) })
	for _, w := range m.rewritings(l.contract.Schema, l.text, nil) {
		same := w.same
		if same == "" && !(w.kind == Guard && l.refuses()) {
			same = l.masked()
		}
		l.add(Mutant{Kind: w.kind, Change: w.change, Do: []string{l.put(l.text, w.text)}, Back: []string{l.put(w.text, l.text)}, Equivalent: same})
	}
}

// refuses reports whether a path of the contract through the object must fail now and then.
func (l *lent) refuses() bool {
	return slices.ContainsFunc(l.contract.Paths, func(p *model.Path) bool {
		return (p.MustFail || p.Wildcards) && slices.ContainsFunc(p.Run, func(text string) bool { return sql.Mentions(text, l.name) })
	})
}

// alter changes an option of the object, where one statement puts it back.
func (l *lent) alter(kind Kind, change, object, do, back, same string) {
	l.add(Mutant{Kind: kind, Change: change, Do: []string{object + " " + do}, Back: []string{object + " " + back}, Equivalent: same})
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
