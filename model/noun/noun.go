// Package noun bends English nouns, such as the names of tables.
package noun

import (
	"strconv"
	"strings"
)

// Count says how many: "1 row", "2 rows". The noun is one whose plural ends with s.
func Count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}

// A puts the article before a noun: "an invoice".
func A(noun string) string {
	if noun != "" && strings.ContainsRune("aeio", rune(strings.ToLower(noun)[0])) {
		return "an " + noun
	}
	return "a " + noun
}

// Singular guesses what one of a plural is called: "company" of "companies". What looks
// like no plural stays as it is.
func Singular(noun string) string {
	low := strings.ToLower(noun)
	ends := func(suffixes ...string) bool {
		for _, s := range suffixes {
			if strings.HasSuffix(low, s) {
				return true
			}
		}
		return false
	}
	switch {
	case ends("ies") && len(noun) > 4:
		return noun[:len(noun)-3] + "y"
	case ends("sses", "xes", "ches", "shes", "tuses"):
		return noun[:len(noun)-2]
	case ends("ss", "us", "is"), !ends("s"), len(noun) < 3:
		return noun
	}
	return noun[:len(noun)-1]
}
