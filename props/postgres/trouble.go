package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Trouble is a failure of the surroundings: nothing that a schema answers for. It is
// its name in statistics; empty for every other error, and for none.
type Trouble string

// The kinds of trouble.
const (
	Lost     Trouble = "connection lost"   // the server went away, or ended the connection
	Refused  Trouble = "no connection"     // it takes none: not there, starting, stopping, too many
	Short    Trouble = "out of resources"  // disk, memory, locks
	Conflict Trouble = "deadlock"          // or a serialization failure: nobody's fault
	Slow     Trouble = "time limit passed" // of rlsfuzz, or somebody cancelled the statement
)

// OfStatement reports whether the trouble is that of one statement, after which the
// connection goes on. If it comes again and again, it is the statement's own answer: a
// trigger may raise any error.
func (t Trouble) OfStatement() bool { return t == Short || t == Conflict || t == Slow }

// Canceled is the SQLSTATE with which a statement ends that took too long, or that somebody cancelled.
const Canceled = "57014"

// ErrClosed says that the server closed a connection without a word.
var ErrClosed = errors.New("the server closed the connection")

// TroubleOf classifies an error. It is the one place that does.
func TroubleOf(err error) Trouble {
	var server *pgconn.PgError
	var connect *pgconn.ConnectError
	var network net.Error
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return ""
	case errors.As(err, &server):
		return troubleIn(server)
	case errors.As(err, &connect):
		return Refused
	case errors.Is(err, ErrClosed), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.As(err, &network), errors.Is(err, context.DeadlineExceeded), pgconn.SafeToRetry(err):
		return Lost
	}
	return ""
}

// troubleIn classifies what the server said. Classes of SQLSTATE: 08 connections, 53
// resources, 57P operators, 58 the system, XX the server itself.
func troubleIn(e *pgconn.PgError) Trouble {
	class := e.Code[:min(2, len(e.Code))]
	if e.Severity == "FATAL" || e.Severity == "PANIC" {
		switch {
		case class == "53", e.Code == "57P03":
			return Refused
		case class == "08", class == "57", class == "58", class == "XX", e.Code == "25P03":
			return Lost
		}
		return ""
	}
	switch {
	case strings.HasPrefix(e.Code, "57P"):
		return Lost
	case class == "53", e.Code == "58030":
		return Short
	case e.Code == "40001", e.Code == "40P01":
		return Conflict
	case e.Code == Canceled:
		return Slow
	}
	return ""
}
