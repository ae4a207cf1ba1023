package contract

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rlsfuzz/rlsfuzz/props/excerpt"
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
		b.WriteString("\n" + excerpt.Of(e.Excerpt, e.Col, "  "))
	}
	if e.Expected != "" {
		b.WriteString("\n  expected " + e.Expected)
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

// newSource reads a file's text; that a byte order mark begins it, and how its lines end,
// does not matter.
func newSource(name string, src []byte) *source {
	text := strings.ReplaceAll(strings.TrimPrefix(string(src), "\ufeff"), "\r\n", "\n")
	s := &source{name: name, lines: strings.Split(text, "\n")}
	for i, line := range s.lines {
		if col := foreign(line); col > 0 {
			s.lines[i] = strings.Map(printable, line)
			s.fail(place{i + 1, col}, "a file in UTF-8", "this is not UTF-8")
			break
		}
	}
	return s
}

// foreign is the place of the first byte of a line that is not UTF-8, from 1 in characters;
// 0 without one.
func foreign(line string) int {
	for col, at := 1, 0; at < len(line); col++ {
		r, size := utf8.DecodeRuneInString(line[at:])
		if r == utf8.RuneError && size == 1 {
			return col
		}
		at += size
	}
	return 0
}

func printable(r rune) rune {
	if unicode.IsPrint(r) || r == '\t' {
		return r
	}
	return utf8.RuneError
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
