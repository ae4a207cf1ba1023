//go:build linux

package run_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// The long run: so many checks, ten sequences on a dataset, in tenths.
const (
	flatChecks    = 200_000
	flatWarm      = 4_000 // before the first tenth: most statements are prepared in it
	flatSequences = 10
	flatSets      = 10 // datasets that one search draws, as a batch does
)

// usage is what a worker and its backend used up to some moment.
type usage struct {
	server  float64 // CPU time of the backend in seconds
	heap    int     // live bytes of Go's heap
	client  int     // resident anonymous bytes of this process
	backend int     // the same of the backend, without the shared buffers
}

// TestFlat runs 200,000 checks in one worker. The server takes no longer for the last
// ones than for the first, and nothing grows. It takes minutes: RLSFUZZ_LONG=1.
func TestFlat(t *testing.T) {
	if os.Getenv("RLSFUZZ_LONG") != "1" {
		t.Skip("takes minutes: RLSFUZZ_LONG=1 runs it, as .ci/long does")
	}
	target := desk(t)
	w := workerOn(t, target)
	seed := uint64(0)
	checks := func(n int) {
		for done := 0; done < n; {
			seed++
			draw(t, target, seed, flatSets, flatSequences, func(d *gen.Dataset, sequences [][]model.Step) bool {
				done += len(sequences)
				list, err := w.Fast(context.Background(), d.Data, d.State, sequences)
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range list {
					if s != run.Passed {
						t.Errorf("seed %d: a check of the fixed schema ended as %v", seed, s)
					}
				}
				return true
			})
		}
	}
	checks(flatWarm)
	at := []usage{measure(t, w)}
	for i := range 10 {
		checks(flatChecks / 10)
		at = append(at, measure(t, w))
		t.Logf("tenth %2d: server %.0f us/check, Go heap %.1f MB, client %.1f MB, backend %.1f MB", i+1,
			(at[i+1].server-at[i].server)*1e6/(flatChecks/10), mb(at[i+1].heap), mb(at[i+1].client), mb(at[i+1].backend))
	}
	first, last := at[1].server-at[0].server, at[10].server-at[9].server
	t.Logf("the last tenth takes the server %.3f times the first", last/first)
	if last > 1.1*first {
		t.Errorf("the server's time per check grew from %.0f to %.0f us", first*1e6/(flatChecks/10), last*1e6/(flatChecks/10))
	}
	grown(t, "Go's heap", at[1].heap, at[10].heap, 2<<20)
	grown(t, "this process", at[1].client, at[10].client, 8<<20)
	grown(t, "the backend", at[1].backend, at[10].backend, 2<<20)
}

// grown fails if memory grew from the first tenth to the last by more than slack.
func grown(t *testing.T, what string, first, last, slack int) {
	t.Helper()
	t.Logf("%s: %.1f MB after the first tenth, %.1f MB after the last", what, mb(first), mb(last))
	if last > first+slack {
		t.Errorf("%s grew by %.1f MB", what, mb(last-first))
	}
}

func mb(n int) float64 { return float64(n) / (1 << 20) }

func measure(t *testing.T, w *run.Worker) usage {
	t.Helper()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{server: processorTime(t, w.PID()), heap: int(m.HeapAlloc), client: resident(t, uint32(os.Getpid())), backend: resident(t, w.PID())}
}

// processorTime is a process's utime and stime, in seconds (proc(5)).
func processorTime(t *testing.T, pid uint32) float64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	ticks := 0
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return float64(ticks) / 100 // USER_HZ
}

// resident is a process's RssAnon in bytes.
func resident(t *testing.T, pid uint32) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		rest, found := strings.CutPrefix(line, "RssAnon:")
		if !found {
			continue
		}
		n, err := strconv.Atoi(strings.Fields(rest)[0])
		if err != nil {
			t.Fatal(err)
		}
		return n << 10
	}
	t.Fatal("no RssAnon in /proc")
	return 0
}
