package finding

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// literal writes text as an SQL string, whatever standard_conforming_strings is.
func literal(s string) string {
	quoted := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return " E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

var digits = regexp.MustCompile(`^(0|[1-9][0-9]{0,17})$`)

// constantOf writes a value: bare where it is a whole number of a column of integers.
func constantOf(t model.Type, v model.Value) string {
	switch {
	case v.Null:
		return "NULL"
	case !t.Array && (t.Base == "int2" || t.Base == "int4" || t.Base == "int8") && digits.MatchString(v.Text):
		return v.Text
	}
	return literal(v.Text)
}

// Statement is the text of an operation with its arguments in the place of the
// parameters, without a semicolon.
func Statement(op *model.Op) string {
	text := op.Raw
	if op.Shape != nil {
		text = op.Shape.Text
	}
	return bound(strings.TrimRight(text, "; \t\r\n"), op.Args)
}

// bound replaces $1, $2, … outside of strings, quoted names and comments.
func bound(text string, args []model.Value) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		n := sql.Skip(text, i)
		if n > 0 {
			b.WriteString(text[i : i+n])
			i += n
			continue
		}
		if number, width := parameter(text, i); width > 0 && number >= 1 && number <= len(args) {
			b.WriteString(argument(args[number-1], text[i+width:]))
			i += width
			continue
		}
		b.WriteByte(text[i])
		i++
	}
	return b.String()
}

// argument writes a value; rest is what follows the parameter.
func argument(v model.Value, rest string) string {
	switch {
	case v.Null:
		return "NULL"
	case strings.HasPrefix(rest, "::") && digits.MatchString(v.Text):
		if t := rest[2:]; strings.HasPrefix(t, "int") || strings.HasPrefix(t, "bigint") || strings.HasPrefix(t, "smallint") {
			return v.Text
		}
	}
	return literal(v.Text)
}

// parameter reads $n at an offset; width is 0 when there is none.
func parameter(text string, at int) (number, width int) {
	if text[at] != '$' || at > 0 && wordByte(text[at-1]) {
		return 0, 0
	}
	end := at + 1
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	number, err := strconv.Atoi(text[at+1 : end])
	if err != nil {
		return 0, 0
	}
	return number, end - at
}

func wordByte(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
