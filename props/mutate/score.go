package mutate

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Score counts what became of mutants.
type Score struct {
	Killed     int `json:"killed"`
	Survived   int `json:"survived"`
	Equivalent int `json:"equivalent"`
	Refused    int `json:"refused"`
	// Percent is what Rate says.
	Percent float64 `json:"percent"`
	// MedianChecks and P90Checks are of the checks until mutants were killed.
	MedianChecks int `json:"median_checks"`
	P90Checks    int `json:"p90_checks"`
}

// Summary is results counted: all, by kind, and by the class that killed.
type Summary struct {
	Score   Score        `json:"score"`
	Kinds   []KindScore  `json:"kinds"`   // in the order of the results
	Classes []ClassScore `json:"classes"` // by class, as a check orders them by name
}

// KindScore is the score of one kind of mutant.
type KindScore struct {
	Kind Kind `json:"kind"`
	Score
}

// ClassScore is how many mutants a class of finding killed first.
type ClassScore struct {
	Class  string `json:"class"`
	Killed int    `json:"killed"`
}

// SummaryOf counts results.
func SummaryOf(results []Result) Summary {
	out := Summary{Score: ScoreOf(results), Kinds: []KindScore{}, Classes: []ClassScore{}}
	kinds, classes := map[Kind][]Result{}, map[string]int{}
	var order []Kind
	for _, r := range results {
		if kinds[r.Kind] == nil {
			order = append(order, r.Kind)
		}
		kinds[r.Kind] = append(kinds[r.Kind], r)
		if r.Status == Killed {
			classes[r.Class]++
		}
	}
	for _, k := range order {
		out.Kinds = append(out.Kinds, KindScore{k, ScoreOf(kinds[k])})
	}
	for _, c := range slices.Sorted(maps.Keys(classes)) {
		out.Classes = append(out.Classes, ClassScore{c, classes[c]})
	}
	return out
}

// ScoreOf counts results.
func ScoreOf(results []Result) Score {
	var s Score
	var checks []int
	for i := range results {
		switch results[i].Status {
		case Killed:
			s.Killed++
			if results[i].found() {
				checks = append(checks, results[i].Checks)
			}
		case Survived:
			s.Survived++
		case Equivalent:
			s.Equivalent++
		case Refused:
			s.Refused++
		}
	}
	slices.Sort(checks)
	if n := len(checks); n > 0 {
		s.MedianChecks, s.P90Checks = checks[(n-1)/2], checks[(n*9+9)/10-1]
	}
	s.Percent = s.Rate()
	return s
}

// Rate is the share of the mutants that are not equivalent that were killed, in per
// cent; 100 where there are none.
func (s Score) Rate() float64 {
	if s.Killed+s.Survived == 0 {
		return 100
	}
	return 100 * float64(s.Killed) / float64(s.Killed+s.Survived)
}

// who begins the advice for a survivor.
var who = map[Wants]string{OfContract: "for the contract: ", OfSearch: "for rlsfuzz: "}

// Text prints results for a person: the kinds, then what survived.
func Text(w io.Writer, results []Result) error {
	var b strings.Builder
	sum := SummaryOf(results)
	fmt.Fprintf(&b, "%-30s %6s %8s %10s %14s\n", "mutants", "killed", "survived", "equivalent", "checks, median")
	for _, k := range sum.Kinds {
		s := k.Score
		fmt.Fprintf(&b, "%-30s %6d %8d %10d %14d\n", k.Kind, s.Killed, s.Survived, s.Equivalent, s.MedianChecks)
	}
	for _, status := range []Status{Survived, Refused} {
		for _, r := range results {
			if r.Status == status {
				fmt.Fprintf(&b, "\n%s: %s, %s: %s\n  %s%s\n", status, r.Object, r.Kind, r.Change, who[r.Wants], r.Reason)
			}
		}
	}
	s := sum.Score
	strict := 0
	for i := range results {
		if results[i].Strict {
			strict++
		}
	}
	if strict > 0 {
		fmt.Fprintf(&b, "\n%d of the killed: a check reports it apart, and fails of it only if it is --strict\n", strict)
	}
	fmt.Fprintf(&b, "\n%d mutants: %d killed, %d survived, %d equivalent", len(results)-s.Refused, s.Killed, s.Survived, s.Equivalent)
	fmt.Fprintf(&b, "; score %.1f %%; killed at the median within %d checks, p90 %d\n", s.Rate(), s.MedianChecks, s.P90Checks)
	_, err := io.WriteString(w, b.String())
	return err
}
