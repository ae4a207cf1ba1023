package inventory

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rlsfuzz/rlsfuzz/model/noun"
	"github.com/rlsfuzz/rlsfuzz/props/excerpt"
)

// width is the columns of a terminal.
const width = 80

// most is how many statements, and objects that nobody reaches, are named.
const most = 20

// Text writes the inventory for a person, grouped by what the ways are. The last line
// counts.
func (v *Inventory) Text(w io.Writer) error {
	p := &printer{w: w, checked: v.Last != nil}
	if v.Last == nil {
		p.line("%s: no check has run", v.Contract)
	} else {
		p.line("%s: last check with seed %d, %s", v.Contract, v.Last.Seed, noun.Count(v.Last.Checks, "check"))
	}
	for _, g := range []struct {
		title string
		kinds []string
	}{
		{"TABLES", []string{Table.String(), ForeignTable.String()}},
		{"VIEWS", []string{View.String(), Materialized.String()}},
		{"FUNCTIONS", routineKinds},
		{"PATHS OF THE CONTRACT", nil},
		{"ROLES", []string{roleKind}},
		{"STATEMENTS OF THE APPLICATION THAT NOTHING COVERS", []string{statementKind}},
	} {
		p.group(g.title, v.of(g.kinds))
	}
	if len(v.Unreached) > 0 {
		p.line("")
		p.field("No session may use", "", shortened(v.Unreached))
	}
	for _, n := range v.Notes {
		p.field("note:", "", n)
	}
	p.line("")
	p.line("%s", v.summary())
	return p.err
}

// of lists the ways of some kinds; without kinds the paths of the contract.
func (v *Inventory) of(kinds []string) []*Way {
	var out []*Way
	for i := range v.Ways {
		w := &v.Ways[i]
		if kinds == nil && strings.HasPrefix(w.ID, "path ") {
			out = append(out, w)
		}
		for _, k := range kinds {
			if w.Kind == k && !strings.HasPrefix(w.ID, "path ") {
				out = append(out, w)
			}
		}
	}
	return out
}

// summary is the last line: how many ways there are, and of how many a person should know.
func (v *Inventory) summary() string {
	past, fresh, open := 0, 0, 0
	for i := range v.Ways {
		w := &v.Ways[i]
		if len(w.Bypass) > 0 {
			past++
		}
		if w.Mark != Same {
			fresh++
		}
		if w.Gap != "" || w.Tested < w.Cells {
			open++
		}
	}
	return fmt.Sprintf("%s; %d past row security, %d new or changed, %d not wholly covered", noun.Count(len(v.Ways), "way"), past, fresh, open)
}

