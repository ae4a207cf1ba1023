package carrier

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// mostBodies is how many other bodies of a function there are at most.
const mostBodies = 6

// rewrite gives a function that policies ask another body, which answers by the contract's
// rules. One that is given a column of the row answers by the rule of the row's table, with its
// argument in the place of the column. One that returns keys returns those of the rows that the
// rule of their table allows.
func (o *Object) rewrite(c *model.Contract) []Remedy {
	pinned := o.pinned()
	var bodies []string
	for i := range o.Asked {
		q := &o.Asked[i]
		table, commands := q.Table, []string{q.Policy.Command}
		if q.Arg == Returned {
			table, commands = q.Keyed(), []string{"SELECT"}
		} else if q.Policy.Command == "ALL" {
			commands = []string{"SELECT", "UPDATE", "INSERT", "DELETE"}
		}
		in := intent{c: c, table: table, full: pinned}
		for _, command := range commands {
			want, known := in.of(q.Policy.Roles, command)
			rule := want.using
			if command == "INSERT" {
				rule = want.check
			}
			body := ""
			if known && rule != never {
				body = q.body(in, rule, o.Routine)
			}
			if body != "" && !slices.Contains(bodies, body) && len(bodies) < mostBodies {
				bodies = append(bodies, body)
			}
		}
	}
	var out []Remedy
	for _, b := range bodies {
		if text := o.replace(b); text != "" {
			out = append(out, Remedy{SQL: []string{text}})
		}
	}
	return out
}

// body is a rule as the body of the function that the question is for; empty where it does
// not follow from what the function is given.
func (q *Question) body(in intent, rule string, r *model.Routine) string {
	if q.Arg != Returned {
		if r.Returns != "boolean" || r.Set || q.Of != q.Table {
			return ""
		}
		column := ident(q.Of.Name) + "." + ident(q.Of.Columns[q.Column].Name)
		rule = replaceName(rule, column, "$"+strconv.Itoa(q.Arg+1))
		if strings.Contains(rule, ident(q.Of.Name)+".") { // it takes more of the row
			return ""
		}
		return "SELECT " + rule
	}
	t := q.Keyed()
	if len(t.Key) != 1 || r.Record {
		return ""
	}
	key := ident(t.Name) + "." + ident(t.Columns[t.Key[0]].Name)
	rows := " FROM " + in.name(t) + " WHERE " + rule
	switch {
	case r.Set:
		return "SELECT " + key + rows
	case strings.HasSuffix(r.Returns, "[]"):
		return "SELECT coalesce(array_agg(" + key + "), '{}')" + rows
	}
	return ""
}

// replaceName replaces a qualified name in SQL (notes.org), or what qualifies names (notes.),
// outside of strings.
func replaceName(text, name, with string) string {
	var b strings.Builder
	part := func(c byte) bool {
		return c == '_' || c == '$' || c == '.' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
	}
	for i := 0; i < len(text); {
		if strings.HasPrefix(text[i:], name) && (i == 0 || !part(text[i-1])) && (strings.HasSuffix(name, ".") || i+len(name) == len(text) || !part(text[i+len(name)])) {
			b.WriteString(with)
			i += len(name)
			continue
		}
		n := 1
		if text[i] == '\'' {
			n = max(sql.Skip(text, i), 1)
		}
		b.WriteString(text[i : i+n])
		i += n
	}
	return b.String()
}

var language = regexp.MustCompile(`(?m)^ LANGUAGE \w+$`)

// pinned reports whether the routine has a search path of its own without the schema public: no table
// of that is found there by its bare name.
func (o *Object) pinned() bool {
	if o.Routine == nil {
		return false
	}
	_, after, found := strings.Cut(o.Routine.Head, "\n SET search_path TO ")
	path, _, _ := strings.Cut(after, "\n")
	return found && !strings.Contains(path, "'public'")
}

// replace is the statement that gives the function another body, in SQL. Its rights and
// settings stay, but for IMMUTABLE, which is wrong where the answer follows from the session. It is
// empty where the function cannot be replaced.
func (o *Object) replace(body string) string {
	head := o.Routine.Head
	if !language.MatchString(head) || strings.Contains(body, "$$") {
		return ""
	}
	head = language.ReplaceAllString(head, " LANGUAGE sql")
	return strings.Replace(head+"\n", "\n IMMUTABLE", "\n STABLE", 1) + "AS $$ " + body + " $$"
}
