package mutate

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// equivalent names the rule by which a mutant changes nothing that a session reaches;
// or says that no session of the contract can tell.
func equivalent(c *model.Contract, m *Mutant) (rule, unseen string) {
	switch {
	case m.Kind == NoForce && !slices.ContainsFunc(actors(c, m.Table, "ALL"), func(s *model.Session) bool { return ownerOf(c, s, m.Table) }):
		return "no session has the rights of the owner " + m.Table.Owner + ", whom FORCE concerns", ""
	case m.Table != nil && m.policy != nil:
		return policyRule(c, m)
	case m.Kind == Disable && m.Table != nil && !reached(c, m.Table, "ALL", func(*model.Session) bool { return true }):
		return "no session has a privilege on " + m.Table.Label(), ""
	}
	return "", ""
}

// policyRule is the rule for a mutant of a policy.
func policyRule(c *model.Contract, m *Mutant) (rule, unseen string) {
	p := m.policy
	if !m.Table.RowSecurity {
		return "row security of " + m.Table.Label() + " is off: its policies say nothing", ""
	}
	applies := func(s *model.Session) bool { return has(c, s, p.Roles) }
	switch m.Kind {
	case ToPublic:
		return others(c, m, applies), ""
	case Command:
		return otherCommands(c, m, applies), ""
	default:
	}
	if !reached(c, m.Table, p.Command, applies) {
		return "no session of its roles has the privilege for " + p.Command + " on " + m.Table.Label(), ""
	}
	if m.weaker != nil {
		if of := filtered(c, m, applies); of != nil {
			return "masked by the policies for reading " + of.Label() + ", which say the same of the rows that the sub-select reads", ""
		}
	}
	for i := range m.Table.Policies {
		o := &m.Table.Policies[i]
		if o.Name != p.Name && o.Permissive && p.Permissive && masks(o, p) {
			return "masked by policy " + o.Name + ", which lets every row through for the same command and roles", ""
		}
	}
	if rule := stays(c, m, applies); rule != "" {
		return rule, ""
	}
	return unset(c, m, applies)
}

// actors lists the sessions. A session that may use a view or a function which leads to a command on
// a table with its owner's rights is listed once more for each, with the owner as its login.
func actors(c *model.Contract, t *model.Table, command string) []*model.Session {
	out := slices.Clone(c.Sessions)
	lend := func(owner, text string, to func(role string) bool) {
		r := c.Schema.Roles[owner]
		if r.Super || r.BypassRLS || !leads(c.Schema, t, text) {
			return
		}
		for _, s := range c.Sessions {
			if acting(s) == "" || to(acting(s)) {
				out = append(out, &model.Session{
					Name: s.Name, Login: model.Name{Text: owner, Column: -1}, Role: model.Name{Column: -1}, Settings: s.Settings,
				})
			}
		}
	}
	for _, r := range c.Schema.Routines {
		if r.Definer && does(c.Schema, r, command) {
			lend(r.Owner, r.Source, func(role string) bool { return slices.Contains(r.Callers, role) || named(c.Schema, r.Name, r.Source) })
		}
	}
	for _, v := range c.Schema.Views {
		if !v.Invoker {
			lend(v.Owner, v.Definition, func(role string) bool {
				return v.Readers[role] != nil || v.Writers[role] != model.ViewWrite{} || named(c.Schema, v.Name, v.Definition)
			})
		}
	}
	return out
}

// leads reports whether a text may lead to a table: it names the table, or any view or routine, or
// runs SQL that it puts together itself.
func leads(s *model.Schema, t *model.Table, text string) bool {
	return sql.Mentions(text, t.Name) || sql.Mentions(text, "execute") ||
		slices.ContainsFunc(s.Views, func(v *model.View) bool { return v.Definition != text && sql.Mentions(text, v.Name) }) ||
		slices.ContainsFunc(s.Routines, func(r *model.Routine) bool { return r.Source != text && sql.Mentions(text, r.Name) })
}

// does reports whether a routine may run a command, itself or through those that it names.
func does(s *model.Schema, r *model.Routine, command string, seen ...*model.Routine) bool {
	if command == "SELECT" || command == "ALL" || r.Language != "sql" && r.Language != "plpgsql" {
		return true
	}
	for _, word := range []string{strings.ToLower(command), "merge", "execute"} {
		if sql.Mentions(r.Source, word) {
			return true
		}
	}
	seen = append(seen, r)
	return slices.ContainsFunc(s.Routines, func(o *model.Routine) bool {
		return !slices.Contains(seen, o) && sql.Mentions(r.Source, o.Name) && does(s, o, command, seen...)
	})
}

