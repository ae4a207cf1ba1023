// Command test runs "go test ./..." and says at the end which tests took longest, which were skipped, and what those
// lack: go test itself keeps silent about that. Arguments are go test's own, packages last.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

func main() {
	args := os.Args[1:]
	if len(args) == 0 {
		args = []string{"./..."}
	}
	status, err := test(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "test:", err)
		status = 1
	}
	os.Exit(status)
}

// test passes go test's exit status on.
func test(args []string) (status int, err error) {
	// The planted leaks take more than go test's ten minutes on a small machine.
	cmd := exec.Command("go", append([]string{"test", "-json", "-timeout=75m"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	l := ledger{tests: map[string]*record{}, lacking: map[string][]string{}}
	rerr := l.read(out)
	err = cmd.Wait()
	l.longest()
	l.skipped()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), rerr // of a signal the code is -1
	}
	return 0, errors.Join(rerr, err)
}

// event is a line of go test -json.
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64 // seconds
}

// record is what a package printed.
type record struct {
	lines []event
	quiet map[string]bool // tests that passed or were skipped, whose output nobody needs
}

// ledger keeps what packages print until they end.
type ledger struct {
	tests   map[string]*record  // by package
	lacking map[string][]string // the tests that were skipped, by the reason
	reasons []string            // in the order in which they came
	ended   []event             // tests that passed or failed
}

// read takes the output of go test -json, line by line.
func (l *ledger) read(r io.Reader) error {
	in := bufio.NewReader(r)
	for {
		text, err := in.ReadString('\n')
		var e event
		if json.Unmarshal([]byte(text), &e) == nil {
			l.note(e)
		} else {
			fmt.Print(text)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read go test's output: %w", err)
		}
	}
}

// note keeps an event. A package that has ended is printed and forgotten.
func (l *ledger) note(e event) {
	p := l.tests[e.Package]
	if p == nil {
		p = &record{quiet: map[string]bool{}}
		l.tests[e.Package] = p
	}
	ended := e.Action == "pass" || e.Action == "skip" || e.Action == "fail"
	switch {
	case e.Action == "build-output":
		fmt.Print(e.Output)
	case e.Action == "output":
		p.lines = append(p.lines, e)
	case e.Test == "" && ended:
		p.print(e.Action == "fail")
		delete(l.tests, e.Package)
	case e.Action == "fail":
		l.ended = append(l.ended, e)
	case e.Action == "skip":
		reason := p.reason(e.Test)
		if l.lacking[reason] == nil {
			l.reasons = append(l.reasons, reason)
		}
		l.lacking[reason] = append(l.lacking[reason], e.Test)
		p.quiet[e.Test] = true
	case e.Action == "pass":
		p.quiet[e.Test] = true
		l.ended = append(l.ended, e)
	}
}

// print shows the line of a package that passed, and of one that failed all but what its good tests said.
func (p *record) print(failed bool) {
	for _, e := range p.lines {
		verdict := e.Test == "" && (strings.HasPrefix(e.Output, "ok ") || strings.HasPrefix(e.Output, "? "))
		if verdict || failed && !p.quiet[e.Test] && !strings.HasPrefix(e.Output, "=== ") {
			fmt.Print(e.Output)
		}
	}
}

// place is how a test's message begins.
var place = regexp.MustCompile(`^\s+\S+\.go:\d+: `)

// reason is the last message of a skipped test, which says what it lacks.
func (p *record) reason(test string) string {
	var words []string
	for _, e := range p.lines {
		text := strings.TrimSpace(e.Output)
		switch at := place.FindString(e.Output); {
		case e.Test != test || strings.HasPrefix(text, "--- ") || strings.HasPrefix(text, "=== "):
		case at != "":
			words = []string{strings.TrimSpace(e.Output[len(at):])}
		case words != nil:
			words = append(words, text)
		}
	}
	if words == nil {
		return "no reason given"
	}
	return strings.Join(words, "\n      ")
}

// How many tests are named as the longest ones, of those that took so many seconds.
const (
	longestTests   = 12
	longestSeconds = 10
)

// longest names the tests that took longest. A test's time has that of its subtests, but for parallel ones.
func (l *ledger) longest() {
	slices.SortStableFunc(l.ended, func(a, b event) int { return cmp.Compare(b.Elapsed, a.Elapsed) })
	var words []string
	for _, e := range l.ended[:min(longestTests, len(l.ended))] {
		if e.Elapsed >= longestSeconds {
			words = append(words, fmt.Sprintf("%s %.0fs", e.Test, e.Elapsed))
		}
	}
	if len(words) > 0 {
		fmt.Printf("longest: %s\n", strings.Join(words, ", "))
	}
}

// skipped lists what was not tested.
func (l *ledger) skipped() {
	for _, reason := range l.reasons {
		names := slices.Clone(l.lacking[reason])
		more := ""
		if n := len(names) - 3; n > 0 {
			names, more = names[:3], fmt.Sprintf(" and %d more", n)
		}
		fmt.Printf("skipped: %s%s:\n      %s\n", strings.Join(names, ", "), more, reason)
	}
}
