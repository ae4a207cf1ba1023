package program

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Limits bound one run of a program.
type Limits struct {
	Time  time.Duration // Defaults to 20 seconds
	Bytes int64         // of stdout, stderr and files, each. Defaults to 16 MiB
}

// The limits of a program for which none are given.
const (
	DefaultTime  = 20 * time.Second
	DefaultBytes = 16 << 20
)

// Command is a program to be run.
type Command struct {
	Args    []string // the program and its arguments; those that name a file of Home are taken from there
	Env     []string // NAME=value: what the program gets besides the plain part of this process' environment
	Home    string   // the folder that names of files are relative to
	Output  []string // files that it should leave: their folders are made; absolute ones are read too
	Convert [][2]string
	Limits  Limits
	// Secret is replaced wherever it is written; empty: nothing is.
	Secret string
}

// Run is what a program did.
type Run struct {
	Exit  int // exit status; -1 after a signal
	How   string
	Parts []Part // stdout first, then files by name; one that is empty has no rows
	Errs  []string
	// Untested says why the output is not all that the program wrote, or would have:
	// it could not be started, ran too long, wrote too much, or wrote what is no text.
	Untested string
	// Lasting says that another run would not go better.
	Lasting bool
}

// Run runs a program. An error is one of the surroundings; what the program does is no error.
func (c *Command) Run(ctx context.Context) (*Run, error) {
	if c.Limits.Time <= 0 {
		c.Limits.Time = DefaultTime
	}
	if c.Limits.Bytes <= 0 {
		c.Limits.Bytes = DefaultBytes
	}
	dir, err := os.MkdirTemp("", "rlsfuzz-run-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for a program: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for _, name := range c.Output {
		if filepath.IsLocal(name) {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
				return nil, fmt.Errorf("make a folder for a program: %w", err)
			}
		}
	}
	began := time.Now()
	out, stdout, stderr, err := c.start(ctx, dir)
	if err != nil || out.Untested != "" {
		return out, err
	}
	r := &reading{command: c, dir: dir, run: out, left: c.Limits.Bytes}
	r.stream("stdout", stdout)
	r.errors(stderr)
	r.files(began)
	return out, nil
}

// start runs the program to its end.
func (c *Command) start(ctx context.Context, dir string) (*Run, []byte, []byte, error) {
	limited, cancel := context.WithTimeout(ctx, c.Limits.Time)
	defer cancel()
	words := Words(c.Home, c.Args)
	cmd := exec.CommandContext(limited, words[0], words[1:]...)
	cmd.Dir, cmd.Env = dir, append(Plain(dir), c.Env...)
	flood := &flood{limit: c.Limits.Bytes, stop: cancel}
	stdout, stderr := &limitedBuffer{flood: flood}, &limitedBuffer{flood: flood}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = time.Second // for children that keep stdout open
	Group(cmd)
	cmd.Cancel = func() error { return End(cmd) }
	if err := cmd.Start(); err != nil {
		return &Run{Untested: "it cannot be started: " + Reason(err), Lasting: true}, nil, nil, nil
	}
	watched := make(chan struct{})
	go flood.watch(limited, dir, watched)
	err := cmd.Wait()
	cause := limited.Err()
	_ = End(cmd) // what it left in the background
	cancel()
	<-watched
	out := &Run{}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, nil, nil, ctx.Err()
	case flood.over():
		out.Untested = fmt.Sprintf("it wrote more than %d KiB and was ended", c.Limits.Bytes>>10)
	case errors.Is(cause, context.DeadlineExceeded):
		out.Untested, out.Lasting = fmt.Sprintf("it did not end within %s", c.Limits.Time), true
	case errors.As(err, &exit):
		out.Exit, out.How = exit.ExitCode(), exit.String()
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return nil, nil, nil, fmt.Errorf("run %s: %w", words[0], err)
	default:
		out.How = "exit status 0"
	}
	return out, stdout.bytes.Bytes(), stderr.bytes.Bytes(), nil
}

// Words is a command with the files of a folder by their whole names: it may run in another one.
func Words(home string, args []string) []string {
	out := make([]string, len(args))
	for i, w := range args {
		out[i] = w
		if !strings.ContainsRune(w, filepath.Separator) || filepath.IsAbs(w) {
			continue
		}
		if at, err := filepath.Abs(filepath.Join(home, w)); err == nil {
			if _, err := os.Stat(at); err == nil || i == 0 {
				out[i] = at
			}
		}
	}
	return out
}

// Plain is what a program gets of this process' environment. No connection is among it: a
// program that ignores the one that it is given must not find another.
func Plain(dir string) []string {
	out := []string{"PWD=" + dir, "TZ=UTC", "PGTZ=UTC", "PSQLRC=" + os.DevNull, "PGPASSFILE=" + os.DevNull, "PGSERVICEFILE=" + os.DevNull}
	for _, name := range []string{"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "SYSTEMROOT"} {
		if v, ok := os.LookupEnv(name); ok {
			out = append(out, name+"="+v)
		}
	}
	return out
}

// Reason is an error without the name of the file that it is about.
func Reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return filepath.Base(path.Path) + ": " + path.Err.Error()
	}
	return err.Error()
}

// flood ends a program that writes too much.
type flood struct {
	mu    sync.Mutex
	limit int64
	much  bool
	stop  func()
}

func (f *flood) stopNow() {
	f.mu.Lock()
	f.much = true
	f.mu.Unlock()
	f.stop()
}

func (f *flood) over() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.much
}

// watch looks at the files now and then, for as long as the program runs.
func (f *flood) watch(ctx context.Context, dir string, done chan<- struct{}) {
	defer close(done)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if size(dir) > f.limit {
				f.stopNow()
			}
		}
	}
}

// size adds up the files of a folder.
func size(dir string) int64 {
	var sum int64
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil // it may go while we look
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			sum += info.Size()
		}
		return nil
	})
	return sum
}

// limitedBuffer keeps what a program writes, up to the limit.
type limitedBuffer struct {
	flood *flood
	bytes bytes.Buffer
}

// Write implements [io.Writer].
func (b *limitedBuffer) Write(p []byte) (int, error) {
	if int64(b.bytes.Len()+len(p)) > b.flood.limit {
		b.flood.stopNow()
		return len(p), nil
	}
	return b.bytes.Write(p)
}
