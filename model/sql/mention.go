package sql

import (
	"slices"
	"strings"
)

// Mentions reports whether SQL names an object: as a bare or quoted name outside of
// texts and comments.
func Mentions(text, name string) bool {
	return names(text, func(n string, _ int) bool { return n == name })
}

// Named lists the names that SQL has, each once: bare ones and quoted ones, outside of texts and comments.
func Named(text string) []string {
	var out []string
	seen := map[string]bool{}
	names(text, func(n string, _ int) bool {
		if !seen[n] {
			seen[n], out = true, append(out, n)
		}
		return false
	})
	return out
}

// Identities lists the names by which SQL asks who or what a session is: the values of none of them
// are the same for all sessions.
func Identities() []string {
	return []string{"current_setting", "current_user", "session_user", "current_role", "user"}
}

// Takes reports whether SQL reads or writes a table by its name alone, so that the search path
// says which one that is. Of a list of tables it looks at the first.
func Takes(text, table string) bool {
	before := ""
	return names(text, func(n string, end int) bool {
		bare := n == table && slices.Contains([]string{"from", "join", "into", "update", "only"}, before) &&
			!strings.HasPrefix(strings.TrimLeft(text[end:], " \t\n"), ".")
		before = n
		return bare
	})
}

// names calls f for the names of a text, in lower case where they are not quoted, with where
// each ends, until f says that it is done.
func names(text string, f func(name string, end int) bool) bool {
	for i := 0; i < len(text); {
		n := Skip(text, i)
		if text[i] == '"' && n > 2 && f(strings.ReplaceAll(text[i+1:i+n-1], `""`, `"`), i+n) {
			return true
		}
		if n > 0 {
			i += n
			continue
		}
		end := i
		for end < len(text) && (isNamePart(text[end]) && text[end] != '$') {
			end++
		}
		if end == i {
			i++
			continue
		}
		if f(strings.ToLower(text[i:end]), end) {
			return true
		}
		i = end
	}
	return false
}
