package sql

import (
	"slices"
	"strings"
)

// Step is something that the body of a routine runs: a query, a write, or an expression as a
// query of it.
type Step struct {
	Text string // without the variables that it is read into
	Into string // the one variable that has its value then; empty: none, or several
}

// Steps lists what a body in PL/pgSQL, or of SQL statements, runs, as far as its words tell.
// Text that is put together at run time (EXECUTE) is left out.
func Steps(body string) []Step {
	var out []Step
	tokens := Tokens(body)
	cases, depth, first := 0, 0, 0
	cut := func(end int) {
		b := fragment{body, tokens[first:end]}
		if s, ok := b.step(); ok {
			out = append(out, s)
		}
		first = end + 1
	}
	for i := range tokens {
		t := &tokens[i]
		word := ""
		if t.Kind == Word {
			word = strings.ToLower(t.Text)
		}
		switch {
		case isSign(t, "("):
			depth++
		case isSign(t, ")"):
			depth--
		case depth > 0:
		case isSign(t, ";"):
			cut(i)
			cases = 0
		case word == "case" && i > first:
			cases++
		case word == "end" && cases > 0:
			cases--
		case cases == 0 && slices.Contains([]string{"then", "else", "loop", "begin", "declare"}, word):
			cut(i)
		}
	}
	cut(len(tokens))
	return out
}

// fragment is what stands between two words or signs that end a statement.
type fragment struct {
	body   string
	tokens []Token
}

// from is the text from the i-th token on.
func (f fragment) from(i int) string {
	if i >= len(f.tokens) {
		return ""
	}
	return f.body[f.tokens[i].Start:f.tokens[len(f.tokens)-1].End]
}

// word is the i-th token in lower case, if it is an unquoted word.
func (f fragment) word(i int) string {
	if i >= len(f.tokens) || f.tokens[i].Kind != Word {
		return ""
	}
	return strings.ToLower(f.tokens[i].Text)
}

// find is the first token outside of parentheses that is one of some words or signs; -1 for none.
func (f fragment) find(words ...string) int {
	depth := 0
	for i := range f.tokens {
		t := &f.tokens[i]
		switch {
		case isSign(t, "("):
			depth++
		case isSign(t, ")"):
			depth--
		case depth == 0 && (t.Kind == Word || t.Kind == Sign) && slices.Contains(words, strings.ToLower(t.Text)):
			return i
		}
	}
	return -1
}

// step is what a fragment runs.
func (f fragment) step() (Step, bool) {
	for f.word(0) == "atomic" || len(f.tokens) > 0 && isSign(&f.tokens[0], "<<") {
		skip := 1
		if f.word(0) != "atomic" { // a label
			skip = f.find(">>") + 1
		}
		if skip == 0 {
			return Step{}, false
		}
		f.tokens = f.tokens[skip:]
	}
	switch f.word(0) {
	case "select", "with", "insert", "update", "delete", "merge", "values", "table":
		return f.statement()
	case "if", "elsif", "elseif", "while", "when", "perform", "assert":
		return f.expression(1)
	case "return":
		switch f.word(1) {
		case "query":
			return f.after(1)
		case "next":
			return f.expression(2)
		}
		return f.expression(1)
	case "for", "foreach":
		if i := f.find("in"); i >= 0 {
			return f.after(i)
		}
	case "open":
		if i := f.find("for"); i >= 0 {
			return f.after(i)
		}
	case "end", "raise", "execute", "get", "null", "fetch", "close", "move", "exception", "exit", "continue", "":
	default:
		if i := f.find("cursor"); i >= 0 && f.find("for") > i {
			return f.after(f.find("for"))
		}
		if i := f.find(":=", "=", "default"); i > 0 {
			s, ok := f.expression(i + 1)
			if name := nameOf(&f.tokens[0]); i == 1 || !isSign(&f.tokens[1], ".") && !isSign(&f.tokens[1], "[") {
				s.Into = name
			}
			return s, ok
		}
	}
	return Step{}, false
}

// expression is that which begins with the i-th token.
func (f fragment) expression(i int) (Step, bool) {
	text := f.from(i)
	return Step{Text: "SELECT " + text}, text != ""
}

// after is the query that begins after the i-th token.
func (f fragment) after(i int) (Step, bool) {
	rest := fragment{f.body, f.tokens[i+1:]}
	switch rest.word(0) {
	case "select", "with", "insert", "update", "delete", "merge", "values", "table":
		return rest.statement()
	}
	if len(rest.tokens) > 0 && isSign(&rest.tokens[0], "(") {
		return Step{Text: rest.from(0)}, true
	}
	return Step{}, false
}

// statement is a query or a write without the variables that it is read into.
func (f fragment) statement() (Step, bool) {
	at, depth := -1, 0
	for i := range f.tokens {
		switch t := &f.tokens[i]; {
		case isSign(t, "("):
			depth++
		case isSign(t, ")"):
			depth--
		case depth == 0 && i > 0 && f.word(i) == "into" && f.word(i-1) != "insert" && f.word(i-1) != "merge":
			at = i
		}
	}
	if at < 0 {
		return Step{Text: f.from(0)}, true
	}
	end, into := at+1, ""
	if f.word(end) == "strict" {
		end++
	}
	name := func() bool { return end < len(f.tokens) && f.tokens[end].Kind <= QuotedName }
	for targets := 1; name(); targets++ {
		into = nameOf(&f.tokens[end])
		if end++; end < len(f.tokens) && isSign(&f.tokens[end], ".") {
			end, into = end+2, ""
		}
		if end >= len(f.tokens) || !isSign(&f.tokens[end], ",") {
			if targets > 1 {
				into = ""
			}
			break
		}
		end++
	}
	text := f.body[f.tokens[0].Start:f.tokens[at].Start]
	return Step{Text: text + f.from(end), Into: into}, true
}
