package sql

import "strings"

// Skip is the length of the comment, string, quoted name or dollar-quoted string that
// begins at an offset of a statement's text; 0 when none does (manual, "Lexical
// Structure"). What is not closed reaches to the end.
func Skip(text string, at int) int {
	s := text[at:]
	switch {
	case s[0] == '\'' && at > 0 && (text[at-1] == 'E' || text[at-1] == 'e') && (at < 2 || !isNamePart(text[at-2])):
		return escapeLen(s)
	case s[0] == '$' && at > 0 && isNamePart(text[at-1]):
		return 0
	default:
		return skipLen(s)
	}
}

// skipLen is the length of the comment, string, quoted name or dollar-quoted
// string at the start of s; 0 when none starts there.
func skipLen(s string) int {
	switch {
	case strings.HasPrefix(s, "--"):
		if i := strings.IndexByte(s, '\n'); i >= 0 {
			return i + 1
		}
		return len(s)
	case strings.HasPrefix(s, "/*"):
		return commentLen(s)
	case s[0] == '\'' || s[0] == '"':
		return quotedLen(s, s[0])
	case s[0] == '$':
		return dollarLen(s)
	default:
		return 0
	}
}

// commentLen is the length of a block comment; they nest.
func commentLen(s string) int {
	depth := 0
	for i := 0; i < len(s)-1; {
		switch s[i : i+2] {
		case "/*":
			depth++
			i += 2
		case "*/":
			depth--
			i += 2
		default:
			i++
		}
		if depth == 0 {
			return i
		}
	}
	return len(s)
}

// quotedLen is the length of text between quotes; a doubled quote stands for one.
func quotedLen(s string, quote byte) int {
	for i := 1; i < len(s); i++ {
		if s[i] != quote {
			continue
		}
		if i+1 == len(s) || s[i+1] != quote {
			return i + 1
		}
		i++
	}
	return len(s)
}

// escapeLen is quotedLen for E'…', where a backslash escapes the next character.
func escapeLen(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '\'':
			if i+1 == len(s) || s[i+1] != '\'' {
				return i + 1
			}
			i++
		}
	}
	return len(s)
}

// dollarLen is the length of a dollar-quoted string; 0 when s is none.
func dollarLen(s string) int {
	n := 1
	for n < len(s) && s[n] != '$' && isNamePart(s[n]) && (n > 1 || !isDigit(s[n])) {
		n++
	}
	if n == len(s) || s[n] != '$' {
		return 0
	}
	tag := s[:n+1]
	if i := strings.Index(s[len(tag):], tag); i >= 0 {
		return i + 2*len(tag)
	}
	return len(s)
}

// nameLen is the length of the run of name characters at the start of s.
func nameLen(s string) int {
	n := 0
	for n < len(s) && isNamePart(s[n]) {
		n++
	}
	return n
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isNameStart(c byte) bool {
	return c == '_' || c >= 0x80 || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isNamePart(c byte) bool { return isNameStart(c) || isDigit(c) || c == '$' }
