package search_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/rlsfuzz/rlsfuzz/props/search"
)

var number = rapid.IntRange(0, 1<<20)

func TestCheckShrinksToTheMinimum(t *testing.T) {
	for seed := uint64(1); seed <= 5; seed++ {
		last := -1
		failure, err := search.Check(seed, 500, func(r *rapid.T) {
			if n := number.Draw(r, "n"); n >= 1000 {
				last = n
				r.Fatalf("too big")
			}
		})
		if err != nil || failure == "" || last != 1000 {
			t.Errorf("seed %d: failed %q at %d, %v; want 1000", seed, failure, last, err)
		}
	}
}

func TestCheckRepeatsWithASeedAmongWorkers(t *testing.T) {
	draw := func(seed uint64) []int {
		var got []int
		if _, err := search.Check(seed, 50, func(r *rapid.T) { got = append(got, number.Draw(r, "n")) }); err != nil {
			t.Error(err)
		}
		return got
	}
	want := map[uint64][]int{}
	for seed := uint64(1); seed <= 4; seed++ {
		want[seed] = draw(seed)
	}
	var wg sync.WaitGroup
	for seed := uint64(1); seed <= 4; seed++ {
		for range 3 {
			wg.Go(func() {
				got := draw(seed)
				if len(got) != len(want[seed]) {
					t.Errorf("seed %d: %d draws, want %d", seed, len(got), len(want[seed]))
					return
				}
				for i := range got {
					if got[i] != want[seed][i] {
						t.Errorf("seed %d: draw %d differs", seed, i)
						return
					}
				}
			})
		}
	}
	wg.Wait()
}

func TestCheckReportsAPanicOfTheProperty(t *testing.T) {
	failure, err := search.Check(1, 10, func(*rapid.T) { panic("broken harness") })
	if !strings.Contains(failure, "broken harness") || err != nil {
		t.Errorf("a panic: failed %q, %v", failure, err)
	}
}

func TestCheckWritesNoFailFile(t *testing.T) {
	t.Chdir(t.TempDir())
	failure, err := search.Check(3, 100, func(r *rapid.T) {
		if number.Draw(r, "n") > 10 {
			r.Fatalf("too big")
		}
	})
	if failure == "" || err != nil {
		t.Fatalf("failed %q, %v", failure, err)
	}
	if _, err := os.Stat("testdata"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("testdata: %v", err)
	}
}
