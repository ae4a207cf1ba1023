package sql

import "strings"

// Mentions reports whether SQL names an object: as a bare or quoted name outside of
// texts and comments.
func Mentions(text, name string) bool {
	for i := 0; i < len(text); {
		n := Skip(text, i)
		if text[i] == '"' && n > 2 && strings.ReplaceAll(text[i+1:i+n-1], `""`, `"`) == name {
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
		if strings.ToLower(text[i:end]) == name {
			return true
		}
		i = end
	}
	return false
}
