package sql

import (
	"errors"
	"fmt"
)

// Error is a mistake in a text: it does not parse, or a name or a literal in
// it is wrong.
type Error struct {
	Offset int // in bytes from the start of the source text
	Msg    string
}

func (e *Error) Error() string { return e.Msg }

func errorAt(offset int, format string, args ...any) *Error {
	return &Error{Offset: offset, Msg: fmt.Sprintf(format, args...)}
}

// NotInGo says that an expression is valid as far as Go can tell, and that
// only Postgres can evaluate it.
type NotInGo struct {
	Node   Expr // the part that Go cannot evaluate; nil for a query as a whole
	Reason string
}

func (e *NotInGo) Error() string { return "not evaluated in Go: " + e.Reason }

// IsNotInGo reports whether err only says that Postgres must be asked.
func IsNotInGo(err error) bool {
	var n *NotInGo
	return errors.As(err, &n)
}
