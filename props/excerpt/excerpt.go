// Package excerpt shows texts of others in messages: a line of a file with a caret under the
// place that is meant, cut where it is long, and without the passwords in it; and a paragraph in
// lines of a terminal.
package excerpt

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// secrets finds what an excerpt must not show, in its second group: PASSWORD 'secret', password=secret,
// user:secret@ of a connection string, of a mistyped one too, and a variable such as PGPASSWORD: secret.
var secrets = []*regexp.Regexp{
	regexp.MustCompile(`(?i)(\bpassword\s+(?:e|n|u&)?|\bpassword\s*=\s*)(''[^']*''|'(?:[^']|'')*'?|\$\$[^$]*\$\$)()`),
	regexp.MustCompile(`(?i)(\bpassword\s*=\s*)([^\s'")]+)()`),
	regexp.MustCompile(`(://[^\s:@/]*:)([^\s'"]+)(@)`),
	regexp.MustCompile(`(\w:)(/?[^\s'":/][^\s'"]*)(@[\w.\[])`),
	regexp.MustCompile(`(\b[A-Z0-9_]*(?:PASSW|SECRET|TOKEN|_KEY)[A-Z0-9_]*["']?\s*:\s*)("[^"]*"?|'[^']*'?|[^\s'",}]+)()`),
}

// Masked is a text with every password in it starred, character for character.
func Masked(text string) string {
	for _, secret := range secrets {
		text = secret.ReplaceAllStringFunc(text, func(s string) string {
			m := secret.FindStringSubmatch(s)
			return m[1] + strings.Repeat("*", utf8.RuneCountInString(m[2])) + m[3]
		})
	}
	return text
}

// width is how many characters of a line are shown at most.
const width = 100

// Of is a line and, in a line of its own, a caret under column col, which counts characters
// from 1. Both begin with indent. What a terminal would obey is replaced.
func Of(line string, col int, indent string) string {
	runes := []rune(Masked(strings.TrimRight(line, "\r")))
	for i, r := range runes {
		if r != '\t' && !unicode.IsPrint(r) {
			runes[i] = unicode.ReplacementChar
		}
	}
	col = min(col, len(runes)+1)
	from := 0
	if len(runes) > width {
		from = max(0, min(col-1-width/2, len(runes)-width))
	}
	shown := runes[from:min(len(runes), from+width)]
	caret := make([]rune, 0, col)
	for _, r := range shown[:col-1-from] {
		if r != '\t' {
			r = ' '
		}
		caret = append(caret, r)
	}
	return indent + string(shown) + "\n" + indent + string(caret) + "^"
}
