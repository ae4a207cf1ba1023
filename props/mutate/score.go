package mutate

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Score counts what became of mutants.
type Score struct {
	Killed, Survived, Equivalent, Refused int
	// MedianChecks and P90Checks are of the mutants that random search killed.
	MedianChecks, P90Checks int
}

// ScoreOf counts results.
func ScoreOf(results []Result) Score {
	var s Score
	var checks []int
	for i := range results {
		switch results[i].Status {
		case Killed:
			s.Killed++
			if !results[i].Walk {
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

// Text prints results for a person: the kinds, then what survived.
func Text(w io.Writer, results []Result) error {
	var b strings.Builder
	byKind := map[Kind][]Result{}
	var kinds []Kind
	for _, r := range results {
		if byKind[r.Kind] == nil {
			kinds = append(kinds, r.Kind)
		}
		byKind[r.Kind] = append(byKind[r.Kind], r)
	}
	fmt.Fprintf(&b, "%-22s %6s %8s %10s %14s\n", "mutants", "killed", "survived", "equivalent", "checks, median")
	for _, k := range kinds {
		s := ScoreOf(byKind[k])
		fmt.Fprintf(&b, "%-22s %6d %8d %10d %14d\n", k, s.Killed, s.Survived, s.Equivalent, s.MedianChecks)
	}
	for _, status := range []Status{Survived, Refused} {
		for _, r := range results {
			if r.Status == status {
				fmt.Fprintf(&b, "\n%s: %s, %s: %s\n  %s\n", status, r.Object, r.Kind, r.Change, r.Reason)
			}
		}
	}
	s := ScoreOf(results)
	fmt.Fprintf(&b, "\n%d mutants: %d killed, %d survived, %d equivalent", len(results)-s.Refused, s.Killed, s.Survived, s.Equivalent)
	fmt.Fprintf(&b, "; score %.1f %%; by random search at the median within %d checks, p90 %d\n", s.Rate(), s.MedianChecks, s.P90Checks)
	_, err := io.WriteString(w, b.String())
	return err
}
