package mutate

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// clause is the condition of a WHERE somewhere in a text: of a view, of a routine's body,
// of a path.
type clause struct{ start, end int }

// afterWhere are the words that end a condition where they stand at its own depth.
var afterWhere = []string{
	"group", "order", "having", "limit", "offset", "fetch", "for", "window", "union", "intersect", "except",
	"returning", "on", "into", "loop",
}

// clauses finds the conditions of a text, the inner ones too, by its words alone: the
// body of a function need not be in a language that the grammar knows.
func clauses(text string) []clause {
	type open struct{ start, depth int }
	var out []clause
	var stack []open
	depth := 0
	end := func(at int, ends func(open) bool) {
		for n := len(stack); n > 0 && ends(stack[n-1]); n = len(stack) {
			out = append(out, clause{stack[n-1].start, at})
			stack = stack[:n-1]
		}
	}
	for i := 0; i < len(text); {
		if n := sql.Skip(text, i); n > 0 {
			i += n
			continue
		}
		n := wordLen(text[i:])
		switch word := strings.ToLower(text[i : i+n]); {
		case text[i] == '(':
			depth++
		case text[i] == ')':
			depth--
			end(i, func(o open) bool { return o.depth > depth })
		case text[i] == ';':
			end(i, func(open) bool { return true })
			depth = 0
		case word == "where":
			stack = append(stack, open{i + n, depth})
		case slices.Contains(afterWhere, word):
			end(i, func(o open) bool { return o.depth == depth })
		}
		i += max(n, 1)
	}
	end(len(text), func(open) bool { return true })
	slices.SortFunc(out, func(a, b clause) int { return a.start - b.start })
	return out
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

func marksOf(c *model.Contract) marks {
	m := marks{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	for _, s := range c.Sessions {
		for i := range s.Settings {
			m.settings[s.Settings[i].Name] = true
		}
		for _, t := range c.Schema.Tables {
			w := &s.Writes[t.ID]
			for _, r := range []*model.Rule{s.Sees[t.ID].Rule, w.Insert, w.From, w.To, w.Delete} {
				m.rule(t, r)
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
