package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model/noun"
	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/excerpt"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
)

// screenWidth is the columns of a terminal that what is printed fits.
const screenWidth = 80

// mostAsks is how many points to review are printed.
const mostAsks = 12

// tell prints on one screen what was understood of a schema and what to review first.
func tell(w io.Writer, d *props.Drafted) {
	from := noun.Count(d.Files, "SQL file") + ", preset " + d.Preset
	if d.Database != "" {
		from = d.Database
	}
	if d.Why != "" {
		from += " (guessed: " + d.Why + ")"
	}
	hang(w, "read", from)
	for _, n := range d.Notes {
		hang(w, "note", n)
	}
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
	fmt.Fprintf(w, "; now: rlsfuzz check %s\n", finding.ShellWord(d.Contract))
}

// hang prints a name and beside it a text in lines of the screen's width; the name - stands
// for one point of a list.
func hang(w io.Writer, name, text string) {
	lead, indent := fmt.Sprintf("  %-8s ", name), 11
	if name == "-" {
		lead, indent = "  - ", 4
	}
	for _, line := range excerpt.Hang(lead, strings.Repeat(" ", indent), text, screenWidth) {
		fmt.Fprintln(w, line)
	}
}
