package script

import (
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// An expansion is a variable's value that is being read; while it is, the same
// variable is not expanded again.
type expansion struct {
	name string
	stop int
}

// variable replaces :name, :'name', :"name" or :{?name} at an offset. A colon
// that is none of these, or names no variable, is left as it is, as psql does.
func (r *reader) variable(at int) (done bool, err error) {
	if rest := r.text[at:]; strings.HasPrefix(rest, "::") || strings.HasPrefix(rest, ":=") {
		r.at = at + 2
		r.last = ""
		return true, nil
	}
	name, stop, form := reference(r.text, at)
	if stop == 0 {
		return false, nil
	}
	value, ok := r.vars[name]
	if form != '?' && !ok {
		return false, nil
	}
	for i := len(r.expanding) - 1; i >= 0 && r.expanding[i].stop <= at; i-- {
		r.expanding = r.expanding[:i]
	}
	for _, e := range r.expanding {
		if e.name == name {
			return false, r.fault(at, "the variable "+name+" contains itself")
		}
	}
	if strings.IndexByte(value, 0) >= 0 {
		return false, r.fault(at, "the variable "+name+" contains a zero byte")
	}
	text := render(value, form, ok)
	r.replace(at, stop, text)
	for i := range r.expanding {
		r.expanding[i].stop += len(text) - (stop - at)
	}
	r.at = at
	if form == ':' {
		r.expanding = append(r.expanding, expansion{name, at + len(text)})
	}
	return true, nil
}

// reference reads a variable's name at a colon; stop is 0 if there is none.
// Form says what its value becomes: a single quote a string, a double quote a name, a question
// mark whether it is set, a colon what it is.
func reference(s string, at int) (name string, stop int, form byte) {
	if at+1 >= len(s) {
		return "", 0, 0
	}
	form = s[at+1]
	from, closing := at+2, string(form)
	switch {
	case form == '\'' || form == '"':
	case strings.HasPrefix(s[at:], ":{?"):
		form, from, closing = '?', at+3, "}"
	default:
		form, from, closing = ':', at+1, ""
	}
	stop = run(s, from, func(c byte) bool { return isPart(c) && c != '$' })
	if stop == from || !strings.HasPrefix(s[stop:], closing) {
		return "", 0, 0
	}
	return s[from:stop], stop + len(closing), form
}

// render writes a variable's value in the form that a reference asks for; ok says whether the
// variable is set.
func render(value string, form byte, ok bool) string {
	switch form {
	case '\'':
		return sql.Constant(value)
	case '"':
		return pgx.Identifier{value}.Sanitize()
	case '?':
		if ok {
			return "TRUE"
		}
		return "FALSE"
	}
	return value
}
