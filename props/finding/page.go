package finding

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/noun"
)

// Page writes the page of a finding, in Markdown: who saw or changed what of whom,
// through which path, why that is wrong, and how to run it again. One of a few rows and
// steps fits a screen of 40 lines and 80 columns, but for a long fix.
func Page(w io.Writer, f *Finding, m Material) error {
	p := &page{teller: newTeller(f, m.Contract)}
	p.head()
	p.table()
	p.mends()
	if p.d.Worlds != nil {
		p.difference()
	}
	p.escalation()
	p.rows()
	p.steps()
	p.again()
	p.found(m)
	_, err := io.WriteString(w, p.b.String())
	return err
}

// page is a page under construction.
type page struct {
	*teller
	b strings.Builder
}

func (p *page) line(format string, args ...any) { fmt.Fprintf(&p.b, format+"\n", args...) }

// head is the title and the sentence that tells the finding.
func (p *page) head() {
	p.line("# %s, %s: %s (%s)\n", p.f.Class, p.f.Scope(), escaped(p.f.Session+": "+p.f.Action()+" "+p.f.Object()), p.f.Key)
	p.line("**%s.**", escaped(p.sentence()))
}

// escalation is what the session could read after the forbidden write, as experiments showed.
func (p *page) escalation() {
	if len(p.f.Escalation) == 0 {
		return
	}
	p.line("\n## Escalation")
	p.line("Bound anew after it, the session could read, of rows that the write left alone:\n")
	for _, r := range p.f.Escalation {
		whose := "its own tenant's"
		if r.Foreign {
			whose = "another tenant's"
		}
		p.line("* %s: %s, %s", escaped(r.Table), noun.Count(r.Rows, "row"), whose)
	}
}

// table is what the contract allows beside what Postgres did.
func (p *page) table() {
	begun := false
	entry := func(name, text string, width int) {
		if text != "" {
			row := fmt.Sprintf("| %s | %s |", name, cut(strings.ReplaceAll(text, "|", `\|`), width))
			if !begun { // the first row is the head: a screen has few lines
				row = "\n" + row + "\n|---|---|"
			}
			begun = true
			p.line("%s", row)
		}
	}
	st := &p.f.Scenario.Steps[p.d.Step]
	entry("The contract allows", escaped(p.allows()), entryWidth)
	entry("Postgres did", escaped(fmt.Sprintf("%s, in step %d", p.d.Did, p.d.Step+1)), entryWidth)
	entry("Changed", escaped(p.changes()), entryWidth)
	if p.f.Path != "" {
		entry("Path", escaped(p.path()), entryWidth)
	}
	if st.Op.Path != nil { // what the caller had to know; a statement shows its own
		for _, text := range p.origins(st) {
			entry("Argument", escaped(text), entryWidth)
		}
	}
	entry("Cause", escaped(p.f.caused()), 2*entryWidth) // with its place
	entry("The contract asks", escaped(strings.Join(p.f.Asked, "; ")), 2*entryWidth)
	entry(p.fix())
	entry(fmt.Sprintf("Like it, %d more", len(p.f.Like)), escaped(strings.Join(p.f.Like, "; ")), entryWidth)
}

// changes is what became of the first row that was changed: each column with what it held before.
func (p *page) changes() string {
	if len(p.d.Became) == 0 || p.teller.table == nil || p.d.Rows[0] == nil || p.d.Became[0] == nil {
		return ""
	}
	var out []string
	for i := range p.d.Rows[0] {
		if old, now := p.d.Rows[0][i], p.d.Became[0][i]; old != now {
			out = append(out, p.teller.table.Columns[i].Name+" from "+shown(old)+" to "+shown(now))
		}
	}
	return strings.Join(out, ", ")
}

// fix is the entry of a fix: one that was tried, or what there is to say instead. A long one stands
// below the table.
func (p *page) fix() (name, text string, width int) {
	if len(p.f.Fix.SQL) > 0 && p.f.Fix.Checks > 0 {
		name = fmt.Sprintf("Fix, tried in %s", noun.Count(p.f.Fix.Checks, "check"))
	} else {
		name = "Fix"
	}
	if p.longFix() {
		return name, "below", entryWidth
	}
	return name, escaped(p.f.Fixed()), entryWidth
}

