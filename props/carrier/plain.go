package carrier

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// The pieces of a rule's SQL that plain leaves out or simplifies: that each further tenant of
// the row is the session's too (alsoEvery in a sub-select, everyOne in a column), IS TRUE, and
// parentheses.
var (
	alsoEvery = regexp.MustCompile(` AND NOT EXISTS \(SELECT 1 FROM [^()]* WHERE [^()]* AND \([^()]* IS NOT NULL AND NOT \([^()]*\) IS TRUE\)\)`)
	everyOne  = regexp.MustCompile(` AND NOT \([^()]* IS NOT NULL AND NOT \([^()]*\) IS TRUE\)`)
	isTrue    = regexp.MustCompile(`\(([^()]*)\) IS TRUE`)
	twice     = regexp.MustCompile(`\(\(([^()]*)\)\)`)
	whole     = regexp.MustCompile(`^\(([^()]*)\)$`)
	first     = regexp.MustCompile(`^\(([^()]*)\) AND `)
	equals    = regexp.MustCompile(`( = \$\d+::[\w ]+?) IS TRUE`)
)

// plain writes a rule's SQL as a person would. It applies where a row has one way to its
// tenant: then "some tenant of the row is the session's" and "every one is" say the same, and
// IS TRUE is not needed, since NULL counts as false in a policy.
func (in intent) plain(s *model.Session, text string) string {
	if len(in.c.Belongs[in.table.ID].Paths) != 1 || s.TenantsSQL != "" {
		return text
	}
	text = everyOne.ReplaceAllString(alsoEvery.ReplaceAllString(text, ""), "")
	if strings.Contains(strings.ReplaceAll(text, "IS NOT NULL", ""), "NOT ") { // where NULL is not false
		return text
	}
	text = twice.ReplaceAllString(isTrue.ReplaceAllString(text, "$1"), "($1)")
	text = equals.ReplaceAllString(text, "$1")
	return unwrapped(first.ReplaceAllString(whole.ReplaceAllString(text, "$1"), "$1 AND "))
}

// short leaves out what a person would not write: the schema public, unless names have their schemas,
// and ONLY where a table has no partitions.
func (in intent) short(text string) string {
	for _, t := range in.c.Schema.Tables {
		parts := slices.ContainsFunc(in.c.Schema.Tables, func(o *model.Table) bool { return o.Parent == t.Label() })
		plain := in.name(t)
		for _, written := range []string{t.SQL(), full(t)} {
			if !parts {
				text = strings.ReplaceAll(text, "FROM ONLY "+written+" AS ", "FROM "+plain+" ")
			}
			text = strings.ReplaceAll(text, "FROM "+written+" ", "FROM "+plain+" ")
		}
	}
	return text
}

// unwrapped drops the parentheses around an EXISTS with which an expression begins.
func unwrapped(text string) string {
	if !strings.HasPrefix(text, "(EXISTS (") {
		return text
	}
	for i, depth := 0, 0; i < len(text); i++ {
		switch text[i] {
		case '(':
			depth++
		case ')':
			depth--
		}
		switch {
		case depth == 1 && text[i] == ')' && !strings.HasPrefix(text[i+1:], ")"): // it is no EXISTS alone
			return text
		case depth == 0:
			return text[1:i] + text[i+1:]
		}
	}
	return text
}
