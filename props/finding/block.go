package finding

import (
	"fmt"
	"strings"
)

// Sizes of a block.
const (
	blockWidth = 80
	blockSteps = 4
	blockLines = 24
)

// Block is a finding for a terminal: at most 24 lines of 80 columns, but for long
// names of folders. The finding must have its Contract.
func Block(f *Finding) string {
	var b strings.Builder
	t := newTeller(f, f.Contract)
	entry := func(name, text string, most int) {
		for i, line := range wrap(text, blockWidth-11, most) {
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(&b, "  %-9s%s\n", name, line)
		}
	}
	fmt.Fprintf(&b, "%s, %s: %s [%s]\n", title(f), f.Scope(), cut(f.Session+" "+f.action()+" "+f.object(), 40), f.Key)
	entry("what", t.sentence(), 3)
	entry("allowed", t.allows(), 2)
	entry("Postgres", f.Divergence.Did, 1)
	entry("cause", f.caused(), 2)
	entry("fix", f.fixed(), 4)
	entry("sure", f.sure(), 1)
	entry("any", f.whatever(), 1)
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
		entry(name, oneLine(t.who(st)+": "+t.does(st)), most)
	}
	if n := len(f.Like); n > 0 {
		entry("like it", fmt.Sprintf("%d more: %s", n, strings.Join(f.Like, "; ")), min(2, max(1, blockLines-2-strings.Count(b.String(), "\n"))))
	}
	if f.Dir != "" { // not wrapped: it is to be pasted
		fmt.Fprintf(&b, "  %-9s%s\n", "again", strings.Join(f.again(), "\n           "))
	}
	return b.String()
}

func title(f *Finding) string {
	if f.Class.String() == "lockout" {
		return "LOCKOUT"
	}
	if len(f.Escalation) > 0 {
		return "LEAK (" + f.Class.String() + ", escalation)"
	}
	return "LEAK (" + f.Class.String() + ")"
}

// wrap breaks text at blanks into lines of a width; what does not fit in most lines is cut.
func wrap(text string, width, most int) []string {
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

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func cut(s string, width int) string {
	if runes := []rune(s); len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return s
}
