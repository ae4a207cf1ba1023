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

// presentName is what such columns are called whose value somebody presents to be let in. It
// decides only together with a SECURITY DEFINER function that takes one.
var presentName = regexp.MustCompile(`(?i)(^|_)(token|secret|otp|api_?key)(_|$)`)

// secret is a column whose value gives rights to whoever has it, and what speaks for that.
type secret struct {
	column Column
	why    string
}

// secrets finds the columns whose value gives rights to whoever has it: unique, referred to by no
// other table, and either random by default, or of such a name and taken by a SECURITY DEFINER
// function. Those for which only the name speaks are asked about.
func (s *Survey) secrets(d *domains, paths []*path) (found []secret, asked []Column) {
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
				found = append(found, secret{c, "drawn at random and unique: who presents one may use it"})
			case text && presentName.MatchString(col.Name) && slices.ContainsFunc(paths, func(p *path) bool { return p.definer && slices.Contains(p.args, c.place()) }):
				found = append(found, secret{c, "unique, and " + c.place() + " is what a SECURITY DEFINER function takes: who presents one gets in. Right?"})
			case text && named:
				asked = append(asked, c)
			}
		}
	}
	return found, asked
}

// place is a column as a contract names it.
func (c Column) place() string { return tableName(c.Table) + "." + columnName(c.name()) }

// unique reports whether no two rows have the same value of a column.
func unique(c Column) bool {
	return slices.ContainsFunc(keys(c.Table), func(k []int) bool { return len(k) == 1 && k[0] == c.Column })
}
