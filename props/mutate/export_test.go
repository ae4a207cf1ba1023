package mutate

import (
	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
)

// Conditions lists the conditions of a text.
func Conditions(text string) []string {
	var out []string
	for _, c := range clauses(text) {
		out = append(out, text[c.start:c.end])
	}
	return out
}

// Poor is the rule for a role that has nothing to lend another.
var Poor = poor

// Unsearched says why no search is made for a mutant.
func Unsearched(p *gen.Plan, m *Mutant) string {
	_, reason := unsearched(p, m)
	return reason
}

// Scope is what may show a mutant of a contract in a folder.
func Scope(c *model.Contract, dir string, m *Mutant) []string {
	return (&reach{c, scripts(c, dir)}).scope(m)
}

// EverNotNull is the rule for a column of a text.
var EverNotNull = everNotNull
