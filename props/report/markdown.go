package report

import (
	"fmt"
	"io"
	"strings"
)

// mostTold is how many findings, and untested cells, a summary lists.
const mostTold = 20

// Markdown writes the summary of a job: the verdict, the findings, what was not tested.
func (d *Document) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## rlsfuzz: %s\n\n", cellText(d.Verdict))
	if d.BrokeOff != "" {
		fmt.Fprintf(&b, "The search broke off: %s\n\n", cellText(d.BrokeOff))
	}
	if len(d.Findings) > 0 {
		b.WriteString("| finding | what | cause | where | key |\n|---|---|---|---|---|\n")
	}
	for i := range d.Findings {
		if i == mostTold {
			fmt.Fprintf(&b, "| and %d more | | | | |\n", len(d.Findings)-i)
			break
		}
		e := &d.Findings[i]
		where := ""
		if len(e.Places) > 0 {
			where = fmt.Sprintf("%s:%d", within(e.Places[0].File), e.Places[0].Line)
		}
		fmt.Fprintf(&b, "| %s, %s | %s | %s | %s | %s |\n", cellText(e.Heading()), e.Scope, cellText(e.what()), cellText(e.Cause), cellText(where), cellText(e.Key))
	}
	d.markdownUntested(&b)
	b.WriteString("\n| setting | |\n|---|---|\n")
	for _, f := range d.facts() {
		fmt.Fprintf(&b, "| %s | %s |\n", f.Name, cellText(f.Value))
	}
	b.WriteByte('\n')
	_, err := io.WriteString(w, b.String())
	return err
}

// markdownUntested lists what was not tested, folded away.
func (d *Document) markdownUntested(b *strings.Builder) {
	if len(d.Untested) == 0 {
		return
	}
	fmt.Fprintf(b, "\n<details><summary>%d untested</summary>\n\n", len(d.Untested))
	for i := range d.Untested {
		if i == mostTold {
			fmt.Fprintf(b, "- and %d more, which the report lists\n", len(d.Untested)-i)
			break
		}
		u := &d.Untested[i]
		fmt.Fprintf(b, "- %s: %s\n", cellText(u.String()), cellText(u.Reason))
	}
	b.WriteString("\n</details>\n")
}

// cellText keeps Markdown and HTML from reading a text as markup, in a table's cell too.
func cellText(s string) string {
	return strings.NewReplacer(
		"&", "&amp;", "<", "&lt;", ">", "&gt;", `\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "~", `\~`, "#", `\#`, "!", `\!`, "@", "@\u200b", "\r", " ", "\n", " ",
	).Replace(s)
}
