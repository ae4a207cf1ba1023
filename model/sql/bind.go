package sql

import (
	"regexp"
	"strconv"
	"strings"
)

// Constant writes text as an SQL string, whatever standard_conforming_strings is.
func Constant(s string) string {
	quoted := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return " E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

var wholeNumber = regexp.MustCompile(`^(0|[1-9][0-9]{0,17})$`)

// Bind writes values into a statement in the place of its parameters $1, $2, …,
// outside of strings, quoted names and comments.
func Bind(text string, args []Value) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		n := Skip(text, i)
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
func argument(v Value, rest string) string {
	switch {
	case v.Null:
		return "NULL"
	case strings.HasPrefix(rest, "::") && wholeNumber.MatchString(v.Text):
		if t := rest[2:]; strings.HasPrefix(t, "int") || strings.HasPrefix(t, "bigint") || strings.HasPrefix(t, "smallint") {
			return v.Text
		}
	}
	return Constant(v.Text)
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
