package script

import "strings"

// A kind of token: as fine as splitting needs, no finer.
type kind uint8

const (
	space   kind = iota
	comment      // -- or /* */, nested
	word         // an unquoted name or keyword
	quoted       // "a quoted name", U&"…"
	text         // a string constant of any form
	number       // digits, and $1
	sign         // one other character
	end
)

// A token is a piece of a text, from start to before stop.
type token struct {
	kind        kind
	start, stop int
	open        string // what never closes: "string", "comment", …; "" if whole
}

// scan reads the token at offset at. Backslashes in plain strings are escapes
// if loose (standard_conforming_strings off).
func scan(src string, at int, loose bool) token {
	t := token{start: at, stop: at + 1}
	if at >= len(src) {
		t.kind, t.stop = end, at
		return t
	}
	c, rest := src[at], src[at:]
	switch {
	case isSpace(c):
		t.kind = space
		for t.stop < len(src) && isSpace(src[t.stop]) {
			t.stop++
		}
	case strings.HasPrefix(rest, "--"):
		t.kind, t.stop = comment, at+commentLength(rest)
	case strings.HasPrefix(rest, "/*"):
		t.kind = comment
		t.stop, t.open = blockComment(src, at)
	case c == '\'':
		t.kind = text
		t.stop, t.open = quote(src, at, loose)
	case c == '"':
		t.kind = quoted
		t.stop, t.open = quote(src, at, false)
	case c == '$':
		t.kind, t.stop, t.open = dollar(src, at)
	case isDigit(c):
		t.kind, t.stop = number, run(src, at, isDigit)
	case isStart(c):
		t.kind, t.stop, t.open = named(src, at)
	default:
		t.kind = sign
	}
	return t
}

// named reads a word, or a string or quoted name with a prefix.
func named(src string, at int) (k kind, stop int, open string) {
	stop = run(src, at, isPart)
	if stop >= len(src) {
		return word, stop, ""
	}
	prefix := strings.ToLower(src[at:stop])
	switch {
	case prefix == "u" && strings.HasPrefix(src[stop:], "&'"):
		stop, open = quote(src, stop+1, false)
		return text, stop, open
	case prefix == "u" && strings.HasPrefix(src[stop:], `&"`):
		stop, open = quote(src, stop+1, false)
		return quoted, stop, open
	case src[stop] == '\'' && (prefix == "e" || prefix == "b" || prefix == "x" || prefix == "n"):
		stop, open = quote(src, stop, prefix == "e")
		return text, stop, open
	}
	return word, stop, ""
}

// quote reads a string or name in quotes, and its continuations on next lines.
func quote(src string, at int, escapes bool) (stop int, open string) {
	q := src[at]
	for i := at + 1; i < len(src); i++ {
		switch {
		case escapes && src[i] == '\\':
			i++
		case src[i] != q:
		case i+1 < len(src) && src[i+1] == q:
			i++
		default:
			if next := continuation(src, i+1); escapes && next > 0 {
				i = next
				continue
			}
			return i + 1, ""
		}
	}
	if q == '"' {
		return len(src), "quoted name"
	}
	return len(src), "string"
}

// continuation is the offset of the quote that continues a string which was
// closed before at: a line end, among spaces and comments to the end of their
// lines, then a quote. 0 if none does.
func continuation(src string, at int) int {
	next := run(src, at, isSpace)
	for strings.HasPrefix(src[next:], "--") {
		next += commentLength(src[next:])
		next = run(src, next, isSpace)
	}
	if next < len(src) && src[next] == '\'' && strings.ContainsAny(src[at:next], "\n\r") {
		return next
	}
	return 0
}

// dollar reads a dollar-quoted string, a parameter or a lone dollar.
func dollar(src string, at int) (k kind, stop int, open string) {
	i := at + 1
	if i < len(src) && isDigit(src[i]) {
		return number, run(src, i, isDigit), ""
	}
	if i < len(src) && isStart(src[i]) {
		i = run(src, i, func(c byte) bool { return isPart(c) && c != '$' })
	}
	if i >= len(src) || src[i] != '$' {
		return sign, at + 1, ""
	}
	tag := src[at : i+1]
	n := strings.Index(src[i+1:], tag)
	if n < 0 {
		return text, len(src), "dollar-quoted string " + tag
	}
	return text, i + 1 + n + len(tag), ""
}

// blockComment reads a comment with the comments inside it.
func blockComment(src string, at int) (stop int, open string) {
	depth := 0
	for i := at; i+1 < len(src); i++ {
		switch src[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
			if depth == 0 {
				return i + 1, ""
			}
		}
	}
	return len(src), "comment"
}

// run is the offset of the first byte from at on that is not in a set.
func run(src string, at int, in func(byte) bool) int {
	for at < len(src) && in(src[at]) {
		at++
	}
	return at
}

// lineLength is the length of the first line, without its end.
func lineLength(s string) int {
	if n := strings.IndexByte(s, '\n'); n >= 0 {
		return n
	}
	return len(s)
}

// commentLength is the length of a comment that began with two dashes; a lone
// carriage return ends it, too.
func commentLength(s string) int {
	if n := strings.IndexAny(s, "\r\n"); n >= 0 {
		return n
	}
	return len(s)
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isStart reports whether an unquoted name may begin with a byte; isPart, whether it
// may go on with it.
func isStart(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c >= 0x80
}

func isPart(c byte) bool { return isStart(c) || isDigit(c) || c == '$' }
