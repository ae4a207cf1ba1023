package finding

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// The first and the last line of a case that a run wrote: where the first stands
// without the last, the file was cut off.
const (
	firstLine = "# a case of rlsfuzz; its last line is \"# end\""
	lastLine  = "# end"
)

// Format writes the case as YAML.
func (k *Case) Format() []byte {
	var b strings.Builder
	b.WriteString(firstLine + "\n")
	if k.Contract != "" {
		fmt.Fprintf(&b, "contract: %s\n", scalar(model.Value{Text: k.Contract}))
	}
	for _, l := range k.Comment {
		b.WriteString(strings.TrimRight("# "+l, " ") + "\n")
	}
	if k.Found != nil {
		k.Found.format(&b)
	}
	if k.Committed {
		b.WriteString("committed: true\n")
	}
	if k.Explored {
		b.WriteString("explored: true\n")
	}
	if len(k.Rows) > 0 {
		b.WriteString("rows:\n")
	}
	for i := range k.Rows {
		fmt.Fprintf(&b, "  %s:\n", scalar(model.Value{Text: k.Rows[i].Table}))
		for j := range k.Rows[i].Records {
			b.WriteString("    - ")
			formatRecord(&b, &k.Rows[i].Records[j])
			b.WriteString(anyComment(k.Rows[i].Records[j].Any) + "\n")
		}
	}
	b.WriteString("steps:\n")
	for i := range k.Steps {
		k.Steps[i].format(&b)
	}
	b.WriteString(lastLine + "\n")
	return []byte(b.String())
}

// anyComment names what may be anything.
func anyComment(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "  # any: " + oneLine(strings.Join(names, ", "))
}

func (f *Found) format(b *strings.Builder) {
	b.WriteString("found:  # for information\n")
	for _, e := range f.entries() {
		if *e.value != "" {
			fmt.Fprintf(b, "  %s: %s\n", e.name, scalar(model.Value{Text: *e.value}))
		}
	}
}

// foundEntry is a key under found: with the field that has its value.
type foundEntry struct {
	name  string
	value *string
}

// entries is the keys under found:, in their order.
func (f *Found) entries() []foundEntry {
	return []foundEntry{
		{"key", &f.Key},
		{"class", &f.Class},
		{"scope", &f.Scope},
		{"session", &f.Session},
		{"command", &f.Command},
		{"object", &f.Object},
		{"path", &f.Path},
		{"column", &f.Column},
		{"rule", &f.Rule},
		{"state", &f.State},
		{"fix", &f.Fix},
	}
}

// formatRecord writes a row as a mapping, or as a list where its columns have no names.
func formatRecord(b *strings.Builder, r *Record) {
	named := len(r.Fields) == 0 || r.Fields[0].Column != ""
	open, end := "[", "]"
	if named {
		open, end = "{", "}"
	}
	b.WriteString(open)
	for i, f := range r.Fields {
		if i > 0 {
			b.WriteString(", ")
		}
		if named {
			b.WriteString(scalar(model.Value{Text: f.Column}) + ": ")
		}
		b.WriteString(scalar(f.Value))
	}
	b.WriteString(end)
}

func (st *Step) format(b *strings.Builder) {
	fmt.Fprintf(b, "  - session: %s\n", scalar(model.Value{Text: st.Session}))
	if !st.Tenant.Null {
		fmt.Fprintf(b, "    tenant: %s\n", scalar(st.Tenant))
	}
	if !st.User.Null {
		fmt.Fprintf(b, "    user: %s\n", scalar(st.User))
	}
	if st.Fresh {
		b.WriteString("    fresh: true\n")
	}
	if st.Cut > 0 {
		fmt.Fprintf(b, "    cut: %d\n", st.Cut)
	}
	if st.From > 0 {
		fmt.Fprintf(b, "    from: %d\n", st.From)
	}
	if st.Undone {
		b.WriteString("    undone: true\n")
	}
	if st.Prepared {
		b.WriteString("    prepared: true\n")
	}
	if st.Call != "" {
		b.WriteString("    call: " + scalar(model.Value{Text: st.Call}) + "\n")
	} else {
		b.WriteString("    sql: " + block(st.SQL, "      ") + "\n")
	}
	if len(st.Args) > 0 {
		args := make([]string, len(st.Args))
		for i, a := range st.Args {
			args[i] = scalar(a)
		}
		fmt.Fprintf(b, "    args: [%s]%s\n", strings.Join(args, ", "), anyComment(st.Any))
	}
	if o := st.Observer; o != nil {
		fmt.Fprintf(b, "    observer:\n      session: %s\n", scalar(model.Value{Text: o.Session}))
		if !o.Tenant.Null {
			fmt.Fprintf(b, "      tenant: %s\n", scalar(o.Tenant))
		}
		if !o.User.Null {
			fmt.Fprintf(b, "      user: %s\n", scalar(o.User))
		}
	}
	if st.Expect != nil {
		st.Expect.format(b)
	}
}

func (e *Expect) format(b *strings.Builder) {
	b.WriteString("    expect:\n")
	if e.SQLState != "" {
		fmt.Fprintf(b, "      sqlstate: '%s'\n", e.SQLState)
	}
	if e.Count != nil {
		fmt.Fprintf(b, "      count: %d\n", *e.Count)
	}
	if e.HasRows && len(e.Rows) == 0 {
		b.WriteString("      rows: []\n")
	} else if e.HasRows {
		b.WriteString("      rows:\n")
		for i := range e.Rows {
			b.WriteString("        - ")
			formatRecord(b, &e.Rows[i])
			b.WriteByte('\n')
		}
	}
}

var (
	integer = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,17})$`)
	word    = regexp.MustCompile(`^(?:(?:\.\./)+|\./)?[A-Za-z_][A-Za-z0-9_./@-]*( [A-Za-z0-9_./@-]+)*$`)
	// special is what some reader of YAML takes for something else than text.
	special = regexp.MustCompile(`(?i)^(null|true|false|yes|no|on|off|y|n)$`)
)

// scalar writes a value so that every reader of YAML takes it for the same text.
func scalar(v model.Value) string {
	switch {
	case v.Null:
		return "null"
	case integer.MatchString(v.Text), word.MatchString(v.Text) && !special.MatchString(v.Text):
		return v.Text
	case printable(v.Text):
		return "'" + strings.ReplaceAll(v.Text, "'", "''") + "'"
	}
	return doubleQuoted(v.Text)
}

func printable(s string) bool {
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return utf8.ValidString(s)
}

// doubleQuoted writes text in double quotes, with escapes that every version of YAML knows.
func doubleQuoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// block writes a text of several lines, such as a statement, as a YAML block where that keeps
// every character, else in double quotes.
func block(s, indent string) string {
	lines := strings.Split(s, "\n")
	for _, l := range lines {
		if !printable(l) || strings.TrimSpace(l) != l {
			return doubleQuoted(s)
		}
	}
	if s == "" || lines[0] == "" || lines[len(lines)-1] == "" {
		return doubleQuoted(s)
	}
	if len(lines) == 1 && word.MatchString(s) && !special.MatchString(s) {
		return s
	}
	return "|-\n" + indent + strings.Join(lines, "\n"+indent)
}
