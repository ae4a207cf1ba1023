package gen

import (
	"regexp"
	"slices"
	"strconv"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// treeSize is how many different places a tree has.
const treeSize = 24

// place is the n-th place in a tree, from 0. Of three that follow each other, the second is below the
// first, and the third is beside it and begins with its name: what is below another shows in the
// first two, and what compares the beginning of the text in the third.
func place(n int, separator string) string {
	name := "n" + strconv.Itoa(n/3+1)
	switch n % 3 {
	case 1:
		return name + separator + "n1"
	case 2:
		return name + "0"
	}
	return name
}

// places lists the places that the values of a column are: it is an ltree, or a text that the schema
// compares with another row's as the beginning of a path. Nil: they are none.
func (p *Plan) places(t *model.Table, i int) []string {
	separator := "."
	if c := &t.Columns[i].Type; c.Array || c.Base != "ltree" {
		if separator = p.beginning(t, i); c.Array || c.Kind != sql.Text || separator == "" {
			return nil
		}
	}
	var out []string
	for n := range treeSize {
		out = append(out, place(n, separator))
	}
	return out
}

// beginning is the separator of the paths in a column, where policies or functions compare it by LIKE
// with the beginning of a path: that of another row, or, of the tenants' own table, any. It is empty
// elsewhere.
func (p *Plan) beginning(t *model.Table, i int) string {
	name := `(?:\w+\.)?"?` + regexp.QuoteMeta(t.Columns[i].Name) + `"?(?:::\w+)?`
	other := name
	if t == p.Contract.Tenancy.Table {
		other = `(?:\w+\.)*"?\w+"?(?:\(\))?(?:::\w+)?`
	}
	re := compiled(`(?i)(?:^|[^\w."])` + name + `\s*\)?\s*(?:~~|like)\s*\(*` + other + `\s*\)?\s*\|\|\s*'([^'%]*)%'`)
	for _, text := range p.begins {
		if text.table != t && !mentionsName(text.body, t.Name) {
			continue
		}
		if m := re.FindStringSubmatch(text.body); m != nil {
			if len(m[1]) == 1 {
				return m[1]
			}
			return "/"
		}
	}
	return ""
}

// begin is a policy of a table, or a function or view, that compares something with the beginning of
// a text.
type begin struct {
	table *model.Table // of a policy; nil for others
	body  string
}

var beginning = regexp.MustCompile(`(?i)(?:~~|like)[^|']*\|\|\s*'[^'%]*%'`)

// beginnings lists the texts that compare something with the beginning of a text.
func beginnings(s *model.Schema) []begin {
	var out []begin
	add := func(t *model.Table, body string) {
		if beginning.MatchString(body) {
			out = append(out, begin{t, body})
		}
	}
	for _, t := range s.Tables {
		for i := range t.Policies {
			add(t, t.Policies[i].Using)
			add(t, t.Policies[i].Check)
		}
	}
	for i := range s.Texts {
		add(nil, s.Texts[i].Body)
	}
	return out
}

// trees reports whether the tenants' own table has places in a tree.
func (p *Plan) trees() bool {
	home := p.Contract.Tenancy.Table
	return home != nil && slices.ContainsFunc(p.tables[home.ID].columns, func(c column) bool { return c.tree })
}
