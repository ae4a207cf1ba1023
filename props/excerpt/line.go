package excerpt

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// OneLine makes text one line of characters that can be seen. What comes from a database or a
// log may hold what a terminal would obey.
func OneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, strings.Join(strings.Fields(text), " "))
}

// Hang breaks text between its words into lines of at most width characters, after [OneLine].
// lead stands before the first line and indent before the others. A word that is too long, such
// as a path, stays whole.
func Hang(lead, indent, text string, width int) []string {
	var out []string
	line, blank := lead, ""
	for word := range strings.FieldsSeq(OneLine(text)) {
		if utf8.RuneCountInString(line+blank+word) > width && strings.TrimSpace(line) != "" {
			out = append(out, strings.TrimRight(line, " "))
			line, blank = indent, ""
		}
		line, blank = line+blank+word, " "
	}
	return append(out, strings.TrimRight(line, " "))
}
