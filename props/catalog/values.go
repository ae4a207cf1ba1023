package catalog

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// replaceValue puts a column in the place of VALUE in a domain's check.
func replaceValue(expr, column string) string {
	var b strings.Builder
	end := 0
	for _, t := range sql.Tokens(expr) {
		if t.Kind == sql.Word && t.Text == "VALUE" {
			b.WriteString(expr[end:t.Start])
			b.WriteString(model.Quote(column))
			end = t.End
		}
	}
	return b.String() + expr[end:]
}

// listed returns the values that a check of one column lists, or nil when the
// check has another form. It knows what Postgres prints for col IN (…),
// col = ANY (…) and equalities joined by OR, with or without col IS NULL.
func listed(expr, column string) []string {
	l := list{tokens: sql.Tokens(expr), column: column}
	if !l.disjunction() || l.at != len(l.tokens) {
		return nil
	}
	var out []string
	for _, v := range l.values {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// list is a recursive descent over one check. Its methods report whether the
// form was met; the tokens from at on are still to be read.
type list struct {
	tokens []sql.Token
	at     int
	column string
	values []string
}

// take reads one token of that text if it comes next.
func (l *list) take(kind sql.TokenKind, text string) bool {
	if l.at < len(l.tokens) && l.tokens[l.at].Kind == kind && l.tokens[l.at].Text == text {
		l.at++
		return true
	}
	return false
}

// takeAll reads these words or signs if they come next.
func (l *list) takeAll(texts ...string) bool {
	from := l.at
	for _, t := range texts {
		if !l.take(sql.Sign, t) && !l.take(sql.Word, t) {
			l.at = from
			return false
		}
	}
	return true
}

func (l *list) disjunction() bool {
	if !l.term() {
		return false
	}
	for l.take(sql.Word, "OR") {
		if !l.term() {
			return false
		}
	}
	return true
}

func (l *list) term() bool {
	from, values := l.at, len(l.values)
	if l.comparison() {
		return true
	}
	l.at, l.values = from, l.values[:values]
	return l.take(sql.Sign, "(") && l.disjunction() && l.take(sql.Sign, ")")
}

func (l *list) comparison() bool {
	if !l.reference() {
		return false
	}
	if l.takeAll("IS", "NULL") {
		return true
	}
	if !l.take(sql.Sign, "=") {
		return false
	}
	if l.takeAll("ANY", "(") {
		return l.elements() && l.take(sql.Sign, ")")
	}
	return l.literal()
}

// reference reads the column, perhaps cast to text, which leaves its text as it is.
func (l *list) reference() bool {
	from := l.at
	if l.take(sql.Sign, "(") {
		if l.reference() && l.take(sql.Sign, ")") {
			for l.takeAll("::", "text") {
			}
			return true
		}
		l.at = from
		return false
	}
	return l.take(sql.QuotedName, l.column) || l.take(sql.Word, l.column)
}

// elements reads ARRAY[…], perhaps in parentheses and cast.
func (l *list) elements() bool {
	if l.take(sql.Sign, "(") {
		return l.elements() && l.take(sql.Sign, ")") && l.casts()
	}
	if !l.takeAll("ARRAY", "[") {
		return false
	}
	for l.literal() {
		if !l.take(sql.Sign, ",") {
			return l.take(sql.Sign, "]") && l.casts()
		}
	}
	return false
}

// literal reads one constant and keeps its text as the type's output function prints it.
func (l *list) literal() bool {
	from, values := l.at, len(l.values)
	if l.take(sql.Sign, "(") {
		if l.literal() && l.take(sql.Sign, ")") && l.casts() {
			return true
		}
		l.at, l.values = from, l.values[:values]
		return false
	}
	minus := l.take(sql.Sign, "-")
	if l.at == len(l.tokens) {
		return false
	}
	t := l.tokens[l.at]
	switch {
	case t.Kind == sql.Number && minus:
		l.values = append(l.values, "-"+t.Text)
	case t.Kind == sql.Number, t.Kind == sql.Str && !minus:
		l.values = append(l.values, t.Text)
	case t.Kind == sql.Word && (t.Text == "true" || t.Text == "false") && !minus:
		l.values = append(l.values, t.Text[:1])
	default:
		return false
	}
	l.at++
	return l.casts()
}

// casts reads any number of ::type, modifiers and array brackets included.
func (l *list) casts() bool {
	for l.take(sql.Sign, "::") {
		if !l.typeName() {
			return false
		}
	}
	return true
}

func (l *list) typeName() bool {
	from := l.at
	for l.at < len(l.tokens) {
		t := l.tokens[l.at]
		// Postgres prints keywords, which end a type, in upper case.
		known := t.Kind == sql.QuotedName || t.Kind == sql.Word && t.Text == strings.ToLower(t.Text) || t.Kind == sql.Sign && t.Text == "."
		if !known && !l.takeAll("[", "]") {
			break
		}
		if known {
			l.at++
		}
	}
	if l.at == from {
		return false
	}
	if l.take(sql.Sign, "(") { // varchar(20): the constant has been cut already
		for l.at < len(l.tokens) && !l.take(sql.Sign, ")") {
			l.at++
		}
		l.takeAll("[", "]")
	}
	return true
}
