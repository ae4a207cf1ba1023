package script

import (
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/rlsfuzz/rlsfuzz/props/excerpt"
)

// A source is a file's text while psql variables are filled in: the text is edited
// ahead of the reader, and marks lead every offset back to the text as written.
type source struct {
	file   string
	text   string // as edited
	before string // as written
	marks  []mark // by offset
	lines  []int  // offsets of line beginnings in before
}

// A mark says where the text from offset on was written. A fixed one stands
// for a variable: all of its value was written at one place.
type mark struct {
	offset, written int
	fixed           bool
}

func newSource(file, text string) *source {
	s := &source{file: file, text: text, before: text, marks: []mark{{}}, lines: []int{0}}
	for i := 0; i < len(text); i++ {
		if text[i] == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// written is the offset in the file of an offset in the edited text.
func (s *source) written(offset int) int {
	i := sort.Search(len(s.marks), func(i int) bool { return s.marks[i].offset > offset }) - 1
	m := s.marks[i]
	if m.fixed {
		return m.written
	}
	return min(m.written+offset-m.offset, len(s.before))
}

// replace puts value in the place of text[from:to]. What is before from must
// have been read already.
func (s *source) replace(from, to int, value string) {
	i := sort.Search(len(s.marks), func(i int) bool { return s.marks[i].offset > to })
	last := s.marks[i-1]
	end := mark{offset: from + len(value), written: s.written(to), fixed: last.fixed}
	begin := mark{offset: from, written: s.written(from), fixed: true}
	keep := sort.Search(len(s.marks), func(i int) bool { return s.marks[i].offset >= from })
	marks := append([]mark(nil), s.marks[:keep]...)
	if value != "" {
		marks = append(marks, begin)
	}
	marks = append(marks, end)
	delta := len(value) - (to - from)
	for _, m := range s.marks[i:] {
		m.offset += delta
		marks = append(marks, m)
	}
	s.marks = marks
	s.text = s.text[:from] + value + s.text[to:]
}

// position is the line and column, from 1, of an offset in the edited text.
func (s *source) position(offset int) (line, col int) {
	at := s.written(offset)
	line = sort.SearchInts(s.lines, at+1)
	begin := s.lines[line-1]
	return line, utf8.RuneCountInString(s.before[begin:at]) + 1
}

// fault is an error at an offset in the edited text.
func (s *source) fault(offset int, msg string) *Error {
	line, col := s.position(offset)
	begin := s.lines[line-1]
	text, _, _ := strings.Cut(s.before[begin:], "\n")
	return &Error{File: s.file, Line: line, Col: col, Excerpt: excerpt.Of(text, col, "    "), Msg: msg}
}
