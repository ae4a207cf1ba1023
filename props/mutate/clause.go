package mutate

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// clause is a condition somewhere in a text: of a view, of a routine's body, of a path.
type clause struct {
	start, end int
	word       string // WHERE, ON of a join, or IF of what a routine refuses
}

// afterWhere are the words that end a condition where they stand at its own depth, and
// afterOn those that end the condition of a join besides.
var (
	afterWhere = []string{
		"group", "order", "having", "limit", "offset", "fetch", "for", "window", "union", "intersect", "except",
		"returning", "on", "into", "loop",
	}
	afterOn = []string{"where", "join", "inner", "cross", "natural", "left", "right", "full"}
)

// clauses finds the conditions of a text, the inner ones too, by its words alone: the
// body of a function need not be in a language that the grammar knows.
func clauses(text string) []clause {
	var r reader
	for i := 0; i < len(text); {
		if n := sql.Skip(text, i); n > 0 {
			i += n
			continue
		}
		n := wordLen(text[i:])
		word := strings.ToUpper(text[i : i+n])
		r.read(text, i, word)
		if word != "" {
			r.last = word
		}
		i += max(n, 1)
	}
	r.end(len(text), func(clause, int) bool { return true })
	slices.SortFunc(r.found, func(a, b clause) int { return a.start - b.start })
	return r.found
}

// reader goes over a text, and keeps the conditions that have begun.
type reader struct {
	found []clause
	open  []clause
	at    []int // the depth of each
	depth int
	last  string // word
}

// end ends conditions, the innermost first.
func (r *reader) end(at int, ends func(c clause, depth int) bool) {
	for n := len(r.open) - 1; n >= 0 && ends(r.open[n], r.at[n]); n-- {
		if c := r.open[n]; c.word != "IF" { // the condition of an IF ends at THEN, and nowhere else
			c.end = at
			r.found = append(r.found, c)
		}
		r.open, r.at = r.open[:n], r.at[:n]
	}
}

func (r *reader) begin(at int, word string) {
	r.open, r.at = append(r.open, clause{start: at, word: word}), append(r.at, r.depth)
}

// read takes the word at a place, or the character there where none begins.
func (r *reader) read(text string, i int, word string) {
	here := func(list []string) bool { return slices.Contains(list, strings.ToLower(word)) }
	rest := strings.TrimLeft(text[i+len(word):], " \t\n")
	switch {
	case text[i] == '(':
		r.depth++
	case text[i] == ')':
		r.depth--
		r.end(i, func(_ clause, depth int) bool { return depth > r.depth })
	case text[i] == ';':
		r.end(i, func(clause, int) bool { return true })
		r.depth = 0
	case here(afterOn) && strings.HasPrefix(rest, "("): // a function: left, right
	case word == "THEN":
		r.then(i, rest)
	case here(afterWhere) || here(afterOn):
		r.end(i, func(c clause, depth int) bool { return depth == r.depth && (here(afterWhere) || c.word == "ON") })
	}
	conflict := word == "ON" && (r.last == "DISTINCT" || strings.EqualFold(rest[:wordLen(rest)], "conflict"))
	if word == "WHERE" || word == "ON" && !conflict || word == "IF" && r.last != "END" {
		r.begin(i+len(word), word)
	}
}

// then ends the condition of an IF, which is kept where the routine refuses.
func (r *reader) then(i int, rest string) {
	n := len(r.open) - 1
	if n < 0 || r.open[n].word != "IF" || r.at[n] != r.depth {
		return
	}
	c := r.open[n]
	r.open, r.at = r.open[:n], r.at[:n]
	if next := strings.ToUpper(rest[:wordLen(rest)]); next == "RAISE" || next == "RETURN" {
		c.end = i
		r.found = append(r.found, c)
	}
}

