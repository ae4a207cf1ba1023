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
	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/postgres/require"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// The long run: so many checks, ten sequences on a dataset, in tenths.
const (
	flatChecks    = 200_000
	flatWarm      = 4_000 // before the first tenth: most statements are prepared in it
	flatSequences = 10
	flatSets      = 10 // datasets that one search draws, as a batch does
)

// usage is the memory of a worker and its backend at some moment.
type usage struct {
	heap       int // live bytes of Go's heap
	client     int // resident anonymous bytes of this process
	backend    int // the same of the backend, without the shared buffers
	statements int // prepared ones
}

// TestFlat runs 200,000 checks in one worker. The server takes no longer for the last
// ones than for the first, and nothing grows. It takes minutes: RLSFUZZ_LONG=1.
//
// What else runs on the machine makes the same work take more or less time. So in each
// tenth a new worker, the control, does some of the same checks in between.
func TestFlat(t *testing.T) {
	require.Long(t)
	f := &flat{target: desk(t)}
	w := workerOn(t, f.target)
	f.checks(t, w, flatWarm)
	var at []usage
	var took, ratio []float64
	for i := range 10 {
		control := passing(t, f.target)
		f.checks(t, control, flatWarm/2)
		mine, others := f.tenth(t, w, control)
		control.Close()
		took, ratio = append(took, mine), append(ratio, mine/others)
		at = append(at, measure(t, w))
		t.Logf("tenth %2d: server %.0f us/check, %.3f of the control's; Go heap %.1f MB, client %.1f MB, backend %.1f MB with %d statements", i+1,
			mine*1e6, mine/others, mb(at[i].heap), mb(at[i].client), mb(at[i].backend), at[i].statements)
	}
	t.Logf("the last tenth takes the server %.3f times the first; measured by the control, %.3f times", took[9]/took[0], ratio[9]/ratio[0])
	if took[9] > 1.1*took[0] && ratio[9] > 1.1*ratio[0] {
		t.Errorf("the server's time per check grew from %.0f to %.0f us", took[0]*1e6, took[9]*1e6)
	}
	grown(t, "Go's heap", at[0].heap, at[9].heap, 2<<20)
	grown(t, "this process", at[0].client, at[9].client, 8<<20)
	grown(t, "the backend", at[0].backend, at[9].backend, 2<<20+statementSize*(at[9].statements-at[0].statements))
}

// statementSize is what a prepared statement with its plan may take in the backend.
// There is a bounded number of them, of which the rare ones come late.
const statementSize = 48 << 10

// flat draws the checks of the long run.
type flat struct {
	target *props.Target
	seed   uint64
}

// checks runs about n checks and returns how many.
func (f *flat) checks(t *testing.T, w *run.Worker, n int) (done int) {
	t.Helper()
	for done < n {
		f.seed++
		draw(t, f.target, f.seed, flatSets, flatSequences, func(d *gen.Dataset, sequences [][]model.Step) bool {
			done += len(sequences)
			list, err := w.Fast(context.Background(), d.Data, d.State, sequences)
			if err != nil {
				t.Error(err)
			}
			for _, s := range list {
				if s != run.Passed {
					t.Errorf("seed %d: a check of the fixed schema ended as %v", f.seed, s)
				}
			}
			return true
		})
		if t.Failed() {
			t.FailNow()
		}
	}
	return done
}

// tenth runs a tenth of the checks, and one in eleven more in the control. It returns
// the seconds that a check takes the backend of each.
func (f *flat) tenth(t *testing.T, w, control *run.Worker) (mine, others float64) {
	t.Helper()
	began, controlBegan := processorTime(t, w.PID()), processorTime(t, control.PID())
	done, controlled := 0, 0
	for done < flatChecks/10 {
		done += f.checks(t, w, 10*flatSets*flatSequences)
		controlled += f.checks(t, control, flatSets*flatSequences)
	}
	return (processorTime(t, w.PID()) - began) / float64(done), (processorTime(t, control.PID()) - controlBegan) / float64(controlled)
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
	return usage{heap: int(m.HeapAlloc), client: resident(t, uint32(os.Getpid())), backend: resident(t, w.PID()), statements: w.Prepared()}
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
