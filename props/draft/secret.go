package draft

import (
	"regexp"
	"slices"
	"strings"
)

// randomDefault is an expression that makes a value nobody can guess.
var randomDefault = regexp.MustCompile(`(?i)gen_random|uuid_generate|random\s*\(`)

// secretName is what such columns are often called: a hint for a question, no more.
var secretName = regexp.MustCompile(`(?i)(^|_)(token|secret|code|otp|api_?key)(_|$)`)

// secrets finds columns whose value is a right: unique, drawn at random, and no key that
// other tables refer to. Others that only their names speak for become questions.
func (s *Survey) secrets(d *domains) (found []Column, asked []Column) {
	for _, t := range s.Schema.Tables {
		if slices.Contains(s.Own, t.Schema) {
			continue
		}
		for i := range t.Columns {
			c := Column{Table: t, Column: i}
			col := &t.Columns[i]
			referred := slices.ContainsFunc(d.of[c].columns, func(o Column) bool { return o != c })
			named := secretName.MatchString(col.Name)
			if slices.Contains(t.Key, i) && !named || referred || !unique(c) {
				continue
			}
			text := !col.Type.Array && (strings.HasSuffix(col.Type.Base, "text") || col.Type.Base == "varchar" || col.Type.Base == "uuid" || col.Type.Base == "bytea")
			switch {
			case text && randomDefault.MatchString(col.Default):
				found = append(found, c)
			case text && named:
				asked = append(asked, c)
			}
		}
	}
	return found, asked
}

// unique reports whether no two rows have the same value of a column.
func unique(c Column) bool {
	return slices.ContainsFunc(keys(c.Table), func(k []int) bool { return len(k) == 1 && k[0] == c.Column })
}
