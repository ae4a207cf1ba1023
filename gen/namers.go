package gen

import (
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// naming finds the views and functions that name each name.
func naming(texts []model.Text) map[string][]string {
	out := map[string][]string{}
	for _, x := range texts {
		if x.Kind != "view" && x.Kind != "function" {
			continue
		}
		for _, n := range sql.Named(x.Body) {
			out[n] = append(out[n], x.Name[strings.LastIndexByte(x.Name, '.')+1:])
		}
	}
	return out
}

// namers adds to some names those of the views and functions that name one of them, directly or not.
func (p *Plan) namers(names []string) []string {
	seen := map[string]bool{}
	for _, n := range names {
		seen[n] = true
	}
	for i := 0; i < len(names); i++ {
		for _, n := range p.namedBy[names[i]] {
			if !seen[n] {
				seen[n], names = true, append(names, n)
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
