package script

import (
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// command reads a backslash command up to the end of its line, or to the next
// backslash; two of them only separate.
func (r *reader) command(at int) (command, error) {
	c := command{at: at}
	i := run(r.text, at+1, func(b byte) bool { return isStart(b) || isDigit(b) })
	if i == at+1 && i < len(r.text) {
		i++ // such as \! and \?
	}
	c.name = r.text[at+1 : i]
	if c.name == "!" || c.name == "copy" {
		c.stop = at + lineLength(r.text[at:])
		return c, nil
	}
	for i < len(r.text) {
		switch b := r.text[i]; {
		case b == '\n':
			c.stop = i
			return c, nil
		case isSpace(b):
			i++
		case strings.HasPrefix(r.text[i:], `\\`):
			c.stop = i + 2
			return c, nil
		case b == '\\':
			c.stop = i
			return c, nil
		default:
			arg, next, err := r.argument(i, c.name == "set")
			if err != nil && c.echoes() {
				c.stop = i + lineLength(r.text[i:])
				return c, nil // psql, too, only complains
			}
			if err != nil {
				return c, err
			}
			c.args = append(c.args, arg)
			i = next
		}
	}
	c.stop = i
	return c, nil
}

// echoes reports whether the command only prints its arguments: a mistake in them does
// no harm.
func (c *command) echoes() bool { return c.name == "echo" || c.name == "qecho" || c.name == "warn" }

// argument reads one argument: pieces in quotes or not, without blanks between.
// Double quotes are part of it if raw.
func (r *reader) argument(at int, raw bool) (arg string, stop int, err error) {
	var b strings.Builder
	for i := at; i < len(r.text); {
		c := r.text[i]
		switch {
		case isSpace(c) || c == '\\':
			return b.String(), i, nil
		case c == '`':
			e := r.fault(i, "backquotes run a program, which is not supported")
			e.Hint = refused["!"]
			return "", 0, e
		case c == '\'':
			n := i + lineLength(r.text[i:])
			next, open := quote(r.text[:n], i, true)
			if open != "" {
				return "", 0, r.fault(i, "a string begins here and does not end on its line")
			}
			b.WriteString(unescape(r.text[i+1 : next-1]))
			i = next
		case c == '"':
			n := i + lineLength(r.text[i:])
			next, open := quote(r.text[:n], i, false)
			if open != "" {
				return "", 0, r.fault(i, "a quoted name begins here and does not end on its line")
			}
			if raw {
				b.WriteString(r.text[i:next])
			} else {
				b.WriteString(strings.ReplaceAll(r.text[i+1:next-1], `""`, `"`))
			}
			i = next
		case c == ':':
			i += r.argumentVariable(&b, i)
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String(), len(r.text), nil
}

// argumentVariable writes what stands at a colon, a variable's value if it
// names one, and returns its length in the text.
func (r *reader) argumentVariable(b *strings.Builder, at int) int {
	name, stop, form := reference(r.text, at)
	value, ok := r.vars[name]
	switch {
	case stop == 0 || form != '?' && !ok:
		b.WriteByte(':')
		return 1
	case form == '\'' || form == '"':
		b.WriteString(strings.TrimSpace(render(value, form, ok)))
	default:
		b.WriteString(render(value, form, ok))
	}
	return stop - at
}

// unescape reads the inside of an argument in single quotes.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			i++ // doubled
			b.WriteByte('\'')
		case s[i] != '\\' || i+1 == len(s):
			b.WriteByte(s[i])
		default:
			i++
			if n := strings.IndexByte("ntbrf", s[i]); n >= 0 {
				b.WriteByte("\n\t\b\r\f"[n])
				continue
			}
			if s[i] == 'x' {
				if code, n := hexadecimal(s[i+1:]); n > 0 {
					b.WriteByte(code)
					i += n
					continue
				}
			}
			n := digits(s[i:])
			if code, err := strconv.ParseUint(s[i:i+n], 8, 8); n > 0 && err == nil {
				b.WriteByte(byte(code))
				i += n - 1
				continue
			}
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// digits is how many octal digits s begins with, three at most.
func digits(s string) int {
	n := 0
	for n < min(3, len(s)) && '0' <= s[n] && s[n] <= '7' {
		n++
	}
	return n
}

// hexadecimal is the byte that s begins with in one or two digits, and how many.
func hexadecimal(s string) (code byte, n int) {
	for n = min(2, len(s)); n > 0; n-- {
		if v, err := strconv.ParseUint(s[:n], 16, 8); err == nil {
			return byte(v), n
		}
	}
	return 0, 0
}

// conninfo is the database and user of a connection string.
func conninfo(s string) (database, user string) {
	config, err := pgx.ParseConfig(s)
	if err != nil {
		return "", ""
	}
	database = config.Database
	if strings.Contains(s, "user=") || strings.Contains(s, "@") {
		user = config.User
	}
	return database, user
}
