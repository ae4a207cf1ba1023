package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/rlsfuzz/rlsfuzz/props"
)

// status is one line that is written over on a terminal, and a plain line every few
// seconds elsewhere.
type status struct {
	mu       sync.Mutex
	w        io.Writer
	terminal bool
	width    int
	last     time.Time
	shown    bool
}

func newStatus(w io.Writer) *status {
	s := &status{w: w}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.terminal = true
		s.width, _, _ = term.GetSize(int(f.Fd()))
	}
	return s
}

func (s *status) show(p props.Progress) {
	rate := float64(p.Checks) / p.Elapsed.Seconds()
	s.note("%s  %d checks (%.0f/s)  %d/%d cells  %d findings", p.Elapsed.Round(time.Second), p.Checks, rate, p.Cells, p.Possible, p.Findings)
}

// note shows how far it is, not too often.
func (s *status) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	every := 5 * time.Second
	if s.terminal {
		every = 200 * time.Millisecond
	}
	if time.Since(s.last) < every {
		return
	}
	s.last = time.Now()
	text := fmt.Sprintf(format, args...)
	if !s.terminal {
		fmt.Fprintln(s.w, text)
		return
	}
	if s.width > 0 && len(text) >= s.width {
		text = text[:s.width-1]
	}
	fmt.Fprintf(s.w, "\r\x1b[K%s", text)
	s.shown = true
}

// say prints a line of its own.
func (s *status) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	fmt.Fprintf(s.w, format+"\n", args...)
}

func (s *status) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
}

func (s *status) clear() {
	if s.shown {
		fmt.Fprint(s.w, "\r\x1b[K")
		s.shown = false
	}
}
