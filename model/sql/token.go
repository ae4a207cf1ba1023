package sql

import "strings"

// Token is one token of SQL text: a quoted name and a quoted string carry their text
// without the quotes.
type Token struct {
	Kind       TokenKind
	Text       string
	Start, End int // in the text
}

// TokenKind tells the tokens apart.
type TokenKind uint8

// The kinds of tokens.
const (
	Word       TokenKind = iota // an unquoted name or keyword
	QuotedName                  // "a name"
	Str                         // 'a string'
	Number
	Sign // an operator or one character of punctuation
)

const operatorChars = "+-*/<>=~!@#%^&|`?:"

// Tokens splits SQL text, such as an expression that Postgres printed or the body of
// a function. It never fails: what is no SQL becomes words and signs.
func Tokens(text string) []Token {
	var out []Token
	for i := 0; i < len(text); {
		start, c := i, text[i]
		switch {
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
			i++
		case strings.HasPrefix(text[i:], "--"):
			i = after(text, i, "\n")
		case strings.HasPrefix(text[i:], "/*"):
			i = after(text, i, "*/")
		case c == '"':
			s, end := quotedText(text, i)
			out, i = append(out, Token{QuotedName, s, start, end}), end
		case c == '\'':
			s, end := quotedText(text, i)
			out, i = append(out, Token{Str, s, start, end}), end
		default:
			kind, end := tokenEnd(text, i)
			out, i = append(out, Token{kind, text[start:end], start, end}), end
		}
	}
	return out
}

// after is the place behind the next mark, or the end.
func after(text string, i int, mark string) int {
	if n := strings.Index(text[i:], mark); n >= 0 {
		return i + n + len(mark)
	}
	return len(text)
}

// tokenEnd finds the end of the word, number or operator at i.
func tokenEnd(text string, i int) (TokenKind, int) {
	letter := func(c byte) bool { return c == '_' || c >= 0x80 || c|0x20 >= 'a' && c|0x20 <= 'z' }
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	in, kind := func(byte) bool { return false }, Sign
	switch c := text[i]; {
	case letter(c):
		in, kind = func(c byte) bool { return letter(c) || digit(c) || c == '$' }, Word
	case digit(c):
		in, kind = func(c byte) bool { return digit(c) || c == '.' || c == 'e' }, Number
	case strings.IndexByte(operatorChars, c) >= 0:
		in = func(c byte) bool { return strings.IndexByte(operatorChars, c) >= 0 }
	}
	end := i + 1
	for end < len(text) && in(text[end]) {
		end++
	}
	return kind, end
}

// quotedText reads from the quote at i to its partner. Postgres doubles quotes and
// escapes nothing else.
func quotedText(text string, i int) (string, int) {
	var b strings.Builder
	quote := text[i]
	for i++; i < len(text); i++ {
		c := text[i]
		if c == quote {
			if i+1 == len(text) || text[i+1] != quote {
				return b.String(), i + 1
			}
			i++
		}
		b.WriteByte(c)
	}
	return b.String(), i
}
