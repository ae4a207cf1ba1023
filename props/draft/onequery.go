package draft

import (
	"regexp"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// returned is a function in PL/pgSQL that does nothing but return an expression or a query.
var returned = regexp.MustCompile(`(?is)^\s*begin\s+return\s+(query\s)?([^;]*);\s*end\s*;?\s*$`)

// lineComment is a comment up to the end of its line.
var lineComment = regexp.MustCompile(`(?m)--.*$`)

// query is the query that a function consists of; false where it is more than one, or none that
// can be read.
func (f *Function) query() (*sql.Query, bool) {
	text := strings.TrimSpace(f.Body)
	switch m := returned.FindStringSubmatch(lineComment.ReplaceAllString(text, "")); {
	case f.Language == "plpgsql" && m != nil && m[1] != "":
		text = m[2]
	case f.Language == "plpgsql" && m != nil:
		text = "SELECT " + m[2]
	case f.Language == "plpgsql":
		var ok bool
		if text, ok = gives(f.Body); !ok {
			return nil, false
		}
	case f.Language != "sql":
		return nil, false
	}
	if strings.HasPrefix(text, "RETURN ") {
		text = "SELECT " + strings.TrimPrefix(text, "RETURN ")
	}
	if inner, ok := strings.CutPrefix(text, "BEGIN ATOMIC"); ok {
		text = strings.TrimSuffix(strings.TrimSpace(inner), "END")
	}
	q, err := sql.ParseQuery(inside(strings.TrimSuffix(strings.TrimSpace(text), ";")))
	return q, err == nil
}

// inside is the inner query of SELECT (SELECT …); any other text is itself.
func inside(text string) string {
	tokens := sql.Tokens(text)
	if len(tokens) < 4 || !isWord(&tokens[0], "select") || !isSign(&tokens[1], "(") || !isWord(&tokens[2], "select") {
		return text
	}
	depth := 0
	for i := range tokens[1:] {
		switch t := &tokens[i+1]; {
		case isSign(t, "("):
			depth++
		case isSign(t, ")"):
			depth--
		}
		if depth == 0 {
			if i+2 < len(tokens) {
				return text
			}
			return text[tokens[1].End:tokens[i+1].Start]
		}
	}
	return text
}

func isWord(t *sql.Token, word string) bool {
	return t.Kind == sql.Word && strings.EqualFold(t.Text, word)
}

// gives is the one query over tables whose value a body in PL/pgSQL returns, directly or by way of
// a variable; false where there are several. In its text, variables that were set without a table
// are replaced by what they were set to. Statements that look at variables alone are passed over.
func gives(body string) (string, bool) {
	values, query, into := map[string]string{}, "", ""
	steps := sql.Steps(body)
	for i, step := range steps {
		text := replaced(step.Text, values)
		q, err := sql.ParseQuery(inside(text))
		if err != nil {
			return "", false
		}
		plain := q.Opaque == nil && len(q.From) == 0 && !q.Star
		switch last := i == len(steps)-1; {
		case plain && step.Into != "":
			values[step.Into] = selected(text)
		case plain && last && query != "":
			return query, strings.EqualFold(selected(text), into)
		case plain && !last && guards(q.Target):
		case query == "" && (last || step.Into != ""):
			if query, into = text, step.Into; last {
				return query, into == ""
			}
		default:
			return "", false
		}
	}
	return "", false
}

// selected is the expression of a SELECT without tables.
func selected(text string) string {
	text = strings.TrimSpace(text)
	if len(text) < len("select ") {
		return ""
	}
	return strings.TrimSpace(text[len("select "):])
}

// guards reports whether an expression has nothing but constants and variables in it.
func guards(x sql.Expr) bool {
	ok := x != nil
	sql.Walk(x, func(x sql.Expr) bool {
		switch x.(type) {
		case *sql.Literal, *sql.Column, *sql.Var, *sql.IsNull, *sql.IsBool, *sql.Not, *sql.And, *sql.Or, *sql.Compare, *sql.Cast:
		default:
			ok = false
		}
		return ok
	})
	return ok
}

// replaced puts the values of variables in the place of their names.
func replaced(text string, values map[string]string) string {
	var b strings.Builder
	at := 0
	tokens := sql.Tokens(text)
	for i := range tokens {
		t := &tokens[i]
		value, ok := values[t.Text]
		if !ok || t.Kind != sql.Word || i > 0 && isSign(&tokens[i-1], ".") || i+1 < len(tokens) && (isSign(&tokens[i+1], ".") || isSign(&tokens[i+1], "(")) {
			continue
		}
		b.WriteString(text[at:t.Start] + "(" + value + ")")
		at = t.End
	}
	return b.String() + text[at:]
}