// masks reports whether a permissive policy lets through all that another one could.
func masks(o, p *model.Policy) bool {
	if o.Command != p.Command && o.Command != "ALL" {
		return false
	}
	if !slices.Contains(o.Roles, "public") && slices.ContainsFunc(p.Roles, func(r string) bool { return !slices.Contains(o.Roles, r) }) {
		return false
	}
	check := o.Check
	if check == "" {
		check = o.Using
	}
	using := o.Using == "true" || p.Command == "INSERT"
	return using && (check == "true" || p.Command == "SELECT" || p.Command == "DELETE")
}

// others is the rule for a policy that becomes one for every role: those that it was not
// for have no privilege for its command, or it adds nothing to theirs.
func others(c *model.Contract, m *Mutant, applies func(*model.Session) bool) string {
	p := m.policy
	if !reached(c, m.Table, p.Command, func(s *model.Session) bool { return !applies(s) }) {
		return "no session outside of its roles has the privilege for " + p.Command + " on " + m.Table.Label()
	}
	for _, command := range commandsOf(p) {
		news := func(s *model.Session) bool {
			return !applies(s) && !(&cover{c, s, m.Table, command}).idle(p)
		}
		if reached(c, m.Table, command, news) {
			return ""
		}
	}
	return "each session outside of its roles has a policy that lets through as much, or does not set what it asks for"
}

var allCommands = []string{"SELECT", "INSERT", "UPDATE", "DELETE"}

func commandsOf(p *model.Policy) []string {
	if p.Command == "ALL" {
		return allCommands
	}
	return []string{p.Command}
}

// otherCommands is the rule for a policy that becomes one for all commands: those that
// it did not have before are out of reach, or have a policy that lets through as much.
func otherCommands(c *model.Contract, m *Mutant, applies func(*model.Session) bool) string {
	for _, command := range allCommands {
		news := func(s *model.Session) bool {
			return applies(s) && !(&cover{c, s, m.Table, command}).idle(m.policy)
		}
		if command != m.policy.Command && reached(c, m.Table, command, news) {
			return ""
		}
	}
	return "its roles have no privilege for other commands, or another policy that lets through as much"
}

// has reports whether a policy's roles include a session's.
func has(c *model.Contract, s *model.Session, roles []string) bool {
	role := acting(s)
	return role == "" || slices.Contains(roles, "public") || slices.ContainsFunc(roles, func(r string) bool { return r == role || member(c, role, r, nil) })
}

// reached reports whether some session, or what one uses, of those that count, has the
// privilege for a policy's command.
func reached(c *model.Contract, t *model.Table, command string, counts func(*model.Session) bool) bool {
	return slices.ContainsFunc(actors(c, t, command), func(s *model.Session) bool {
		if !counts(s) {
			return false
		}
		rights := c.Schema.Privileges[acting(s)]
		if rights == nil {
			return true // it follows from the tenant
		}
		r := &rights[t.ID]
		may := map[string]bool{
			"SELECT": slices.Contains(r.Select, true), "INSERT": slices.Contains(r.Insert, true),
			"UPDATE": slices.Contains(r.Update, true), "DELETE": r.Delete,
		}
		if command == "ALL" {
			return r.Usage && (may["SELECT"] || may["INSERT"] || may["UPDATE"] || may["DELETE"])
		}
		return r.Usage && may[command]
	})
}

// ownerOf reports whether a session has the rights of a table's owner.
func ownerOf(c *model.Contract, s *model.Session, t *model.Table) bool {
	role := acting(s)
	return role == "" || role == t.Owner || member(c, role, t.Owner, nil)
}

// neverNull reports whether a column of a policy's expression can hold no NULL: as far
// as its name leads to one column of the policy's own table or of a sub-select's.
func neverNull(s *model.Schema, t *model.Table, tree sql.Expr, c *sql.Column) bool {
	if c.Qualifier == t.Name || c.Qualifier == "" && !inside(tree, c) {
		i := t.Column(c.Name)
		return i >= 0 && t.Columns[i].NotNull
	}
	o := source(s, tree, c)
	if o == nil {
		return false
	}
	i := o.Column(c.Name)
	return i >= 0 && o.Columns[i].NotNull
}

// inside reports whether a column is named within a sub-select.
func inside(tree sql.Expr, c *sql.Column) bool {
	found := false
	sql.Walk(tree, func(e sql.Expr) bool {
		switch x := e.(type) {
		case *sql.Exists:
			sql.WalkQuery(x.Query, func(e sql.Expr) bool { found = found || e == sql.Expr(c); return true })
		case *sql.InQuery:
			sql.WalkQuery(x.Query, func(e sql.Expr) bool { found = found || e == sql.Expr(c); return true })
		}
		return true
	})
	return found
}

