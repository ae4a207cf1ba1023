package contract

import (
	"slices"
	"strings"
)

// oneOf lists what may be written, and which of it was probably meant.
func oneOf(got string, names []string) string {
	list := strings.Join(names, ", ")
	if len(names) > 1 {
		list = "one of " + list
	}
	if meant := nearest(got, names); meant != "" {
		return list + "; did you mean " + meant + "?"
	}
	return list
}

// nearest is the name that is a few typing errors away, or "".
func nearest(got string, names []string) string {
	best, least := "", max(1, len(got)/3)+1
	for _, name := range names {
		if d := distance(strings.ToLower(got), strings.ToLower(name)); d < least && d < len(name) {
			best, least = name, d
		}
	}
	return best
}

// distance is the number of letters to insert, delete, replace or swap.
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, change)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

func sorted(names []string) []string {
	out := slices.Clone(names)
	slices.Sort(out)
	return slices.Compact(out)
}
