package finding

import (
	"fmt"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/props/excerpt"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// The sizes of a block.
const (
	blockWidth  = 80 // columns
	blockNumber = 4  // columns left free for the number of a block in a list
	blockSteps  = 4  // steps that are shown
	blockLines  = 24
)

// Block is a finding for a terminal: at most 24 lines of 80 columns, but for long
// names of folders. The finding must have its Contract.
func Block(f *Finding) string {
	var b strings.Builder
	t := newTeller(f, f.Contract)
	entry := func(name, text string, most int) {
		for i, line := range Wrap(text, blockWidth-11, most) {
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(&b, "  %-9s%s\n", name, line)
		}
	}
	texts := []string{t.sentence()}
	for i := range f.Scenario.Steps {
		texts = append(texts, t.actor(&f.Scenario.Steps[i]))
	}
	short := shortening(texts...) // who and whose, which must not be cut off
	heading := Heading(f.Class.String(), len(f.Escalation) > 0)
	cell := oneLine(f.Session + " " + f.Action() + " " + f.Object())
	if room := blockWidth - blockNumber - len(heading+f.Scope()+f.Key) - len(", :  []"); len([]rune(cell)) <= room {
		fmt.Fprintf(&b, "%s, %s: %s [%s]\n", heading, f.Scope(), cell, f.Key)
	} else {
		fmt.Fprintf(&b, "%s, %s [%s]\n", heading, f.Scope(), f.Key)
		entry("cell", cell, 2)
	}
	entry("what", short(t.sentence()), 3)
	entry("allowed", t.allows(), 2)
	entry("Postgres", f.Divergence.Did, 1)
	entry("cause", f.caused(), 2)
	entry("asked", strings.Join(f.Asked, "; "), 3)
	entry("fix", f.Fixed(), 4)
	entry("sure", f.Sure(), 1)
	entry("any", f.Whatever(), 1)
	entry("widens", f.escalated(), 2)
	for i := range f.Scenario.Steps {
		if i == blockSteps-1 && len(f.Scenario.Steps) > blockSteps {
			entry("", fmt.Sprintf("… and %d more steps", len(f.Scenario.Steps)-i), 1)
			break
		}
		name := fmt.Sprintf("step %d", i+1)
		st := &f.Scenario.Steps[i]
		most := 2
		if len(f.Scenario.Steps) > 2 {
			most = 1
		}
		entry(name, oneLine(short(t.actor(st))+t.ending(i)+": "+t.does(st)), most)
	}
	if n := len(f.Like); n > 0 {
		entry("like it", fmt.Sprintf("%d more: %s", n, strings.Join(f.Like, "; ")), min(2, max(1, blockLines-2-strings.Count(b.String(), "\n"))))
	}
	if f.Dir != "" { // not wrapped: it is to be pasted
		fmt.Fprintf(&b, "  %-9s%s\n", "again", strings.Join(f.again(), "\n           "))
	}
	return b.String()
}

// Heading is what reports call a finding of a class: LOCKOUT, or LEAK with the class.
// escalates is whether a forbidden write of it made more rows readable.
func Heading(class string, escalates bool) string {
	switch {
	case class == judge.Lockout.String():
		return "LOCKOUT"
	case escalates:
		return "LEAK (" + class + ", escalation)"
	}
	return "LEAK (" + class + ")"
}

// Wrap breaks text at blanks into lines of at most width characters. There are at most as
// many lines as most says, the rest is cut off; 0 is as many as it takes. Characters that a
// terminal would obey are replaced.
func Wrap(text string, width, most int) []string {
	var lines []string
	rest := strings.TrimSpace(oneLine(text))
	for rest != "" {
		runes := []rune(rest)
		if len(runes) <= width {
			return append(lines, rest)
		}
		if len(lines) == most-1 {
			return append(lines, string(runes[:width-1])+"…")
		}
		at := strings.LastIndexByte(string(runes[:width]), ' ')
		if at <= width/2 {
			at = len(string(runes[:width]))
		}
		lines = append(lines, strings.TrimSpace(rest[:at]))
		rest = strings.TrimSpace(rest[at:])
	}
	return lines
}

// oneLine makes a text one line of characters that can be seen.
func oneLine(s string) string { return excerpt.OneLine(s) }

// cut shortens text to width characters.
func cut(s string, width int) string {
	if runes := []rune(s); len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return s
}
