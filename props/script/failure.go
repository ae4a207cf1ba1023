package script

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// failure is Postgres' refusal of a statement, at the place in the file that
// it means.
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
	e := s.fault(offset, fmt.Sprintf("%s (SQLSTATE %s)", refusal.Message, refusal.Code))
	e.Err = err
	e.Hint = hints(s, refusal, offset)
	return e
}

// hints is what Postgres adds to its message, and what we can add.
func hints(s *Statement, p *pgconn.PgError, offset int) string {
	var out []string
	for _, one := range []struct{ name, text string }{
		{"detail", p.Detail}, {"hint", p.Hint}, {"in", p.InternalQuery}, {"where", p.Where},
	} {
		if one.text != "" {
			out = append(out, one.name+": "+one.text)
		}
	}
	if variableHere.MatchString(s.Text[offset:]) && p.Code == "42601" {
		out = append(out, `hint: a psql variable that has no value? \set gives it one`)
	}
	if p.Code == "42704" && strings.HasPrefix(p.Message, "role ") {
		out = append(out, "hint: pg_dump leaves roles out: list a file with CREATE ROLE before this one, such as pg_dumpall --roles-only writes")
	}
	return strings.Join(out, "\n")
}

var variableHere = regexp.MustCompile(`^:['"A-Za-z_]`)

// lacking reports whether a CREATE EXTENSION failed because the server has no
// such extension.
func lacking(p *pgconn.PgError) bool {
	return p.Code == "0A000" && strings.Contains(p.Message, "is not available") || p.Code == "58P01"
}

func lackingExtension(s *Statement, name string, p *pgconn.PgError, left int) error {
	e := s.fault(0, fmt.Sprintf("the server lacks the extension %q", name))
	e.Err = p
	e.Hint = fmt.Sprintf("it blocks this statement and the %d after it, which may use its types and functions\n"+
		"--postgres with a server, a folder of binaries or an image that has it helps; if nothing here needs it, leave the statement out", left)
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
