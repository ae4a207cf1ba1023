package main

import (
	"context"
	"errors"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/contract"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// The exit statuses besides 0, as doc.go tells them.
const (
	statusFound       = 1
	statusUsage       = 2
	statusEnvironment = 3
	statusUntested    = 4
	statusInterrupted = 130
)

// exit is an error that carries its exit status. Without err all that there is to say was
// printed already.
type exit struct {
	status int
	err    error
}

func (e *exit) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// usage marks an error as a mistake of the user, who can mend it.
func usage(err error) error { return &exit{statusUsage, err} }

// statusOf is the exit status of an error. One of a type that says where the user's input
// is wrong is the user's mistake; anything else is a failure of the environment.
func statusOf(ctx context.Context, err error) int {
	var e *exit
	var written *contract.Errors
	var statement *script.Error
	var stale *finding.Stale
	var name *props.NameError
	var input *props.InputError
	var value *postgres.ValueError
	switch {
	case errors.As(err, &e):
		return e.status
	case ctx.Err() != nil:
		return statusInterrupted
	case errors.As(err, &written), errors.As(err, &statement), errors.As(err, &stale),
		errors.As(err, &name), errors.As(err, &input), errors.As(err, &value):
		return statusUsage
	}
	return statusEnvironment
}

// outcome is the exit status of a report.
func outcome(r *props.Report, interrupted bool) error {
	switch {
	case len(r.Blocks) > 0:
		return &exit{status: statusFound}
	case interrupted:
		return &exit{status: statusInterrupted}
	case len(r.Leads) > 0:
		return &exit{statusEnvironment, errors.New("what the search found did not show again with real logins (unconfirmed, above), which is a fault of rlsfuzz; please report it")}
	case r.Incomplete():
		return &exit{status: statusUntested}
	}
	return nil
}
