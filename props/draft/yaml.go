package draft

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/props/excerpt"
)

// plainScalar matches what YAML takes for a text without quotes, wherever it stands.
var plainScalar = regexp.MustCompile(`^[A-Za-z_$./][A-Za-z0-9_$./-]*( [A-Za-z0-9_$./=<>-]+)*$`)

// notText matches those of them that YAML takes for something else than a text.
var notText = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|null|~|y|n|\.inf|\.nan)$`)

// scalar writes a text for YAML, in quotes where it needs them.
func scalar(s string) string {
	if plainScalar.MatchString(s) && !notText.MatchString(s) {
		return s
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return `""` // a text always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// flow writes a list in brackets, or its only value without them.
func flow(list []string) string {
	if len(list) == 1 {
		return scalar(list[0])
	}
	return flowList(list)
}

// flowList writes a list in brackets.
func flowList(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = scalar(s)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// writer writes lines with their indentation, and comments wrapped to the page.
type writer struct {
	b     strings.Builder
	about any   // what the lines to come are about
	lines []any // what each line is about
}

// line writes one line.
func (w *writer) line(indent int, text string) {
	w.lines = append(w.lines, w.about)
	w.b.WriteString(strings.Repeat("  ", indent) + text + "\n")
}

// pageWidth is where comments are broken.
const pageWidth = 100

// comment writes text as comment lines; mark stands before the first one, and the others are set
// off, by which a reader of the contract knows that they go on with it.
func (w *writer) comment(indent int, mark, text string) {
	const further = "#   "
	lead := "# " + mark
	for _, line := range excerpt.Hang("", "", text, pageWidth-2*indent-len(further)) {
		w.line(indent, lead+line)
		lead = further
	}
}
