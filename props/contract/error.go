package contract

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is one mistake in a contract.
type Error struct {
	File      string // as it was given
	Line, Col int    // from 1, in characters
	Excerpt   string // the line
	Msg       string // what is wrong
	Expected  string // what would be right; may be empty
}

// Error is file:line:col, the mistake, the line with a caret, and what was expected.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: %s", e.File, e.Line, e.Col, e.Msg)
	if e.Excerpt != "" {
		fmt.Fprintf(&b, "\n  %s\n  %s^", e.Excerpt, indent(e.Excerpt, e.Col-1))
	}
	if e.Expected != "" {
		b.WriteString("\n  expected " + e.Expected)
	}
	return b.String()
}

// indent is blanks as wide as the first n characters of a line.
func indent(line string, n int) string {
	var b strings.Builder
	for _, r := range line {
		if n--; n < 0 {
			break
		}
		if r == '\t' {
			b.WriteByte('\t')
		} else {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// Errors is every mistake that was found, in the order of the file.
type Errors struct{ List []*Error }

// Error prints all, with an empty line between them.
func (e *Errors) Error() string {
	parts := make([]string, len(e.List))
	for i, one := range e.List {
		parts[i] = one.Error()
	}
	return strings.Join(parts, "\n\n")
}

// Unwrap gives errors.As each mistake.
func (e *Errors) Unwrap() []error {
	out := make([]error, len(e.List))
	for i, one := range e.List {
		out[i] = one
	}
	return out
}

// place is a position in a file, from 1, in characters.
type place struct{ line, col int }

// source is a file's text and the mistakes found in it so far.
type source struct {
	name  string
	lines []string
	errs  []*Error
}

func newSource(name string, src []byte) *source {
	text := strings.ReplaceAll(string(src), "\r\n", "\n")
	return &source{name: name, lines: strings.Split(text, "\n")}
}

// fail notes a mistake; the same one at the same place only once.
func (s *source) fail(at place, expected, format string, args ...any) {
	e := &Error{File: s.name, Line: at.line, Col: at.col, Msg: fmt.Sprintf(format, args...), Expected: expected}
	if at.line >= 1 && at.line <= len(s.lines) {
		e.Excerpt = strings.TrimRight(s.lines[at.line-1], " \t")
	}
	for _, old := range s.errs {
		if old.Line == e.Line && old.Col == e.Col && old.Msg == e.Msg {
			return
		}
	}
	s.errs = append(s.errs, e)
}

// result is the mistakes as an error, or nil.
func (s *source) result() error {
	if len(s.errs) == 0 {
		return nil
	}
	list := slices.Clone(s.errs)
	slices.SortStableFunc(list, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	return &Errors{List: list}
}