// wordLen is the length of the word at the start of a text; 0 where none begins.
func wordLen(s string) int {
	n := 0
	for n < len(s) && (s[n] == '_' || s[n] >= 0x80 || s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z' || n > 0 && (s[n] >= '0' && s[n] <= '9' || s[n] == '$')) {
		n++
	}
	return n
}

// marks say which conditions are about tenants: those that name a column or a setting by
// which the contract tells whose a row is, or that its rules read.
type marks struct {
	columns, settings, routines map[string]bool
}

// marksOf takes the rules of those sessions alone that use what is looked at: what they may
// see and change anyway, no condition keeps from them.
func marksOf(c *model.Contract, uses func(*model.Session) bool) marks {
	m := marks{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	for _, s := range c.Sessions {
		for i := range s.Settings {
			m.settings[s.Settings[i].Name] = true
		}
		if uses(s) {
			m.rules(c.Schema, s.Sees, s.Writes)
		}
	}
	for _, p := range c.Paths {
		for i := range p.Users {
			if u := &p.Users[i]; uses(u.Session) {
				m.rules(c.Schema, u.Sees, u.Writes)
			}
		}
	}
	for i := range c.Belongs {
		m.belonging(c.Schema, c.Schema.Tables[i], &c.Belongs[i])
	}
	for _, r := range c.Schema.Routines {
		m.routines[r.Name] = m.routines[r.Name] || m.setting(r.Source)
	}
	return m
}

func (m *marks) rules(s *model.Schema, sees []model.Sees, writes []model.Writes) {
	for _, t := range s.Tables {
		w := &writes[t.ID]
		for _, r := range []*model.Rule{sees[t.ID].Rule, w.Insert, w.From, w.To, w.Delete} {
			m.rule(t, r)
		}
	}
}

// rule notes the columns that a written condition reads, apart from whose the row is.
func (m *marks) rule(t *model.Table, r *model.Rule) {
	if r == nil || r.Kind != model.RuleCondition {
		return
	}
	for _, i := range r.Columns {
		if !slices.Contains(t.Key, i) {
			m.columns[t.Columns[i].Name] = true
		}
	}
}

func (m *marks) belonging(s *model.Schema, t *model.Table, b *model.Belonging) {
	for i := range b.Paths {
		p := &b.Paths[i]
		if p.Column >= 0 && !slices.Contains(t.Key, p.Column) {
			m.columns[t.Columns[p.Column].Name] = true
		}
		for _, name := range sql.Scan(p.SQL, false) {
			if column := name.Parts[len(name.Parts)-1]; !isKey(s, column) {
				m.columns[column] = true
			}
		}
	}
}

// isKey reports whether some table has a key of this one column: it tells rows apart, and
// not whose they are.
func isKey(s *model.Schema, column string) bool {
	return slices.ContainsFunc(s.Tables, func(t *model.Table) bool {
		return len(t.Key) == 1 && t.Columns[t.Key[0]].Name == column
	})
}

func (m *marks) setting(text string) bool {
	for name := range m.settings {
		if strings.Contains(text, "'"+name+"'") {
			return true
		}
	}
	return false
}

// tenants reports whether a condition is about tenants. Of a path, its parameters that
// are variables of the session say so too.
func (m *marks) tenants(e sql.Expr, params []model.PathParam) bool {
	text, vars := sql.Print(e, sql.PrintOptions{})
	if m.setting(text) || slices.ContainsFunc(vars, func(name string) bool { return isVariable(name, params) }) {
		return true
	}
	return slices.ContainsFunc(sql.Scan(text, false), func(n sql.Mention) bool {
		name := n.Parts[len(n.Parts)-1]
		return n.Call && m.routines[name] || !n.Call && m.columns[name]
	})
}

// isVariable reports whether $n is a variable of the session, and no argument.
func isVariable(name string, params []model.PathParam) bool {
	for i := range params {
		if name == number(i+1) {
			return params[i].Arg < 0
		}
	}
	return false
}
