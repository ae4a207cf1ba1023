package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	_ "github.com/rlsfuzz/rlsfuzz/props/postgres/container" // lets --postgres name an image
)

func main() { os.Exit(run()) }

// run runs the command that the arguments name, and gives the exit status.
func run() (status int) {
	defer func() {
		if p := recover(); p != nil {
			if os.Getenv("RLSFUZZ_DEBUG") != "" {
				panic(p)
			}
			fmt.Fprintf(os.Stderr, "rlsfuzz: internal error: %v\nThis is a bug in rlsfuzz; please report it with the command that you ran,\nand with what that prints where RLSFUZZ_DEBUG=1 is in the environment.\n", p)
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
// closed is one, unless nohup said not to mind; and SIGQUIT, unless RLSFUZZ_DEBUG asks for
// where it was.
func ends() []os.Signal {
	list := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if os.Getenv("RLSFUZZ_DEBUG") == "" {
		list = append(list, syscall.SIGQUIT)
	}
	if !signal.Ignored(syscall.SIGHUP) {
		list = append(list, syscall.SIGHUP)
	}
	return list
}
