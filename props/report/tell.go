package report

import (
	"fmt"
	"strings"
)

// plain is an entry as plain text, for formats that have one field for it.
func (e *Entry) plain() string {
	var b strings.Builder
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%-9s%s\n", name, text)
		}
	}
	if s := e.Story; s != nil {
		line("what", s.What)
		line("allowed", s.Allowed)
		line("Postgres", s.Did)
	}
	line("cause", e.Cause)
	for _, question := range e.Asked {
		line("asked", question)
	}
	line("fix", e.Fix)
	line("sure", e.Sure)
	line("any", e.Any)
	if s := e.Story; s != nil {
		line("widens", s.Widens)
		for i := range s.Steps {
			line(fmt.Sprintf("step %d", i+1), s.Steps[i].Who+": "+strings.Join(s.Steps[i].SQL, "; "))
		}
	}
	for i, like := range e.Like {
		name := "like it"
		if i > 0 {
			name = ""
		}
		line(name, like)
	}
	if s := e.Story; s != nil && e.Dir != "" {
		line("again", strings.Join(s.Again, "\n         "))
	}
	line("not saved", e.Unsaved)
	return b.String()
}

// headline is an entry in one line.
func (e *Entry) headline() string {
	return fmt.Sprintf("%s, %s: %s [%s]", e.Heading(), e.Scope, e.Title(), e.Key)
}

// what is the sentence of an entry: who saw or changed what of whom.
func (e *Entry) what() string {
	if e.Story == nil || e.Story.What == "" {
		return e.headline()
	}
	return e.Story.What
}
