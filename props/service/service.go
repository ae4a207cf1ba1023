package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props/program"
)

// Command is a service to be started, its variables filled in.
type Command struct {
	Name  string
	Args  []string // the program and its arguments; those that name a file of Home are taken from there
	Env   []string // NAME=value, besides the plain part of this process' environment
	Home  string   // the folder that names of files are relative to, in which it runs
	Ready string   // tcp PORT, http URL or run COMMAND; empty: as soon as it runs
	// Time is how long it may take to be ready. Defaults to [DefaultTime].
	Time time.Duration
	// Secret is replaced wherever the service writes it; empty: nothing is.
	Secret string
}

// DefaultTime is how long a service may take to be ready, where nothing else is said.
const DefaultTime = 20 * time.Second

// Error says that a service is not there, and what it wrote last.
type Error struct {
	Name, Reason string
	Last         []string // the last lines of what it wrote
}

// Error tells it in one line, with the last lines of output below.
func (e *Error) Error() string {
	s := "service " + e.Name + " " + e.Reason
	for _, l := range e.Last {
		s += "\n  " + l
	}
	return s
}

// Running is a service that runs.
type Running struct {
	command *Command
	cmd     *exec.Cmd
	output  *tail
	ended   chan struct{} // closed when the program itself has ended
	how     string        // afterwards
}

// Start starts a service and waits until it is ready. One that never is, is ended.
func (c *Command) Start(ctx context.Context) (*Running, error) {
	if c.Time <= 0 {
		c.Time = DefaultTime
	}
	words := program.Words(c.Home, c.Args)
	r := &Running{command: c, output: &tail{}, ended: make(chan struct{})}
	r.cmd = exec.Command(words[0], words[1:]...)
	r.cmd.Dir, r.cmd.Env = c.Home, append(program.Plain(c.Home), c.Env...)
	r.cmd.Stdout, r.cmd.Stderr = r.output, r.output
	r.cmd.WaitDelay = time.Second // for children that keep its output open
	program.Group(r.cmd)
	if err := r.cmd.Start(); err != nil {
		return nil, &Error{Name: c.Name, Reason: "cannot be started: " + program.Reason(err)}
	}
	go func() {
		err := r.cmd.Wait()
		r.how = "exit status 0"
		if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
			r.how = err.Error()
		}
		close(r.ended)
	}()
	if err := r.await(ctx); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// await polls until the service is ready.
func (r *Running) await(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, r.command.Time)
	defer cancel()
	for {
		if err := r.Gone(); err != nil {
			return err
		}
		if r.ready(limited) {
			return r.Gone() // something else may have answered for it
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-limited.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return r.fail(fmt.Sprintf("was not ready within %s (%s)", r.command.Time, r.command.Ready))
		case <-r.ended:
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// ready asks once.
func (r *Running) ready(ctx context.Context) bool {
	how, what, _ := strings.Cut(r.command.Ready, " ")
	what = strings.TrimSpace(what)
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	switch how {
	case "tcp":
		if _, err := strconv.Atoi(what); err == nil {
			what = net.JoinHostPort("127.0.0.1", what)
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", what)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	case "http":
		return answers(ctx, what)
	case "run":
		cmd := exec.CommandContext(ctx, "sh", "-c", what)
		cmd.Dir, cmd.Env = r.command.Home, r.cmd.Env
		program.Group(cmd)
		cmd.Cancel, cmd.WaitDelay = func() error { return program.End(cmd) }, time.Second
		return cmd.Run() == nil
	}
	return true
}

// answers reports whether a server answers, with anything but an error of its own.
func answers(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode < http.StatusInternalServerError
}

// Gone is an error when the service has ended.
func (r *Running) Gone() error {
	select {
	case <-r.ended:
		return r.fail("ended: " + r.how)
	default:
		return nil
	}
}

func (r *Running) fail(reason string) error {
	return &Error{Name: r.command.Name, Reason: reason, Last: r.output.last(r.command.Secret)}
}

// Close ends the service with all that it started: kindly first, so that it may put away
// what it has.
func (r *Running) Close() {
	_ = program.Ask(r.cmd)
	select {
	case <-r.ended:
	case <-time.After(2 * time.Second):
	}
	_ = program.End(r.cmd)
	<-r.ended
}

// tail keeps the end of what is written.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// Limits of what is kept, and of what messages show.
const (
	mostKept  = 64 << 10
	mostLines = 5
)

// Write implements [io.Writer].
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if n := len(t.text) - mostKept; n > 0 {
		t.text = append(t.text[:0], t.text[n:]...)
	}
	return len(p), nil
}

func (t *tail) last(secret string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.ToValidUTF8(string(bytes.TrimSpace(t.text)), "\uFFFD")
	if text == "" {
		return nil
	}
	if secret != "" {
		text = strings.ReplaceAll(text, secret, "***")
	}
	lines := strings.Split(text, "\n")
	return lines[max(0, len(lines)-mostLines):]
}

// Port is a port that nobody uses at the moment.
func Port() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a port for a service: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
