package script

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
)

// databaseVariable is psql's DBNAME where Options.Vars do not set it. Only
// statements about databases need it, and Run writes the scratch database there.
const databaseVariable = "scratch"

// Parse splits a file as psql would and obeys its backslash commands. Name is
// what errors call the file, and what \ir is relative to. A file that undoes a
// migration (*.down.sql), and the "down" part of one that goose, dbmate or
// sql-migrate wrote, are left out with a note. The error is an *Error.
func Parse(name, src string, o Options) (*Script, error) {
	p := &parser{script: &Script{}, read: o.Read, vars: map[string]string{"DBNAME": databaseVariable}}
	if p.read == nil {
		p.read = os.ReadFile
	}
	maps.Copy(p.vars, o.Vars)
	if base := filepath.Base(name); base == "down.sql" || strings.HasSuffix(base, ".down.sql") {
		p.note("%s: skipped: it undoes a migration", name)
		return p.script, nil
	}
	if err := p.file(name, src, 0); err != nil {
		return nil, err
	}
	return p.script, nil
}

// A parser is what lasts from file to included file, as a psql session does.
type parser struct {
	script   *Script
	read     func(string) ([]byte, error)
	vars     map[string]string
	database string // the one that \connect named
	session  bool   // something was set that \connect must undo
}

// note says what was left out or taken another way.
func (p *parser) note(format string, args ...any) {
	p.script.Notes = append(p.script.Notes, fmt.Sprintf(format, args...))
}

// maxDepth is how deep files may include files.
const maxDepth = 32

// file reads one file to its end. What stands there without a semicolon is a
// statement, as for psql.
func (p *parser) file(name, text string, depth int) error {
	r := &reader{parser: p, source: newSource(name, strings.TrimPrefix(text, "\ufeff")), depth: depth}
	r.migration = hasUpPart(r.text)
	r.clear()
	for {
		t := scan(r.text, r.at, r.loose)
		if t.open != "" {
			return r.fault(t.start, "a "+t.open+" begins here and never ends")
		}
		if t.kind == end {
			break
		}
		if err := r.take(t); err != nil {
			return err
		}
	}
	if len(r.parens) > 0 {
		return r.fault(r.parens[len(r.parens)-1], "a parenthesis begins here and never ends")
	}
	if r.atomic > 0 {
		return r.fault(r.begin, "a BEGIN ATOMIC body begins in this statement and never ends")
	}
	if len(r.branches) > 0 {
		return r.fault(r.branches[len(r.branches)-1].at, `\if without \endif`)
	}
	return r.finish(len(r.text))
}

// A reader goes through one file.
type reader struct {
	*parser
	*source
	depth     int
	at        int  // where it reads next
	loose     bool // standard_conforming_strings is off: backslashes in strings are escapes
	migration bool // parts of the file are marked up and down
	branches  []branch
	expanding []expansion

	// The statement being read.
	begin     int      // where it begins; -1 before that
	parens    []int    // where parentheses opened
	atomic    int      // depth of BEGIN ATOMIC and the CASEs in it
	words     []string // its first words, in lower case; at most maxWords
	last      string   // the token before, if it was a word, in lower case, or "."; else empty
	fromStdin bool     // it is a COPY … FROM stdin, and its data follows
}

// maxWords is how many leading words of a statement are remembered: enough for
// CREATE OR REPLACE FUNCTION, and for SET standard_conforming_strings TO off.
const maxWords = 4

// clear forgets the statement that was read.
func (r *reader) clear() {
	r.begin, r.parens, r.atomic, r.words, r.last, r.fromStdin = -1, nil, 0, nil, "", false
}

// take reads one token.
func (r *reader) take(t token) error {
	switch t.kind {
	case word, quoted, text, number, end:
	case space:
		r.at = t.stop
		return nil
	case comment:
		r.at = t.stop
		return r.comment(t)
	case sign:
		switch r.text[t.start] {
		case '\\':
			return r.backslash(t.start)
		case ':':
			if done, err := r.variable(t.start); done || err != nil {
				return err
			}
		case ';':
			if len(r.parens) == 0 && r.atomic == 0 {
				r.at = t.stop
				return r.finish(t.start)
			}
		}
	}
	r.at = t.stop
	if r.begin < 0 {
		r.begin = t.start
	}
	r.follow(t)
	return nil
}

