package sql

import "strings"

// QuoteName writes an identifier, in quotes where it needs them.
func QuoteName(name string) string {
	plain := name != "" && (name[0] == '_' || 'a' <= name[0] && name[0] <= 'z')
	for i := 0; plain && i < len(name); i++ {
		c := name[i]
		plain = c == '_' || 'a' <= c && c <= 'z' || isDigit(c)
	}
	if plain && !isKeyword(name) {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// quoteText writes a string constant. It may hold backslashes: they are plain
// characters under standard_conforming_strings.
func quoteText(s string) string {
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}
