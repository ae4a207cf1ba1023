package finding

import (
	"regexp"
	"slices"
)

var uuid = regexp.MustCompile(`\b[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b`)

// shortening gives the UUIDs of some texts by their last digits, as few as tell them apart: …0001. Where
// these do not, texts stay as they are.
func shortening(texts ...string) func(string) string {
	var all []string
	for _, t := range texts {
		all = append(all, uuid.FindAllString(t, -1)...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	for _, digits := range []int{4, 8, 12} {
		last := func(id string) string { return "…" + id[len(id)-digits:] }
		seen := map[string]bool{}
		for _, id := range all {
			seen[last(id)] = true
		}
		if len(seen) == len(all) {
			return func(s string) string { return uuid.ReplaceAllStringFunc(s, last) }
		}
	}
	return func(s string) string { return s }
}
