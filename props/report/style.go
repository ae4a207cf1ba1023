package report

import "strings"

// Style says what a terminal can show.
type Style struct {
	Color bool
}

// mood is what a colour says, as the sequence that a terminal obeys.
type mood string

// The moods.
const (
	bad   mood = "\x1b[1;31m"
	good  mood = "\x1b[32m"
	label mood = "\x1b[2m"
)

// plainAgain ends a colour.
const plainAgain = "\x1b[0m"

// paint gives a text a colour, where the terminal has any.
func (s Style) paint(m mood, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return string(m) + text + plainAgain
}

// labelWidth is the columns of the names at the left of a finding's lines.
const labelWidth = 11

// entry paints the name at the left of a finding's line.
func (s Style) entry(line string) string {
	if len(line) <= labelWidth || strings.TrimSpace(line[:labelWidth]) == "" {
		return line
	}
	return s.paint(label, line[:labelWidth]) + line[labelWidth:]
}
