package contract

import "strings"

// piece is a part of a text with variables.
type piece struct {
	text   string // literal, where name is empty
	name   string // tenant, user.id, 1
	source string // as written, with the dollar sign
	offset int
}

// parts cuts a text at its variables: $tenant, $user.column, $1. A dollar sign is
// written $$; one that no name follows stands for itself.
func parts(s string) []piece {
	var out []piece
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			out = append(out, piece{text: b.String()})
			b.Reset()
		}
	}
	for i := 0; i < len(s); {
		n := variableLen(s[i:])
		switch {
		case strings.HasPrefix(s[i:], "$$"):
			b.WriteByte('$')
			i += 2
		case n > 0:
			flush()
			out = append(out, piece{name: strings.ToLower(s[i+1 : i+n]), source: s[i : i+n], offset: i})
			i += n
		default:
			b.WriteByte(s[i])
			i++
		}
	}
	flush()
	return out
}

// variableLen is the length of the variable at the start of s; 0 for none.
func variableLen(s string) int {
	if len(s) < 2 || s[0] != '$' {
		return 0
	}
	n := 1
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	if n > 1 {
		return n
	}
	n = nameEnd(s, 1)
	if n == 1 {
		return 0
	}
	if n+1 < len(s) && s[n] == '.' {
		if m := nameEnd(s, n+1); m > n+1 {
			return m
		}
	}
	return n
}

func nameEnd(s string, i int) int {
	start := i
	for i < len(s) {
		c := s[i] | 0x20
		if s[i] != '_' && (c < 'a' || c > 'z') && (i == start || s[i] < '0' || s[i] > '9') {
			break
		}
		i++
	}
	return i
}

// sqlParts is parts for SQL, in which texts, quoted names, comments and dollar
// quotes hold no variables.
func sqlParts(s string) []piece {
	var out []piece
	start := 0
	flush := func(end int) {
		if end > start {
			out = append(out, piece{text: s[start:end]})
		}
	}
	for i := 0; i < len(s); {
		if n := literalLen(s[i:]); n > 0 {
			i += n
			continue
		}
		n := variableLen(s[i:])
		if n == 0 || i > 0 && nameEnd(s[i-1:], 0) > 0 { // a$b is a name
			i++
			continue
		}
		flush(i)
		out = append(out, piece{name: strings.ToLower(s[i+1 : i+n]), source: s[i : i+n], offset: i})
		i += n
		start = i
	}
	flush(len(s))
	return out
}

// literalLen is the length of the text, quoted name, comment or dollar quote at the
// start of s; 0 for something else.
func literalLen(s string) int {
	until := func(open int, end string) int {
		if i := strings.Index(s[open:], end); i >= 0 {
			return open + i + len(end)
		}
		return len(s)
	}
	switch {
	case s[0] == '\'' || s[0] == '"':
		return until(1, s[:1])
	case strings.HasPrefix(s, "--"):
		return until(2, "\n")
	case strings.HasPrefix(s, "/*"):
		return until(2, "*/")
	case s[0] != '$':
		return 0
	}
	tag := nameEnd(s, 1)
	if tag < len(s) && s[tag] == '$' {
		if end := strings.Index(s[tag+1:], s[:tag+1]); end >= 0 {
			return tag + 1 + end + tag + 1
		}
	}
	return 0
}
