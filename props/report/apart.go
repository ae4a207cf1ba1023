package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/props"
)

// apart prints what Postgres documents, which is no finding without --strict.
func (p *printer) apart(r *props.Report) {
	const strict = "; --strict makes it a finding"
	var sessions, functions []string // that run what a session put in the place of a table
	add := func(list *[]string, s string) {
		if !slices.Contains(*list, s) {
			*list = append(*list, s)
		}
	}
	for _, b := range r.Apart {
		f := b.Finding
		switch path := f.Divergence.Cell.Path; {
		case b.Leaky() && path.Shadow != nil && len(path.Shadow.Put) > 0:
			add(&sessions, f.Session)
			add(&functions, path.Shadow.Deceived[0].Label()+" ("+path.Shadow.Taken.Label()+")")
		case b.Leaky() && path.Shadow != nil:
			p.wrap("search path: ", "%s: %s"+strict, f.Session, cmp.Or(b.Cause, "functions take "+path.Shadow.Taken.Label()+" from their caller's search path"))
		case b.Leaky() && path.Channel != nil:
			p.wrap("notify: ", "%s: %s"+strict, f.Session, cmp.Or(b.Cause, "rows are sent to the channel "+path.Channel.Name+", to which whoever is connected may listen"))
		case b.Leaky():
			p.wrap("no barrier: ", "%s: view %s: a condition that the session writes itself is asked about rows that the view leaves out (no security_barrier)"+strict, f.Session, path.View.Label())
		default:
			p.wrap("existence: ", "%s: %s %s: Postgres tells of a key that is taken, or missing%s"+strict, f.Session, f.Action(), f.Object(), because(b))
		}
	}
	if len(functions) > 0 {
		p.wrap("search path: ", "%s: functions take tables from their caller's search path, and run what it puts there with their owners' rights: %s"+strict,
			strings.Join(sessions, ", "), strings.Join(functions, ", "))
	}
}

// because is the cause of a block in parentheses; nothing where none is known: the time was up before
// it was found.
func because(b *props.Block) string {
	if b.Cause == "" {
		return ""
	}
	return " (" + b.Cause + ")"
}
