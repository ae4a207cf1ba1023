package search

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

var (
	settings sync.Mutex
	prepare  sync.Once
	running  struct { // searches at this moment, and what puts back the flags that they share
		sync.Mutex
		n       int
		restore func()
	}
)

// shared sets the flags that rapid reads at the end of a search too, from the first of
// the searches that run at the same time to the last: no fail files, since cases are
// kept as scenarios, and little time for shrinking, since the reducer comes after it.
func shared() (done func(), err error) {
	running.Lock()
	defer running.Unlock()
	if running.n == 0 {
		running.restore, err = set(map[string]string{"rapid.nofailfile": "true", "rapid.shrinktime": "1h"})
		if err != nil {
			return nil, err
		}
	}
	running.n++
	return func() {
		running.Lock()
		defer running.Unlock()
		if running.n--; running.n == 0 {
			running.restore()
		}
	}, nil
}

// Check runs a property on rapid's engine: checks times with bits that follow from
// the seed, and when it fails, on smaller and smaller bits. The property keeps what
// it needs of its last failing call, which is the smallest. failure is what rapid says of
// it, empty where it held: rapid takes a panic of the property for a failure too, so a
// caller must check that the property kept something. An error is a fault of the search itself.
func Check(seed uint64, checks int, property func(*rapid.T)) (failure string, err error) {
	prepare.Do(func() {
		if !testing.Testing() {
			testing.Init() // rapid asks testing.Short, which panics before this
			_ = flag.CommandLine.Parse(nil)
		}
	})
	if seed == 0 {
		seed = 1 // 0 asks rapid for a random one
	}
	tb := &recorder{}
	end, err := shared()
	if err != nil {
		return "", err
	}
	defer end()
	settings.Lock()
	restore, err := set(map[string]string{
		"rapid.seed": strconv.FormatUint(seed, 10), "rapid.checks": strconv.Itoa(checks), "rapid.failfile": "",
	})
	if err != nil {
		settings.Unlock()
		return "", err
	}
	var once sync.Once
	release := func() {
		once.Do(func() {
			restore()
			settings.Unlock()
		})
	}
	done := make(chan struct{})
	returned := false
	go func() {
		defer close(done)
		defer release()
		defer func() {
			if p := recover(); p != nil {
				tb.panicked = fmt.Errorf("search panicked: %v\n%s", p, stack())
			}
		}()
		rapid.Check(tb, func(t *rapid.T) {
			release()
			property(t)
		})
		returned = true
	}()
	<-done
	switch {
	case tb.panicked != nil:
		return "", tb.panicked
	case tb.failed:
		return cmp.Or(strings.Join(tb.messages, "\n"), "the property failed"), nil
	case !returned:
		return "", errors.New("search ended early: the property neither returned nor failed")
	}
	return "", nil
}

func stack() []byte {
	b := make([]byte, 8<<10)
	return b[:runtime.Stack(b, false)]
}

// set changes flags and returns what puts them back.
func set(values map[string]string) (restore func(), err error) {
	old := map[string]string{}
	restore = func() {
		for name, v := range old {
			_ = flag.Set(name, v)
		}
	}
	for name, v := range values {
		f := flag.Lookup(name)
		if f == nil {
			restore()
			return nil, fmt.Errorf("rapid has no flag %s", name)
		}
		old[name] = f.Value.String()
		if err := flag.Set(name, v); err != nil {
			restore()
			return nil, fmt.Errorf("set flag %s: %w", name, err)
		}
	}
	return restore, nil
}

// recorder is the test that rapid reports to.
type recorder struct {
	mu       sync.Mutex
	failed   bool
	panicked error
	messages []string
}

func (r *recorder) Helper()      {}
func (r *recorder) Name() string { return "rlsfuzz, without fail files" } // rapid replays those of a name
func (r *recorder) Log(...any)   {}

func (r *recorder) Logf(string, ...any) {}

func (r *recorder) Skip(...any)          { r.SkipNow() }
func (r *recorder) Skipf(string, ...any) { r.SkipNow() }
func (r *recorder) SkipNow()             { runtime.Goexit() }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = true
	r.messages = append(r.messages, fmt.Sprintf(format, args...))
}

func (r *recorder) Error(args ...any) { r.Errorf("%s", fmt.Sprint(args...)) }

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	r.FailNow()
}

func (r *recorder) Fatal(args ...any) { r.Fatalf("%s", fmt.Sprint(args...)) }
func (r *recorder) FailNow()          { r.Fail(); runtime.Goexit() }

func (r *recorder) Fail() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = true
}

func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}
