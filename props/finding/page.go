package finding

import (
	"fmt"
	"io"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// Page writes the page of a finding, in Markdown: who saw or changed what of whom,
// through which path, why that is wrong, and how to run it again.
func Page(w io.Writer, f *Finding, m Material) error {
	p := &page{teller: newTeller(f, m.Contract)}
	p.head()
	p.table()
	if f.Cause != "" {
		p.line("\n**Cause.** %s", f.Cause)
	}
	if p.d.Worlds != nil {
		p.difference()
	}
	p.escalation()
	p.rows()
	p.steps()
	p.again(m)
	if len(f.Like) > 0 {
		p.line("\n## And %d more like it\n", len(f.Like))
		for _, l := range f.Like {
			p.line("- %s", l)
		}
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

type page struct {
	*teller
	b strings.Builder
}

func (p *page) line(format string, args ...any) { fmt.Fprintf(&p.b, format+"\n", args...) }

func (p *page) head() {
	p.line("# %s, %s: %s\n", p.f.Class, p.f.Scope(), escaped(p.f.Session+" "+p.f.action()+" "+p.f.object()))
	p.line("**%s.**", escaped(p.sentence()))
}

// escalation is what the write widens, by experiment.
func (p *page) escalation() {
	if len(p.f.Escalation) == 0 {
		return
	}
	p.line("\n## Escalation\n")
	p.line("The write widens what the session is entitled to. On a dataset of two tenants the session looked before the write and")
	p.line("after it, bound anew each time; these rows, which the write left alone, became readable:\n")
	p.line("| table | rows | another tenant's |\n|---|---|---|")
	for _, r := range p.f.Escalation {
		foreign := "no"
		if r.Foreign {
			foreign = "yes"
		}
		p.line("| %s | %d | %s |", escaped(r.Table), r.Rows, foreign)
	}
	p.line("")
}

// table is what the contract allows beside what Postgres did.
func (p *page) table() {
	p.line("\n| | |\n|---|---|")
	entry := func(name, text string) {
		if text != "" {
			p.line("| %s | %s |", name, strings.ReplaceAll(text, "|", `\|`))
		}
	}
	st := &p.f.Scenario.Steps[p.d.Step]
	entry("The contract allows", escaped(p.allows()))
	entry("Postgres did", escaped(fmt.Sprintf("%s, in step %d", p.d.Did, p.d.Step+1)))
	entry("Path", escaped(p.path()))
	for _, text := range p.origins(st) {
		entry("Argument", escaped(text))
	}
	entry("Session", escaped(p.who(st)+p.acting(st)))
	entry("Server", escaped(p.f.Server))
	entry("Referee", escaped(p.f.Referee))
	entry("Seed", escaped(p.f.Seed))
	entry("Key", p.f.Key)
}

// path is what the session went through.
func (p *page) path() string {
	if p.f.Path == "" {
		return fmt.Sprintf("%s on %s", p.f.Command, p.f.Table)
	}
	kind := p.d.Cell.Path.Kind
	if p.d.Cell.Path.View == nil && p.d.Cell.Path.Routine == nil {
		return fmt.Sprintf("%s (%s)", p.f.Path, kind)
	}
	return p.f.Path + ", which the contract does not name: " + p.f.Session + " may use it by its grants"
}

// difference shows how the output follows from hidden rows.
func (p *page) difference() {
	w := p.d.Worlds
	p.line("\n## What tells\n")
	p.line("The same call runs on the rows below and again after %s %s. Nothing that the session may see is another than before, and yet its output is.\n", escaped(p.hidden()), wasDone(w.Variant))
	show := func(title string, lines []string) {
		if len(lines) == 0 {
			return
		}
		p.line("%s:\n\n```", title)
		for i, l := range lines {
			if i == 8 {
				p.line("… and %d more", len(lines)-i)
				break
			}
			p.line("%s", l)
		}
		p.line("```\n")
	}
	show("Only before", w.First)
	show("Only after", w.Second)
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

func (p *page) rows() {
	p.line("\n## Rows\n")
	some := false
	order, _ := p.c.Schema.LoadOrder()
	for _, t := range order {
		if t.ID >= len(p.f.Scenario.Data) || len(p.f.Scenario.Data[t.ID]) == 0 {
			continue
		}
		rows := p.f.Scenario.Data[t.ID]
		some = true
		columns := filled(t, rows)
		p.line("%s:\n", escaped(t.Label()))
		head, rule := "|", "|"
		for _, c := range columns {
			head += " " + escaped(t.Columns[c].Name) + " |"
			rule += "---|"
		}
		p.line("%s\n%s", head, rule)
		for _, row := range rows {
			line := "|"
			for _, c := range columns {
				line += " " + cellText(row[c]) + " |"
			}
			p.line("%s", line)
		}
		p.line("")
	}
	if !some {
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

func cellText(v model.Value) string {
	if v.Null {
		return "*NULL*"
	}
	return strings.ReplaceAll(escaped(oneLine(v.Text)), "|", `\|`)
}

func (p *page) steps() {
	p.line("## Steps\n")
	for i := range p.f.Scenario.Steps {
		st := &p.f.Scenario.Steps[i]
		note := ""
		if st.Fresh {
			note = ", on a fresh connection"
		}
		p.line("%d. %s%s:\n", i+1, escaped(p.who(st)), note)
		statements := []string{Statement(&st.Op)}
		if st.Op.Path != nil {
			statements = p.calls(st)
		}
		if len(statements) == 0 { // no such tenant among the rows
			statements = []string{st.Op.Path.Name}
		}
		if st.Runs() {
			p.line("   ```sh\n   %s\n   ```\n", strings.ReplaceAll(statements[0], "\n", "\n   "))
			continue
		}
		p.line("   ```sql\n   %s;\n   ```\n", strings.ReplaceAll(strings.Join(statements, ";\n"), "\n", "\n   "))
	}
	if p.f.Scenario.Committed {
		p.line("Each step commits on a real connection of its login.\n")
	}
}

func (p *page) again(m Material) {
	p.line("## Run it again\n")
	p.line("With rlsfuzz, which says whether it still leaks:\n\n    %s\n", strings.Join(p.f.again(), "\n    "))
	if p.f.programmed() {
		p.line("The program runs in an empty folder with the connection to a scratch database, which holds the rows above, in PGHOST,")
		p.line("PGPORT, PGUSER, PGPASSWORD and PGDATABASE. SQL alone cannot show what it does: there is no repro.sql. `case.yaml` may be edited.")
		return
	}
	p.line("With psql alone, on an empty database of a server meant for tests, as a superuser:\n")
	p.line("    createdb rlsfuzz_repro\n    psql -X -v ON_ERROR_STOP=1 -d rlsfuzz_repro -f repro.sql")
	if v := m.version(); v > 0 {
		p.line("\nFound on PostgreSQL %d.%d. `case.yaml` may be edited.", v/10000, v%10000)
	}
}

// escaped keeps Markdown from reading names and values as markup.
func escaped(s string) string {
	return strings.NewReplacer("*", `\*`, "_", `\_`, "<", "&lt;", "`", "\\`", "[", `\[`, "]", `\]`, "\n", " ").Replace(s)
}
