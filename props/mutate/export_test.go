package mutate

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
func Unsearched(m *Mutant) string {
	_, reason := unsearched(m)
	return reason
}
