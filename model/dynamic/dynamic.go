// Package dynamic reads what the arguments of a function name in the statements that its text puts
// together: EXECUTE format('SELECT … FROM %I', kind).
package dynamic

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Naming is what an argument names.
type Naming uint8

// What an argument can name.
const (
	Nothing   Naming = iota
	Schema           // that of a table
	Table            // without its schema
	Qualified        // a table as SQL text, which may have its schema
)

// Names tells what a text takes an argument for, which it calls by its name or, as $1, by its number.
func Names(text, name string, number int) Naming {
	called := `(?:\$` + strconv.Itoa(number) + `\b`
	if name != "" {
		called += `|\b` + regexp.QuoteMeta(name) + `\b"?`
	}
	called += `)`
	if out := formatted(text, regexp.MustCompile(`(?i)`+called)); out != Nothing {
		return out
	}
	const opens = `(?i)\b(?:from|join|update|into|table|only|using)\s+`
	for _, form := range []struct {
		naming Naming
		re     string
	}{
		{Qualified, `(?i)` + called + `\s*::\s*(?:pg_catalog\.)?regclass\b`},
		{Qualified, `(?i)\b(?:to_regclass\s*\(|cast\s*\()\s*` + called + `\s*(?:\)|(?:::\s*\w+\s*)?\)|as\s+regclass\b)`},
		{Schema, opens + `'\s*\|\|\s*quote_ident\s*\(\s*` + called + `\s*\)\s*\|\|\s*'\.`},
		{Table, opens + `"?\w+"?\.'\s*\|\|\s*(?:quote_ident\s*\(\s*)?` + called},
		{Table, `(?i)'\.'\s*\|\|\s*(?:quote_ident\s*\(\s*)?` + called},
		{Table, opens + `'\s*\|\|\s*quote_ident\s*\(\s*` + called},
		{Qualified, opens + `'\s*\|\|\s*` + called},
	} {
		if regexp.MustCompile(form.re).MatchString(text) {
			return form.naming
		}
	}
	return Nothing
}

// place is where format puts an argument: its number, if it has one, and how it is written.
var place = regexp.MustCompile(`%(?:(\d+)\$)?[-\d*]*([sIL%])`)

// behind is the end of a text where the name of a table begins: after its schema, or not.
var behind = regexp.MustCompile(`(?i)\b(?:from|join|update|into|table|only|using)\s+((?:"?\w+"?|%(?:\d+\$)?[isIS])\s*\.\s*)?$`)

// pair is a pattern that is nothing but a name with its schema.
var pair = regexp.MustCompile(`^\s*%(?:\d+\$)?I\.%(?:\d+\$)?I\s*$`)

// formatted tells it of the calls of format in a text.
func formatted(text string, called *regexp.Regexp) Naming {
	for _, call := range sql.Calls(text) {
		if call.Name != "format" || len(call.Args) < 2 {
			continue
		}
		pattern := ""
		for _, t := range sql.Tokens(call.Args[0]) {
			if t.Kind == sql.Str {
				pattern += t.Text
			}
		}
		if pair.MatchString(pattern) {
			pattern = "from " + pattern
		}
		next := 0
		for _, m := range place.FindAllStringSubmatchIndex(pattern, -1) {
			how := pattern[m[4]:m[5]]
			if how == "%" {
				continue
			}
			if next++; m[2] >= 0 {
				next, _ = strconv.Atoi(pattern[m[2]:m[3]])
			}
			before := behind.FindStringSubmatch(pattern[:m[0]])
			if before == nil || how == "L" || next < 1 || next >= len(call.Args) || !called.MatchString(call.Args[next]) {
				continue
			}
			switch {
			case strings.HasPrefix(pattern[m[1]:], "."):
				return Schema
			case how == "s" && before[1] == "" && !strings.Contains(strings.ToLower(call.Args[next]), "quote_ident"):
				return Qualified
			}
			return Table
		}
	}
	return Nothing
}
