//go:build linux

// Command hours runs one session of the example with two workers for very many checks,
// and says whether it stays as it began: memory of rlsfuzz and of the server's backends,
// the size of the databases, and checks per second, each in the first and the last tenth.
//
//	go run ./.ci/hours               # 5,000,000 checks
//	go run ./.ci/hours -checks 50000
//
// It fails where memory grew by more than a tenth, speed fell below 0.95, or something
// was found.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props/session"
)

func main() {
	checks := flag.Int("checks", 5_000_000, "of random search, in one session")
	workers := flag.Int("workers", 2, "of the session")
	flag.Parse()
	if err := run(*checks, *workers); err != nil {
		fmt.Fprintln(os.Stderr, "hours:", err)
		os.Exit(1)
	}
}

// sample is what was used at a moment.
type sample struct {
	elapsed                  float64 // seconds since the session began
	own, backends, databases int     // KiB
}

// run builds the command, runs a session and judges it.
func run(checks, workers int) error {
	dir, err := os.MkdirTemp("", "rlsfuzz-hours-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program := filepath.Join(dir, "rlsfuzz")
	for _, args := range [][]string{
		{"go", "build", "-buildvcs=false", "-o", program, "./cmd/rlsfuzz"},
		{program, "demo", "--write", filepath.Join(dir, "desk")},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	out := filepath.Join(dir, "out")
	cmd := exec.Command(program, "fuzz", filepath.Join(dir, "desk", "rlsfuzz.yaml"), "--random-only",
		"--checks", strconv.Itoa(checks), "--workers", strconv.Itoa(workers), "--out", out, "--seed", "1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	samples, err := watch(cmd.Process.Pid, ended)
	if err != nil {
		return fmt.Errorf("the session failed: %w", err)
	}
	return judge(out, samples)
}

// watch samples a process and its server until it ends: at first five times a second, later every
// 30 seconds.
func watch(pid int, ended chan error) ([]sample, error) {
	began := time.Now()
	var out []sample
	for wait := 200 * time.Millisecond; ; wait = min(wait*21/20, 30*time.Second) {
		select {
		case err := <-ended:
			return out, err
		case <-time.After(wait):
		}
		s := sample{elapsed: time.Since(began).Seconds(), own: status(pid, "VmRSS:")}
		for _, server := range children(pid) {
			for _, backend := range children(server) {
				s.backends += status(backend, "RssAnon:")
			}
			if data, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", server)); err == nil {
				s.databases += size(filepath.Join(data, "base"))
			}
		}
		if s.backends > 0 {
			out = append(out, s)
		}
	}
}

// status is a line of a process's status, in KiB; 0 of one that is gone.
func status(pid int, line string) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for _, l := range strings.Split(string(text), "\n") {
		if f := strings.Fields(l); len(f) > 1 && f[0] == line {
			n, _ := strconv.Atoi(f[1])
			return n
		}
	}
	return 0
}

// children lists the server processes that a process started.
func children(pid int) []int {
	text, _ := exec.Command("pgrep", "-P", strconv.Itoa(pid), "postgres").Output() // none: status 1
	var out []int
	for _, f := range strings.Fields(string(text)) {
		if n, err := strconv.Atoi(f); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// size is what files take, in KiB.
func size(dir string) int {
	var n int64
	_ = filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() { // files come and go meanwhile
			n += info.Size()
		}
		return nil
	})
	return int(n >> 10)
}

// judge prints how the first and the last tenth of a session compare, and fails where it does not
// stay as it began.
func judge(out string, samples []sample) error {
	stats, err := session.ReadStats(out)
	if err != nil || stats == nil {
		return fmt.Errorf("the session left no state: %w", err)
	}
	events, err := session.ReadEvents(out)
	if err != nil {
		return err
	}
	total := stats.ElapsedS
	tenth := func(last bool, of func(sample) int) float64 {
		sum, n := 0, 0
		for _, s := range samples {
			// What is prepared once is there after the first moments.
			if !last && s.elapsed > total/20 && s.elapsed < total*3/20 || last && s.elapsed > total*9/10 {
				sum, n = sum+of(s), n+1
			}
		}
		return float64(sum) / float64(max(n, 1))
	}
	bad := stats.New > 0
	for _, m := range []struct {
		name string
		of   func(sample) int
	}{
		{"rlsfuzz, resident", func(s sample) int { return s.own }},
		{"backends, private", func(s sample) int { return s.backends }},
		{"databases with catalogs", func(s sample) int { return s.databases }},
	} {
		first, last := tenth(false, m.of), tenth(true, m.of)
		fmt.Printf("%-26s %9.0f KiB in the first tenth, %9.0f KiB in the last: %.2f\n", m.name, first, last, last/first)
		bad = bad || last > 1.1*first
	}
	first, last := speed(events, 0, total/10), speed(events, total*9/10, total)
	fmt.Printf("%-26s %9.0f a second in the first tenth, %9.0f in the last: %.2f\n", "checks", first, last, last/first)
	fmt.Printf("%d checks, %d findings, %d infrastructure errors, %d of %d reruns alike, %.0f s\n",
		stats.Checks, stats.New, stats.Troubles(), stats.Stable, stats.Reruns, total)
	if bad || last < 0.95*first {
		return errors.New("it does not stay as it began: see above")
	}
	return nil
}

// speed is the checks a second between two moments.
func speed(events []session.Event, from, to float64) float64 {
	var a, b *session.Counters
	for i := range events {
		c := events[i].Counters
		if c == nil || c.ElapsedS > to {
			continue
		}
		if a == nil || c.ElapsedS <= from {
			a = c
		}
		b = c
	}
	if a == nil || b.ElapsedS == a.ElapsedS {
		return 0
	}
	return float64(b.Checks-a.Checks) / (b.ElapsedS - a.ElapsedS)
}
