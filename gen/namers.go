package gen

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// namers adds to some names those of the views and functions that name one of them, directly or not.
func (p *Plan) namers(names []string) []string {
	for again := len(names) > 0; again; {
		again = false
		for _, x := range p.Contract.Schema.Texts {
			name := x.Name[strings.LastIndexByte(x.Name, '.')+1:]
			if (x.Kind == "view" || x.Kind == "function") && !slices.Contains(names, name) && mentionsAny(x.Body, names) {
				names, again = append(names, name), true
			}
		}
	}
	return names
}

func mentionsAny(text string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return sql.Mentions(text, name) })
}

// uses reports whether an expression over quoted columns calls or says one of some names.
func uses(text string, names []string) bool {
	tokens := sql.Tokens(text)
	for i, t := range tokens {
		called := i+1 < len(tokens) && tokens[i+1].Kind == sql.Sign && tokens[i+1].Text == "("
		if (t.Kind == sql.Word || t.Kind == sql.QuotedName && called) && slices.Contains(names, t.Text) {
			return true
		}
	}
	return false
}
