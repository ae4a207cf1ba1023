package script

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// An Error is a mistake in a file, or a statement that Postgres refused.
type Error struct {
	File      string
	Line, Col int    // from 1; columns count characters
	Excerpt   string // the line, and a caret under the column
	Msg       string // what is wrong
	Hint      string // what may help; may be empty, may have several lines
	Err       error  // the cause, such as a *pgconn.PgError; may be nil
}

// Error is file:line:col: message, then the excerpt and the hint.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: %s", e.File, e.Line, e.Col, e.Msg)
	for _, part := range []string{e.Excerpt, e.Hint} {
		if part != "" {
			b.WriteString("\n" + part)
		}
	}
	return b.String()
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// password finds PASSWORD 'secret', and password=secret of a connection string.
var password = regexp.MustCompile(`(?i)\b(password\s+(?:e|n|u&)?|password\s*=\s*)(''[^']*''|'(?:[^']|'')*'?|\$\$[^$]*\$\$)|\b(password\s*=\s*)([^\s'")]+)`)

// masked is a text with every password in it starred, character for character.
func masked(text string) string {
	return password.ReplaceAllStringFunc(text, func(s string) string {
		m := password.FindStringSubmatch(s)
		return m[1] + m[3] + strings.Repeat("*", utf8.RuneCountInString(m[2]+m[4]))
	})
}

// excerptWidth is how many characters of a line an excerpt shows at most.
const excerptWidth = 100

// excerpt is a line with a caret under column col, cut where it is long.
func excerpt(line string, col int) string {
	runes := []rune(masked(strings.TrimRight(line, "\r")))
	col = min(col, len(runes)+1)
	from := 0
	if len(runes) > excerptWidth {
		from = max(0, min(col-1-excerptWidth/2, len(runes)-excerptWidth))
	}
	shown := runes[from:min(len(runes), from+excerptWidth)]
	caret := make([]rune, 0, col)
	for _, r := range shown[:col-1-from] {
		if r != '\t' {
			r = ' '
		}
		caret = append(caret, r)
	}
	return "    " + string(shown) + "\n    " + string(caret) + "^"
}