// longFix reports whether the statements of a fix do not fit the entry of a table.
func (p *page) longFix() bool {
	text := escaped(p.f.Fixed())
	return len(p.f.Fix.SQL) > 0 && (len([]rune(text)) > entryWidth || strings.Contains(p.f.Fixed(), "\n"))
}

// mends is the statements of a long fix, as they are: to be pasted.
func (p *page) mends() {
	if !p.longFix() {
		return
	}
	p.line("\n## Fix\n")
	for _, statement := range p.f.Fix.SQL {
		for _, line := range strings.Split(statement+";", "\n") {
			p.line("    %s", visible(line))
		}
	}
	if p.f.Fix.Note != "" {
		p.line("\n%s.", escaped(p.f.Fix.Note))
	}
}

// visible is a line as it is, without characters that a terminal would obey.
func visible(line string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, line)
}

// path is the path that the session used, and whether the contract names it.
func (p *page) path() string {
	kind := p.d.Cell.Path.Kind
	if p.d.Cell.Path.Channel != nil {
		return p.f.Path + ": whoever may connect to the database may listen"
	}
	if p.d.Cell.Path.View == nil && p.d.Cell.Path.Routine == nil {
		return fmt.Sprintf("%s (%s)", p.f.Path, kind)
	}
	return p.f.Path + ", which the contract does not name: " + p.f.Session + " may use it by its grants"
}

// difference shows how the output changes with hidden rows: what a path returned only before
// these were changed, and only after.
func (p *page) difference() {
	w := p.d.Worlds
	p.line("\n## The difference")
	st, what, whose, gives := &p.f.Scenario.Steps[p.d.Step], "The same call", "the session", "gives"
	switch {
	case st.Observed():
		whose, gives = escaped(p.looker(st)), "makes"
	case p.d.Left, p.f.Scenario.Listens():
		what = "The same steps"
	}
	p.line("%s, again after %s %s: all that %s may see is as before, and yet it %s", what, escaped(p.hidden()), p.wasDone(), whose, gives)
	p.line("")
	before, after := p.gave(w.First), p.gave(w.Second)
	lines := slices.Concat(before, after)
	for i := range lines {
		lines[i] = oneLine(lines[i])
	}
	const width = codeWidth - 13
	lines = apart(lines, 2*width)
	show := func(title string, lines []string) {
		for i, l := range lines {
			if i == shownLines {
				l = fmt.Sprintf("… and %d more", len(lines)-i)
			}
			for _, part := range Wrap(l, width, 2) {
				p.line("    %-12s %s", title, part)
				title = ""
			}
			if i == shownLines {
				return
			}
		}
	}
	show("only before", lines[:len(before)])
	show("only after", lines[len(before):])
	if p.d.Left {
		p.line("\nMade alone, on a fresh connection, the last call depends on no such row: it finds what a step before it left.")
	}
}

// acting is the roles of a session: , login helpdesk_app, role helpdesk_member.
func (p *page) acting(st *model.Step) string {
	id, ok := p.c.BindStep(st, p.state)
	if !ok {
		return ""
	}
	text := ", login " + id.Login
	if id.Role != "" {
		text += ", role " + id.Role
	}
	return text
}

// The sizes of the page. What does not fit is cut off, but for statements: case.yaml has all of it.
const (
	codeWidth  = 76  // characters of a line of code
	rowLines   = 2   // lines of a row
	entryWidth = 130 // characters of an entry of the table
	shownLines = 3   // lines of output of each world
)

// rows lists the rows that the case begins with.
func (p *page) rows() {
	if len(p.f.Free) > 0 { // with others in place of all of these at once, it shows
		p.line("\n## Rows (° may be anything, all at once)")
	} else {
		p.line("\n## Rows")
	}
	data := p.data()
	for _, t := range data {
		for n, row := range t.Rows {
			free := p.f.free(t.Name, n)
			var values, others []string // what may be anything comes last
			for i, v := range row {
				switch {
				case v == nil:
				case slices.Contains(free, t.Columns[i]):
					others = append(others, t.Columns[i]+" "+cellText(*v)+"°")
				default:
					values = append(values, t.Columns[i]+" "+cellText(*v))
				}
			}
			text := oneLine(t.Name) + ": " + oneLine(strings.Join(slices.Concat(values, others), ", "))
			p.line("    %s", strings.Join(Wrap(text, codeWidth-2, rowLines), "\n      "))
		}
	}
	if len(data) == 0 {
		p.line("None besides those of the schema's own files.")
	}
}

