package contract

import "github.com/rlsfuzz/rlsfuzz/model"

// RuleRef is a rule and where it holds.
type RuleRef struct {
	Place   string // session member, invoices, update to
	Session *model.Session
	Vars    []model.Var // that Rule.Args index
	Table   *model.Table
	Rule    *model.Rule
}

// Rules lists every rule of a resolved contract, in the order of sessions, then of
// paths, and of tables.
func (f *File) Rules(c *model.Contract) []RuleRef {
	var out []RuleRef
	for _, s := range c.Sessions {
		if s.User != nil && s.User.Where != nil {
			out = append(out, RuleRef{"session " + s.Name + ", user where", s, s.Vars, s.User.Table, s.User.Where})
		}
		out = append(out, listed(c, "session "+s.Name, s, s.Vars, s.Sees, s.Writes)...)
	}
	for _, p := range c.Paths {
		for i := range p.Users {
			u := &p.Users[i]
			out = append(out, listed(c, "path "+p.Name+" as "+u.Session.Name, u.Session, u.Vars, u.Sees, u.Writes)...)
		}
		for i := range p.Users {
			if u := &p.Users[i]; p.Audit != nil && i < len(p.Audit.Where) {
				out = append(out, RuleRef{"path " + p.Name + " as " + u.Session.Name + ", audit where", u.Session, u.Vars, p.Audit.Table, p.Audit.Where[i]})
			}
		}
	}
	return out
}

func listed(c *model.Contract, place string, s *model.Session, vars []model.Var, sees []model.Sees, writes []model.Writes) []RuleRef {
	var out []RuleRef
	for _, t := range c.Schema.Tables {
		add := func(what string, rule *model.Rule) {
			if rule != nil {
				out = append(out, RuleRef{place + ", " + t.Label() + ", " + what, s, vars, t, rule})
			}
		}
		w := &writes[t.ID]
		add("sees", sees[t.ID].Rule)
		add("insert", w.Insert)
		add("update from", w.From)
		add("update to", w.To)
		add("delete", w.Delete)
	}
	return out
}
