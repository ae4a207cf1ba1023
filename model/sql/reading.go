package sql

import (
	"slices"
	"strings"
)

// Queries reports whether a statement is a query by its words: it begins as one, and nothing in
// it writes rows or makes a table. What the functions do that it calls, it does not say.
func Queries(text string) bool {
	words := wordsOf(text)
	if len(words) == 0 || !slices.Contains([]string{"select", "table", "values", "with", "copy"}, words[0]) {
		return false
	}
	for i, w := range words {
		switch w {
		case "into", "delete", "merge":
			return false
		case "update":
			if words[i-1] != "for" && words[i-1] != "key" { // these lock rows
				return false
			}
		}
	}
	if words[0] == "copy" {
		to := slices.IndexFunc(words, func(w string) bool { return w == "to" || w == "from" || w == "select" })
		return to > 0 && words[to] != "from"
	}
	return true
}

// wordsOf lists the unquoted words of a text in lower case.
func wordsOf(text string) []string {
	var out []string
	for _, t := range Tokens(text) {
		if t.Kind == Word {
			out = append(out, strings.ToLower(t.Text))
		}
	}
	return out
}