// source is the table of a sub-select that a qualified column is of; nil without one.
func source(s *model.Schema, tree sql.Expr, c *sql.Column) *model.Table {
	for _, from := range sql.Tables(tree) {
		if from.Alias == c.Qualifier || from.Alias == "" && from.Name == c.Qualifier {
			return s.Table(from.Schema, from.Name)
		}
	}
	return nil
}

// filtered is the table of a sub-select whose own policies say of its rows what a
// conjunct of the sub-select says, for every session that the policy applies to: without
// the conjunct, the sub-select reads the same rows. It is nil where that is not so.
func filtered(c *model.Contract, m *Mutant, applies func(*model.Session) bool) *model.Table {
	of, plain := ofSource(c.Schema, m.Table, m.tree, m.weaker)
	if of == nil || !of.RowSecurity {
		return nil
	}
	want, _ := sql.Print(plain, sql.PrintOptions{Named: true})
	for _, s := range actors(c, m.Table, m.policy.Command) {
		if applies(s) && (ownerOf(c, s, of) && !of.Force || c.Schema.Roles[acting(s)].BypassRLS || !says(c, s, of, want)) {
			return nil
		}
	}
	return of
}

// ofSource is the sub-select's table that a conjunct is about, and the conjunct with its
// columns unqualified, as a policy of that table names them.
func ofSource(s *model.Schema, t *model.Table, tree, conjunct sql.Expr) (*model.Table, sql.Expr) {
	var of *model.Table
	alias := ""
	plain := sql.Rewrite(conjunct, func(e sql.Expr) sql.Expr {
		c, ok := e.(*sql.Column)
		if !ok || c.Qualifier == "" || c.Qualifier == t.Name {
			return e
		}
		o := source(s, tree, c)
		if o == nil || of != nil && alias != c.Qualifier {
			return e
		}
		of, alias = o, c.Qualifier
		bare := *c
		bare.Schema, bare.Qualifier = "", ""
		return &bare
	})
	return of, plain
}

// says reports whether the policies for reading a table hold a session to a condition:
// a restrictive one has it, or every permissive one.
func says(c *model.Contract, s *model.Session, t *model.Table, want string) bool {
	permissive := false
	for i := range t.Policies {
		p := &t.Policies[i]
		if p.Command != "SELECT" && p.Command != "ALL" || !has(c, s, p.Roles) {
			continue
		}
		said := hasConjunct(p.Using, want)
		if !p.Permissive && said {
			return true
		}
		if p.Permissive && !said {
			permissive = true
		}
	}
	return !permissive
}

// hasConjunct reports whether an expression is a conjunction with a part of that text.
func hasConjunct(text, want string) bool {
	e, err := sql.ParseExpr(text)
	if err != nil {
		return false
	}
	and, ok := e.(*sql.And)
	if !ok {
		got, _ := sql.Print(e, sql.PrintOptions{Named: true})
		return got == want
	}
	return slices.ContainsFunc(and.Args, func(part sql.Expr) bool {
		got, _ := sql.Print(part, sql.PrintOptions{Named: true})
		return got == want
	})
}

// fixed reports whether each policy by which a session updates a table says the same
// equality of a column of the old row and of the new one: its value stays.
func fixed(c *model.Contract, s *model.Session, t *model.Table, column int) bool {
	r := c.Schema.Roles[acting(s)]
	if !t.RowSecurity || r.Super || r.BypassRLS || ownerOf(c, s, t) && !t.Force {
		return false
	}
	for i := range t.Policies {
		p := &t.Policies[i]
		if !p.Permissive || p.Command != "UPDATE" && p.Command != "ALL" || !has(c, s, p.Roles) {
			continue
		}
		want := equality(p.Using, t.Columns[column].Name)
		if want == "" || p.Check != "" && !hasConjunct(p.Check, want) {
			return false
		}
	}
	return true
}

// equality is the conjunct of an expression that sets a column equal to what no row
// decides; empty where there is none.
func equality(text, column string) string {
	e, err := sql.ParseExpr(text)
	if err != nil {
		return ""
	}
	parts := []sql.Expr{e}
	if and, ok := e.(*sql.And); ok {
		parts = and.Args
	}
	for _, part := range parts {
		cmp, ok := part.(*sql.Compare)
		if !ok || cmp.Op != "=" {
			continue
		}
		l, left := cmp.L.(*sql.Column)
		if left && l.Name == column && len(sql.Columns(cmp)) == 1 {
			printed, _ := sql.Print(part, sql.PrintOptions{Named: true})
			return printed
		}
	}
	return ""
}
