//go:build linux || darwin || freebsd

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// transcript is what a program prints, for whoever waits for a line of it.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// The limits of patience.
const (
	untilPrinted = 60 * time.Second
	untilEnded   = 4 * time.Second // after Ctrl-C
	untilServer  = 3 * time.Second // gone, after kill -9
)

// meet runs a program, and when it has printed something that matches, does something
// to it: meet INT 'checks' 130 rlsfuzz fuzz. The program must end in time with the
// status, and leave no server. What it printed is in the files out and err.
//
//	INT     Ctrl-C
//	HUP     its terminal is closed
//	QUIT    Ctrl-\
//	INT2    Ctrl-C twice, which ends it by the signal: status -1
//	KILL    kill -9: status -1
//	SERVER  kill -9 of its server
//	TWICE   the same program once more, which must be refused; then kill -9
//	AGAIN   the same, of a program that starts it again and ends in its own time
func meet(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: meet INT|HUP|QUIT|INT2|KILL|SERVER|AGAIN|TWICE PATTERN STATUS PROGRAM ARG…")
	}
	when, err := regexp.Compile(args[1])
	ts.Check(err)
	want, err := strconv.Atoi(args[2])
	ts.Check(err)
	var out, errs transcript
	path, err := exec.LookPath(args[3])
	if err != nil { // the script's PATH is not ours
		path = filepath.Join(filepath.SplitList(ts.Getenv("PATH"))[0], args[3])
	}
	cmd := exec.Command(path, args[4:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), &out, &errs
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+ts.Getenv("XDG_CACHE_HOME"), "HOME="+ts.Getenv("HOME"))
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP) // else the program would ignore it too where nohup runs the tests
	err = cmd.Start()
	signal.Stop(caught)
	ts.Check(err)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	waitFor(ts, ended, when, &out, &errs)
	servers := children(cmd.Process.Pid, "postgres")
	if len(servers) != 1 {
		ts.Fatalf("it has %d servers, not 1", len(servers))
	}
	if args[0] == "TWICE" {
		second := exec.Command(path, args[4:]...)
		second.Dir, second.Env = cmd.Dir, cmd.Env
		said, err := second.CombinedOutput()
		if got := exitStatus(ts, err); got != statusUsage {
			ts.Fatalf("the second one ended with status %d, not %d\n%s", got, statusUsage, said)
		}
		ts.Check(os.WriteFile(ts.MkAbs("second"), bytes.TrimPrefix(said, []byte("rlsfuzz: ")), 0o600))
	}
	began := time.Now()
	ts.Check(strike(args[0], cmd.Process, servers[0]))
	limit := untilEnded
	switch args[0] {
	case "SERVER":
		limit = 10 * time.Second
	case "AGAIN":
		limit = 2 * time.Minute
	}
	select {
	case err = <-ended:
	case <-time.After(limit):
		_ = cmd.Process.Kill()
		ts.Fatalf("it has not ended %s after %s\n%s%s", limit, args[0], out.String(), errs.String())
	}
	ts.Logf("ended after %s", time.Since(began).Round(time.Millisecond))
	ts.Check(os.WriteFile(ts.MkAbs("out"), []byte(out.String()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("err"), []byte(errs.String()), 0o600))
	ts.Logf("[stdout]\n%s[stderr]\n%s", out.String(), errs.String())
	if got := exitStatus(ts, err); got != want {
		ts.Fatalf("status %d, not %d", got, want)
	}
	if !endsBefore(servers[:1], began.Add(untilServer+limit)) {
		ts.Fatalf("its server lives on")
	}
}

func waitFor(ts *testscript.TestScript, ended chan error, when *regexp.Regexp, out, errs *transcript) {
	deadline := time.After(untilPrinted)
	for !when.MatchString(errs.String()) && !when.MatchString(out.String()) {
		select {
		case err := <-ended:
			ts.Fatalf("it ended (%v) before it printed %s\n%s%s", err, when, out.String(), errs.String())
		case <-deadline:
			ts.Fatalf("it did not print %s\n%s%s", when, out.String(), errs.String())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func strike(how string, p *os.Process, server int) error {
	switch how {
	case "INT":
		return p.Signal(syscall.SIGINT)
	case "HUP":
		return p.Signal(syscall.SIGHUP)
	case "QUIT":
		return p.Signal(syscall.SIGQUIT)
	case "INT2":
		if err := p.Signal(syscall.SIGINT); err != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond) // two keys are not pressed at once
		if err := p.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		return nil
	case "KILL", "TWICE":
		return p.Kill()
	case "SERVER", "AGAIN":
		return syscall.Kill(server, syscall.SIGKILL)
	}
	return fmt.Errorf("there is no %s", how)
}

// children lists the processes of a name that a process started.
func children(parent int, name string) []int {
	var out []int
	list, err := exec.Command("ps", "-A", "-o", "pid=,ppid=,comm=").Output()
	if err != nil {
		return nil
	}
	for _, line := range strings.Split(string(list), "\n") {
		f := strings.Fields(line)
		if len(f) < 3 || f[1] != strconv.Itoa(parent) || !strings.HasSuffix(f[2], name) {
			continue
		}
		if pid, err := strconv.Atoi(f[0]); err == nil {
			out = append(out, pid)
		}
	}
	return out
}

// endsBefore waits until processes have ended. It reports whether they did in time.
func endsBefore(list []int, deadline time.Time) bool {
	for slices.ContainsFunc(list, alive) {
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(10 * time.Millisecond)
	}
	return true
}

// alive is false of a zombie too: whoever adopted the process has yet to reap it.
func alive(pid int) bool {
	state, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && !strings.HasPrefix(strings.TrimSpace(string(state)), "Z")
}
