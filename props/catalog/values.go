package catalog

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// token is one token of an expression as Postgres prints it: a quoted name and
// a quoted string carry their text without the quotes.
type token struct {
	kind       tokenKind
	text       string
	start, end int // in the expression
}

type tokenKind uint8

const (
	word tokenKind = iota // unquoted name or keyword
	name                  // "quoted name"
	str                   // 'string'
	number
	sign // an operator or one character of punctuation
)

const operators = "+-*/<>=~!@#%^&|`?:"

// scan splits an expression that Postgres printed.
func scan(expr string) []token {
	var out []token
	for i := 0; i < len(expr); {
		start, c := i, expr[i]
		switch {
		case c == ' ' || c == '\n' || c == '\t':
			i++
			continue
		case c == '"':
			text, end := quoted(expr, i)
			out, i = append(out, token{name, text, start, end}), end
		case c == '\'':
			text, end := quoted(expr, i)
			out, i = append(out, token{str, text, start, end}), end
		default:
			kind, end := run(expr, i)
			out, i = append(out, token{kind, expr[start:end], start, end}), end
		}
	}
	return out
}

// run finds the end of the word, number or operator at i.
func run(expr string, i int) (tokenKind, int) {
	letter := func(c byte) bool { return c == '_' || c >= 0x80 || c|0x20 >= 'a' && c|0x20 <= 'z' }
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	in, kind := func(byte) bool { return false }, sign
	switch c := expr[i]; {
	case letter(c):
		in, kind = func(c byte) bool { return letter(c) || digit(c) || c == '$' }, word
	case digit(c):
		in, kind = func(c byte) bool { return digit(c) || c == '.' || c == 'e' }, number
	case strings.IndexByte(operators, c) >= 0:
		in = func(c byte) bool { return strings.IndexByte(operators, c) >= 0 }
	}
	end := i + 1
	for end < len(expr) && in(expr[end]) {
		end++
	}
	return kind, end
}

// quoted reads from the quote at i to its partner. Postgres doubles quotes and
// escapes nothing else.
func quoted(expr string, i int) (string, int) {
	var b strings.Builder
	quote := expr[i]
	for i++; i < len(expr); i++ {
		c := expr[i]
		if c == quote {
			if i+1 == len(expr) || expr[i+1] != quote {
				return b.String(), i + 1
			}
			i++
		}
		b.WriteByte(c)
	}
	return b.String(), i
}

// replaceValue puts a column in the place of VALUE in a domain's check.
func replaceValue(expr, column string) string {
	var b strings.Builder
	end := 0
	for _, t := range scan(expr) {
		if t.kind == word && t.text == "VALUE" {
			b.WriteString(expr[end:t.start])
			b.WriteString(model.Quote(column))
			end = t.end
		}
	}
	return b.String() + expr[end:]
}

// listed returns the values that a check of one column lists, or nil when the
// check has another form. It knows what Postgres prints for col IN (…),
// col = ANY (…) and equalities joined by OR, with or without col IS NULL.
func listed(expr, column string) []string {
	l := list{tokens: scan(expr), column: column}
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
	tokens []token
	at     int
	column string
	values []string
}

// take reads one token of that text if it comes next.
func (l *list) take(kind tokenKind, text string) bool {
	if l.at < len(l.tokens) && l.tokens[l.at].kind == kind && l.tokens[l.at].text == text {
		l.at++
		return true
	}
	return false
}

// takeAll reads these words or signs if they come next.
func (l *list) takeAll(texts ...string) bool {
	from := l.at
	for _, t := range texts {
		if !l.take(sign, t) && !l.take(word, t) {
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
	for l.take(word, "OR") {
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
	return l.take(sign, "(") && l.disjunction() && l.take(sign, ")")
}

func (l *list) comparison() bool {
	if !l.reference() {
		return false
	}
	if l.takeAll("IS", "NULL") {
		return true
	}
	if !l.take(sign, "=") {
		return false
	}
	if l.takeAll("ANY", "(") {
		return l.elements() && l.take(sign, ")")
	}
	return l.literal()
}

// reference reads the column, perhaps cast to text, which leaves its text as it is.
func (l *list) reference() bool {
	from := l.at
	if l.take(sign, "(") {
		if l.reference() && l.take(sign, ")") {
			for l.takeAll("::", "text") {
			}
			return true
		}
		l.at = from
		return false
	}
	return l.take(name, l.column) || l.take(word, l.column)
}

// elements reads ARRAY[…], perhaps in parentheses and cast.
func (l *list) elements() bool {
	if l.take(sign, "(") {
		return l.elements() && l.take(sign, ")") && l.casts()
	}
	if !l.takeAll("ARRAY", "[") {
		return false
	}
	for l.literal() {
		if !l.take(sign, ",") {
			return l.take(sign, "]") && l.casts()
		}
	}
	return false
}

// literal reads one constant and keeps its text as the type's output function prints it.
func (l *list) literal() bool {
	from, values := l.at, len(l.values)
	if l.take(sign, "(") {
		if l.literal() && l.take(sign, ")") && l.casts() {
			return true
		}
		l.at, l.values = from, l.values[:values]
		return false
	}
	minus := l.take(sign, "-")
	if l.at == len(l.tokens) {
		return false
	}
	t := l.tokens[l.at]
	switch {
	case t.kind == number && minus:
		l.values = append(l.values, "-"+t.text)
	case t.kind == number, t.kind == str && !minus:
		l.values = append(l.values, t.text)
	case t.kind == word && (t.text == "true" || t.text == "false") && !minus:
		l.values = append(l.values, t.text[:1])
	default:
		return false
	}
	l.at++
	return l.casts()
}

// casts reads any number of ::type, modifiers and array brackets included.
func (l *list) casts() bool {
	for l.take(sign, "::") {
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
		known := t.kind == name || t.kind == word && t.text == strings.ToLower(t.text) || t.kind == sign && t.text == "."
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
	if l.take(sign, "(") { // varchar(20): the constant has been cut already
		for l.at < len(l.tokens) && !l.take(sign, ")") {
			l.at++
		}
		l.takeAll("[", "]")
	}
	return true
}