// filled lists the columns in which some row has a value.
func filled(t *model.Table, rows []model.Row) []int {
	var out []int
	for i := range t.Columns {
		for _, row := range rows {
			if row != nil && !row[i].Null {
				out = append(out, i)
				break
			}
		}
	}
	return out
}

// cellText is a value in one line: bare where it is a number.
func cellText(v string) string {
	if number.MatchString(v) {
		return v
	}
	return "'" + oneLine(strings.ReplaceAll(v, "'", "''")) + "'"
}

var number = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// steps shows each step with its session and its statements.
func (p *page) steps() {
	for i := range p.f.Scenario.Steps {
		st := &p.f.Scenario.Steps[i]
		note := ""
		if st.Fresh {
			note = ", on a fresh connection"
		}
		note += p.ending(i)
		if args := p.f.freeArgs(i); len(args) > 0 {
			note += " (" + strings.Join(args, ", ") + " may be anything)"
		}
		p.line("\n## Step %d: %s%s", i+1, escaped(p.actor(st)+p.acting(st)), note)
		statements := []string{Statement(&st.Op)}
		if st.Op.Path != nil {
			statements = p.calls(st)
		}
		if len(statements) == 0 { // no such tenant among the rows
			statements = []string{st.Op.Path.Name}
		}
		end := ";"
		if st.Runs() {
			end = ""
		}
		if text := p.bound(st); text != "" && !st.Runs() {
			p.line("    %s", cut("-- "+oneLine(text), codeWidth))
		}
		for _, text := range statements {
			p.code(text + end)
		}
	}
}

// bound is the settings of a step's session: app.tenant_id = '1', app.user_id = '7'.
func (p *page) bound(st *model.Step) string {
	id, ok := p.c.BindStep(st, p.state)
	if !ok {
		return ""
	}
	var out []string
	for set := range id.Settings() {
		out = append(out, set.Name+" = "+shown(model.Value{Text: id.Setting(set)}))
	}
	return strings.Join(out, ", ")
}

// code writes a statement as a block of code, all of it.
func (p *page) code(text string) {
	for _, line := range Wrap(text, codeWidth, 0) {
		p.line("    %s", line)
	}
}

// again says how to run the case again.
func (p *page) again() {
	p.line("\n## Run it again")
	p.line("    %s", strings.Join(p.f.again(), "\n    "))
	if p.f.programmed() {
		p.line("\nThe program runs in an empty folder with the connection to a scratch database, which holds the rows above, in PGHOST,")
		p.line("PGPORT, PGUSER, PGPASSWORD and PGDATABASE. SQL alone cannot show what it does: there is no repro.sql.")
		return
	}
	p.line("    createdb rlsfuzz_repro # or so, with psql alone, on a server meant for tests")
	p.line("    psql -X -v ON_ERROR_STOP=1 -d rlsfuzz_repro -f repro.sql")
}

// found says how, where, how surely and by which seed it was found.
func (p *page) found(m Material) {
	server := p.f.Server
	if v := m.version(); server == "" && v > 0 {
		server = fmt.Sprintf("PostgreSQL %d.%d", v/10000, v%10000)
	}
	var texts []string
	add := func(before, what string) {
		if what != "" {
			texts = append(texts, before+escaped(what)+".")
		}
	}
	if p.f.Scenario.Committed {
		add("", "Each step commits on a real connection of its login")
	}
	if sure := p.f.Sure(); sure != "" { // which says more than the referee
		if server != "" {
			sure += ", on " + server
		}
		add("", strings.ToUpper(sure[:1])+sure[1:])
	} else {
		add("Referee: ", p.f.Referee)
		add("Found on ", server)
	}
	add("Seed ", p.f.Seed)
	p.line("\n%s `case.yaml` may be edited.", strings.Join(texts, " "))
}

// escaped keeps Markdown from reading names and values as markup.
func escaped(s string) string {
	return strings.NewReplacer("*", `\*`, "_", `\_`, "<", "&lt;", "`", "\\`", "[", `\[`, "]", `\]`, "\n", " ").Replace(s)
}