// follow keeps track of what decides where the statement ends.
func (r *reader) follow(t token) {
	before := r.last
	r.last = ""
	switch {
	case t.kind == sign && r.text[t.start] == '(':
		r.parens = append(r.parens, t.start)
	case t.kind == sign && r.text[t.start] == ')':
		r.parens = r.parens[:max(0, len(r.parens)-1)]
	case t.kind == sign && r.text[t.start] == '.':
		r.last = "."
	case t.kind == word:
		r.last = strings.ToLower(r.text[t.start:t.stop])
		if len(r.words) < maxWords {
			r.words = append(r.words, r.last)
		}
		if len(r.parens) == 0 && before != "." && before != "as" {
			r.keyword(before)
		}
	}
}

// keyword looks at a word outside of parentheses: does it begin or end a BEGIN ATOMIC
// body, or does it say that data follows?
func (r *reader) keyword(before string) {
	switch {
	case r.last == "atomic" && before == "begin" && r.atomic == 0 && r.routine():
		r.atomic = 1
	case r.last == "case" && r.atomic > 0 && before != "end":
		r.atomic++
	case r.last == "end" && r.atomic > 0:
		r.atomic--
	case (r.last == "stdin" || r.last == "stdout") && before == "from" && r.words[0] == "copy":
		r.fromStdin = true
	}
}

// routine reports whether the statement creates a function or procedure.
func (r *reader) routine() bool {
	what := r.words
	if len(what) > 3 && what[1] == "or" && what[2] == "replace" {
		what = what[2:]
	}
	return r.words[0] == "create" && len(what) > 1 && (what[1] == "function" || what[1] == "procedure")
}

// finish ends the statement before stop and reads its COPY data.
func (r *reader) finish(stop int) error {
	defer r.clear()
	if r.begin < 0 {
		return nil
	}
	s := Statement{File: r.source.file, Text: strings.TrimRight(r.text[r.begin:stop], " \t\r\n\f\v"), origin: r.source, start: r.begin}
	s.Line, s.Col = r.position(r.begin)
	r.session = r.session || r.sets(s.Text)
	if r.words != nil && r.words[0] == "set" {
		r.conforming()
	}
	if r.words != nil && r.words[0] == "copy" {
		if err := s.outside(); err != nil {
			return err
		}
	}
	if r.fromStdin {
		if err := r.copyData(&s); err != nil {
			return err
		}
	}
	r.script.Statements = append(r.script.Statements, s)
	return nil
}

// sets reports whether a statement may change settings of this session, or of
// the next one.
func (r *reader) sets(text string) bool {
	verb, object := "", ""
	if len(r.words) > 1 {
		verb, object = r.words[0], r.words[1]
	}
	return verb == "set" || strings.Contains(text, "set_config") ||
		verb == "alter" && (object == "database" || object == "role" || object == "user")
}

// conforming obeys SET standard_conforming_strings, since it changes what a
// backslash in a string means.
func (r *reader) conforming() {
	text := r.text[r.begin:r.at]
	if strings.Contains(strings.ToLower(text), "standard_conforming_strings") {
		fields := strings.FieldsFunc(strings.ToLower(text), func(c rune) bool { return strings.ContainsRune(" \t\r\n='\";", c) })
		value := fields[len(fields)-1]
		r.loose = value == "off" || value == "false" || value == "0"
	}
}

// copyData reads the lines after COPY … FROM stdin up to the one that is \. alone.
func (r *reader) copyData(s *Statement) error {
	rest := r.text[r.at:]
	n := lineLength(rest)
	if line := strings.TrimSpace(rest[:n]); line != "" && !strings.HasPrefix(line, "--") {
		return r.fault(r.at, "COPY … FROM stdin must be the last on its line: its data begins on the next one")
	}
	begin := min(r.at+n+1, len(r.text))
	for at := begin; at < len(r.text); {
		line := r.text[at : at+lineLength(r.text[at:])]
		if strings.TrimSuffix(line, "\r") == `\.` {
			s.Copy = append([]byte{}, r.text[begin:at]...)
			s.data = begin
			r.at = at + len(line)
			return nil
		}
		at += len(line) + 1
	}
	return s.fault(0, `the data of COPY … FROM stdin never ends: there is no line \.`)
}
