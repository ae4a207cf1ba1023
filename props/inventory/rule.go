package inventory

import (
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// describe tells what a contract lets a session do with a table.
func describe(sees *model.Sees, writes *model.Writes) string {
	out := []string{"sees " + seen(sees)}
	if sees.Written && !sees.Exact {
		out[0] = "may see " + seen(sees)
	}
	if r := writes.Insert; allowed(r) {
		out = append(out, "inserts "+r.Text)
	}
	if allowed(writes.From) {
		text := "updates " + writes.From.Text
		if to := writes.To; allowed(to) && to.Text != writes.From.Text {
			text += " to " + to.Text
		}
		out = append(out, text)
	}
	if r := writes.Delete; allowed(r) {
		out = append(out, "deletes "+r.Text)
	}
	return strings.Join(out, "; ")
}

func seen(sees *model.Sees) string {
	if !allowed(sees.Rule) {
		return "none"
	}
	return strings.Join(strings.Fields(sees.Rule.Text), " ")
}

func allowed(r *model.Rule) bool { return r != nil && r.Kind != model.RuleNone }
