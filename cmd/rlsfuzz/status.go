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
	mark     props.Progress // from which speed is counted
	next     props.Progress // the next mark
}

func newStatus(w io.Writer) *status {
	s := &status{w: w}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.terminal = true
		s.width, _, _ = term.GetSize(int(f.Fd()))
	}
	return s
}

// show tells how far a search is: what matters most comes first, for a narrow terminal
// shows no more of it.
func (s *status) show(p props.Progress) {
	checks, steps := s.rates(p)
	s.note("%s  %d checks (%.0f/s)  %d new, %d known  %d/%d cells  %d infrastructure errors  %s stable  %.0f steps/s, %s allowed",
		p.Elapsed.Round(time.Second), p.Checks, checks, p.New, p.Known, p.Cells, p.Possible, p.Troubles(),
		share(p.Stable, p.Reruns), steps, share(p.AllowedSteps, p.Steps))
}

// recently is the time over which speed is told.
const recently = 10 * time.Second

// rates is checks and steps a second, of the last moments.
func (s *status) rates(p props.Progress) (checks, steps float64) {
	since := p.Elapsed - s.mark.Elapsed
	if since > 2*recently || s.mark.Elapsed == 0 {
		s.mark, s.next = s.next, p
		if s.mark.Elapsed == 0 {
			s.mark = p
		}
	}
	if since = p.Elapsed - s.mark.Elapsed; since < time.Second {
		return float64(p.Checks) / p.Elapsed.Seconds(), float64(p.Steps) / p.Elapsed.Seconds()
	}
	return float64(p.Checks-s.mark.Checks) / since.Seconds(), float64(p.Steps-s.mark.Steps) / since.Seconds()
}

// share is a part of a whole in percent; nothing of nothing is unknown.
func share(part, whole int) string {
	if whole == 0 {
		return "-"
	}
	if part < whole && part*1000 > whole*999 { // never rounded up to all
		return "99.9%"
	}
	return fmt.Sprintf("%.0f%%", 100*float64(part)/float64(whole))
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
