package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/contract"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	_ "github.com/rlsfuzz/rlsfuzz/props/postgres/container" // images
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// The exit statuses.
const (
	statusFound       = 1
	statusUsage       = 2
	statusEnvironment = 3
	statusUntested    = 4
	statusInterrupted = 130
)

// exit is an error that carries its status; its message was printed already when empty.
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

// usage marks an error as the user's.
func usage(err error) error { return &exit{statusUsage, err} }

func main() { os.Exit(run()) }

func run() (status int) {
	defer func() {
		if p := recover(); p != nil {
			if os.Getenv("RLSFUZZ_DEBUG") != "" {
				panic(p)
			}
			fmt.Fprintf(os.Stderr, "rlsfuzz: internal error: %v\nThis is a bug in rlsfuzz; please report it with the command that you ran.\n", p)
			status = statusEnvironment
		}
	}()
	if os.Getenv("GOGC") == "" { // what is in use is small beside what comes and goes
		debug.SetGCPercent(400)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends()...)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the process at once
	}()
	err := command().ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	status = statusOf(ctx, err)
	var said *exit
	switch msg := err.Error(); {
	case status == statusInterrupted && !errors.As(err, &said):
		fmt.Fprintln(os.Stderr, "rlsfuzz: interrupted")
	case msg != "":
		fmt.Fprintln(os.Stderr, "rlsfuzz: "+msg)
	}
	return status
}

// ends is the signals that end a search, which then says what it found. A terminal that is
// closed is one, unless nohup said not to mind.
func ends() []os.Signal {
	list := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		list = append(list, syscall.SIGHUP)
	}
	return list
}

// statusOf tells the user's mistakes from the environment's failures.
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
