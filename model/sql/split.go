package sql

import "strings"

// Statement is one statement of a text.
type Statement struct {
	Text       string // without the blanks and comments before it, and without its semicolon
	Start, End int    // of Text in the source, in bytes
	Line       int    // of Start, from 1
}

// Split cuts a text into its statements with Postgres' own grammar, so that
// dollar quotes and bodies of BEGIN ATOMIC stay whole. A mistake is an *Error
// with its offset in src.
func Split(src string) ([]Statement, error) {
	spans, failure := statementSpans(src)
	if failure != nil {
		return nil, failure
	}
	out := make([]Statement, 0, len(spans))
	line, counted := 1, 0
	for _, span := range spans {
		start, end := span[0], span[1]
		start += blankLen(src[start:end])
		end = start + len(strings.TrimRight(src[start:end], " \t\r\n\f\v"))
		line += strings.Count(src[counted:start], "\n")
		counted = start
		out = append(out, Statement{Text: src[start:end], Start: start, End: end, Line: line})
	}
	return out, nil
}

// blankLen is the length of the blanks, comments and semicolons at the start of s.
func blankLen(s string) int {
	n := 0
	for n < len(s) {
		switch {
		case strings.IndexByte(" \t\r\n\f\v;", s[n]) >= 0:
			n++
		case strings.HasPrefix(s[n:], "--"), strings.HasPrefix(s[n:], "/*"):
			n += skipLen(s[n:])
		default:
			return n
		}
	}
	return n
}
