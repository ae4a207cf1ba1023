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

// progress is one line that is written over on a terminal, and a plain line every few
// seconds elsewhere.
type progress struct {
	mu       sync.Mutex
	w        io.Writer
	terminal bool
	width    int
	last     time.Time
	shown    bool           // the line is on the screen
	mark     props.Progress // the speed shown is that since here
	next     props.Progress // becomes the mark when that one is too old
}

func newProgress(w io.Writer) *progress {
	s := &progress{w: w}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.terminal = true
		s.width, _, _ = term.GetSize(int(f.Fd()))
	}
	return s
}

// show tells how far a search is. What matters most comes first: a narrow terminal cuts
// off the rest.
func (s *progress) show(p props.Progress) {
	checks, steps := s.rates(p)
	s.note("%s  %d checks (%.0f/s)  %d new, %d known  %d/%d cells  %d infrastructure errors  %s stable  %.0f steps/s, %s allowed",
		p.Elapsed.Round(time.Second), p.Checks, checks, p.New, p.Known, p.Cells, p.Possible, p.Troubles(),
		share(p.Stable, p.Reruns), steps, share(p.AllowedSteps, p.Steps))
}

// recently is the time over which speed is told.
const recently = 10 * time.Second

// rates is checks and steps a second, over the last ten to twenty seconds; at first, since
// the beginning.
func (s *progress) rates(p props.Progress) (checks, steps float64) {
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

// note writes the line over, or prints another one, unless the last one is too recent.
func (s *progress) note(format string, args ...any) {
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
	if r := []rune(text); s.width > 0 && len(r) >= s.width {
		text = string(r[:s.width-1])
	}
	fmt.Fprintf(s.w, "\r\x1b[K%s", text)
	s.shown = true
}

// say prints a line that stays.
func (s *progress) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	fmt.Fprintf(s.w, format+"\n", args...)
}

// end takes the line off the screen.
func (s *progress) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
}

func (s *progress) clear() {
	if s.shown {
		fmt.Fprint(s.w, "\r\x1b[K")
		s.shown = false
	}
}
