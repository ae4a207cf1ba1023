package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/props"
)

// screenWidth is the columns of a terminal that what is printed fits.
const screenWidth = 80

// mostAsks is how many points to review are printed.
const mostAsks = 12

// tell prints on one screen what was understood and what to review.
func tell(w io.Writer, d *props.Drafted) {
	from := fmt.Sprintf("%d SQL files, preset %s", d.Files, d.Preset)
	if d.Files == 1 {
		from = "1 SQL file, preset " + d.Preset
	}
	if d.Database != "" {
		from = d.Database
	}
	if d.Why != "" {
		from += " (guessed: " + d.Why + ")"
	}
	hang(w, "read", from)
	for _, f := range d.Draft.Summary() {
		hang(w, f.Name, f.Text)
	}
	review := d.Draft.Review()
	if len(review) > 0 {
		fmt.Fprintln(w, "\nreview first:")
	}
	for i, r := range review {
		if i == mostAsks {
			fmt.Fprintf(w, "  and %d more in the contract (# ?)\n", len(review)-i)
			break
		}
		hang(w, "-", r)
	}
	fmt.Fprintf(w, "\nwrote %s", d.Contract)
	if d.Roles != "" {
		fmt.Fprintf(w, " and %s", d.Roles)
	}
	fmt.Fprintf(w, "; now: rlsfuzz check %s\n", quoted(d.Contract))
}

// hang prints a name and a text that is broken beside it.
func hang(w io.Writer, name, text string) {
	column := 11
	if name == "-" {
		column = 4
	}
	line := fmt.Sprintf("  %-*s", column-2, name)
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > screenWidth && strings.TrimSpace(line) != "" {
			fmt.Fprintln(w, strings.TrimRight(line, " "))
			line = strings.Repeat(" ", column)
		}
		if !strings.HasSuffix(line, " ") {
			line += " "
		}
		line += word
	}
	fmt.Fprintln(w, line)
}