// printer remembers the first error of a writer.
type printer struct {
	w       io.Writer
	checked bool // there was a check
	err     error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// group prints the ways of one kind under a title. Those of which there is nothing to say are named
// in a line at the end.
func (p *printer) group(title string, ways []*Way) {
	if len(ways) == 0 {
		return
	}
	p.line("")
	p.line("%s", title)
	var pure, idle []string
	left := most
	for _, w := range ways {
		switch {
		case slices.Contains(routineKinds, w.Kind) && len(w.Touches) == 0 && w.Uncertain == "" && w.Mark == Same:
			pure = append(pure, w.Name)
		case w.Kind == roleKind && len(w.Touches) == 0 && w.Mark == Same && !slices.ContainsFunc(w.Users, func(u User) bool { return u.Session != "" }):
			idle = append(idle, w.Name)
		case w.Kind == statementKind:
			if left--; left >= 0 {
				p.way(w)
			}
		default:
			p.way(w)
		}
	}
	if left < 0 {
		p.field("", "  ", fmt.Sprintf("and %d more, which --json lists", -left))
	}
	if len(pure) > 0 {
		p.field("touch no table:", "  ", shortened(pure))
	}
	if len(idle) > 0 {
		p.field("may use nothing:", "  ", shortened(idle))
	}
}

// way prints one way: its name, and below it what is known of it.
func (p *printer) way(w *Way) {
	name := w.Name
	switch w.Kind {
	case statementKind:
		name = "by " + w.Name + ", " + noun.Count(w.Calls, "call")
		if w.Name == "" {
			name = "by an unknown role, " + noun.Count(w.Calls, "call")
		}
	case Table.String(), Function.String(), View.String(), roleKind:
	default:
		name += " (" + w.Kind + ")"
	}
	if w.Mark != Same {
		name += "  [" + w.Mark.String() + " since the last check]"
	}
	p.field("", "  ", name)
	if w.Kind == statementKind {
		p.part("text", clipped(w.Text))
	} else {
		p.part("is", clipped(w.Text))
	}
	if w.Kind != Table.String() && w.Kind != roleKind && w.Kind != statementKind {
		p.part("started by", map[Start]string{
			BySession: "a session", ByJob: "a job", ByWebhook: "a webhook", ByCatalog: "any session that may: the contract does not name it",
		}[w.Start])
	}
	p.users(w)
	for _, why := range w.Bypass {
		p.part("PAST RLS", why)
	}
	if w.Kind != roleKind || w.Reach != Nothing {
		p.part("reaches", w.Reach.String())
	}
	if w.Kind == roleKind {
		p.part("uses", shortened(w.Touches))
	} else {
		p.part("touches", strings.Join(w.Touches, ", "))
	}
	p.part("unsure", w.Uncertain)
	p.part("policies", strings.Join(policyNames(w), ", "))
	p.part("covered", covered(w, p.checked))
}

// policyNames leaves out the name of the table itself.
func policyNames(w *Way) []string {
	var out []string
	for _, name := range w.Policies {
		if w.Kind == Table.String() {
			name = strings.TrimPrefix(name, w.Name+": ")
		}
		out = append(out, name)
	}
	return out
}

// covered says how far the last check tested a way; checked is whether there was one.
func covered(w *Way, checked bool) string {
	switch {
	case w.Gap != "":
		return "NO: " + w.Gap
	case w.Cells == 0:
		return ""
	case !checked:
		return "not yet"
	case w.Mark != Same:
		return "NO: " + w.Mark.String() + " since the last check"
	case w.Tested == 0:
		return "NO"
	case w.Tested < w.Cells:
		return fmt.Sprintf("%d of %d cells", w.Tested, w.Cells)
	}
	return "yes"
}

// users prints the sessions that have the same rule together.
func (p *printer) users(w *Way) {
	type kind struct{ runs, rule string }
	names := map[kind][]string{}
	var order []kind
	for i := range w.Users {
		u := &w.Users[i]
		if u.Session == "" {
			continue
		}
		name, k := u.Session, kind{rule: u.Rule}
		if w.Kind != roleKind {
			name += " (" + u.Role + ")"
			if runs := strings.Join(u.RunsAs, ", "); runs != u.Role {
				k.runs = runs
			}
		}
		if names[k] == nil {
			order = append(order, k)
		}
		names[k] = append(names[k], name)
	}
	label := "sessions"
	for _, k := range order {
		text := strings.Join(names[k], ", ")
		if k.runs != "" {
			text += " running as " + k.runs
		}
		if k.rule != "" {
			text += ": " + k.rule
		}
		p.part(label, text)
		label = ""
	}
}

// part prints a named part of a way; nothing when there is none.
func (p *printer) part(name, text string) {
	if text != "" {
		p.field(fmt.Sprintf("%-10s", name), "    ", text)
	}
}

// field prints a name and beside it a text in lines of the terminal's width. Text comes from
// catalogs and logs: what a terminal would obey is replaced.
func (p *printer) field(name, indent, text string) {
	lead, under := indent, indent+"  "
	if name != "" { // else it is a title
		lead += name + " "
		if n := utf8.RuneCountInString(lead); n <= width/3 {
			under = strings.Repeat(" ", n)
		}
	}
	for _, line := range excerpt.Hang(lead, under, text, width) {
		p.line("%s", line)
	}
}

// shortened names some of a list.
func shortened(list []string) string {
	if n := len(list) - most; n > 0 {
		list = append(list[:most:most], fmt.Sprintf("and %d more, which --json lists", n))
	}
	return strings.Join(list, ", ")
}

// clipped is the first 300 characters of a text.
func clipped(text string) string {
	if r := []rune(text); len(r) > 300 {
		return string(r[:300]) + "…"
	}
	return text
}
