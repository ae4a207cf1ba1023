package script

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/props/excerpt"
)

// failure is the error of a statement, at the place in the file that Postgres names.
// left is how many statements come after it.
func (r *runner) failure(err error, s *Statement, a adapted, left int) error {
	var refusal *pgconn.PgError
	if !errors.As(err, &refusal) {
		e := s.fault(0, "run the statement: "+err.Error())
		e.Err = err
		return e
	}
	if a.extension != "" && lacking(refusal) {
		return lackingExtension(s, a.extension, refusal, left)
	}
	offset := 0
	if a.text == s.Text && refusal.Position > 0 {
		offset = byteOffset(s.Text, int(refusal.Position)-1)
	}
	if s.Copy != nil && s.origin != nil {
		offset = s.copied(refusal.Where)
	}
	e := s.fault(offset, fmt.Sprintf("%s (SQLSTATE %s)", refusal.Message, refusal.Code))
	e.Err = err
	e.Hint = hints(s, refusal, offset)
	if newer := r.newerHint(s); newer != "" {
		e.Hint = strings.TrimPrefix(e.Hint+"\n"+newer, "\n")
	}
	return e
}

var copyLine = regexp.MustCompile(`^COPY .*, line (\d+)`)

// copied is the offset, in the statement's text, of the data line that Postgres names
// in the context of an error; 0 if it names none.
func (s *Statement) copied(where string) int {
	m := copyLine.FindStringSubmatch(where)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	at := 0
	for line := range bytes.Lines(s.Copy) {
		if n--; n == 0 {
			return s.data + at - s.start
		}
		at += len(line)
	}
	return 0
}

// hints is what Postgres adds to its message, and what we can add.
func hints(s *Statement, p *pgconn.PgError, offset int) string {
	var out []string
	for _, one := range []struct{ name, text string }{
		{"detail", p.Detail}, {"hint", p.Hint}, {"in", p.InternalQuery}, {"where", p.Where},
	} {
		if one.text != "" {
			out = append(out, one.name+": "+excerpt.Masked(one.text))
		}
	}
	if offset < len(s.Text) && variableHere.MatchString(s.Text[offset:]) && p.Code == "42601" {
		out = append(out, `hint: a psql variable that has no value? \set gives it one`)
	}
	if p.Code == "42704" && strings.HasPrefix(p.Message, "role ") {
		out = append(out, "hint: pg_dump leaves roles out: list a file with CREATE ROLE before this one, such as pg_dumpall --roles-only writes")
	}
	if p.Code == "0A000" && strings.HasPrefix(p.Message, "extension ") {
		out = append(out, "hint: --postgres with a server, a folder of binaries or an image that has the extension helps")
	}
	if p.Code == "42710" && strings.HasPrefix(p.Message, "role ") {
		out = append(out, "hint: "+leftAlone)
	}
	return strings.Join(out, "\n")
}

// variableHere is what looks like a psql variable that was not filled in.
var variableHere = regexp.MustCompile(`^:['"A-Za-z_]`)

// lacking reports whether a CREATE EXTENSION failed because the server has no
// such extension.
func lacking(p *pgconn.PgError) bool {
	return p.Code == "0A000" && strings.Contains(p.Message, "is not available") || p.Code == "58P01"
}

// lackingExtension says that the server has no such extension, and what can be done.
func lackingExtension(s *Statement, name string, p *pgconn.PgError, left int) error {
	e := s.fault(0, fmt.Sprintf("the server lacks the extension %q", name))
	e.Err = p
	if left > 0 {
		e.Hint = fmt.Sprintf("it blocks this statement and what comes after it, which may use its types and functions (statements: %d)\n", left)
	}
	e.Hint += "--postgres with a server, a folder of binaries or an image that has it helps; if nothing here needs it, leave the statement out"
	return e
}

// byteOffset is the offset in bytes of the nth character, from 0.
func byteOffset(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}
