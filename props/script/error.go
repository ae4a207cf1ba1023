package script

import (
	"fmt"
	"strings"
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
