package report

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/noun"
	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
)

// width is the columns of a terminal.
const width = 80

// Text writes a report for a person, in lines of at most 80 columns but for what is to be
// pasted. The last line is the verdict.
func Text(w io.Writer, r *props.Report, s Style) error {
	p := &printer{w: w, style: s}
	p.blocks(r)
	p.leads(r)
	for _, b := range r.Accepted {
		f := b.Finding
		p.wrap("accepted: ", "%s: %s %s (%s): %s", f.Session, f.Action(), f.Object(), f.Class, b.Accepted)
	}
	p.apart(r)
	p.untested(r)
	for _, n := range r.Notes {
		p.wrap("note: ", "%s", n)
	}
	p.matrix(r)
	p.summary(r)
	p.asked(r)
	if r.BrokeOff != "" {
		p.wrap("broke off: ", "%s", r.BrokeOff)
	}
	mood := good
	switch {
	case r.Findings() > 0, r.BrokeOff != "":
		mood = bad
	case r.Ended:
		mood = label
	}
	p.line("%s", p.style.paint(mood, Verdict(r)))
	return p.err
}

// Blocks writes the findings one after the other, and after one that could not be saved its
// whole case.
func Blocks(w io.Writer, r *props.Report, s Style) {
	(&printer{w: w, style: s}).blocks(r)
}

// printer remembers the first error of a writer.
type printer struct {
	w     io.Writer
	err   error
	style Style
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// wrap prints a paragraph that begins with a painted word. Blanks before that word indent all of
// it; the lines after the first stand two columns further in.
func (p *printer) wrap(first, format string, args ...any) {
	name := strings.TrimSpace(first)
	indent := first[:len(first)-len(strings.TrimLeft(first, " "))]
	for i, line := range finding.Wrap(name+" "+fmt.Sprintf(format, args...), width-len(indent)-2, 0) {
		if i == 0 {
			p.line("%s%s%s", indent, p.style.paint(label, name), strings.TrimPrefix(line, name))
			continue
		}
		p.line("%s  %s", indent, line)
	}
}

func (p *printer) blocks(r *props.Report) {
	for i, b := range r.Blocks {
		p.block(i+1, b)
	}
}

// block prints the finding with the number n.
func (p *printer) block(n int, b *props.Block) {
	for i, line := range strings.Split(strings.TrimRight(finding.Block(b.Finding), "\n"), "\n") {
		if i == 0 {
			title, rest, _ := strings.Cut(line, ",")
			p.line("%d. %s,%s", n, p.style.paint(bad, title), rest)
			continue
		}
		p.line("%s", p.style.entry(line))
	}
	if b.Known {
		p.line("  known    an earlier run saved it")
	}
	if b.Raw {
		p.line("  raw      as it was found: the search ended before it was reduced and confirmed")
	}
	if b.Unsaved != nil {
		p.unsaved(b)
	}
	p.line("")
}

// unsaved prints a case that is nowhere else.
func (p *printer) unsaved(b *props.Block) {
	err := b.Unsaved
	var save *finding.SaveError
	if errors.As(err, &save) {
		err = save.Err
	}
	p.wrap("  NOT SAVED: ", "%v", err)
	p.line("  Keep the lines below as FILE; rlsfuzz replay FILE runs them again.")
	p.line("%s", strings.TrimRight(string(b.Case), "\n"))
}

// leads prints what real logins did not show.
func (p *printer) leads(r *props.Report) {
	for _, l := range r.Leads {
		p.wrap("unconfirmed: ", "%s: %s", l.Cell, l.Reason)
	}
}

// most is how many untested cells are named for one reason.
const most = 8

// untested prints what was not tested, reason by reason.
func (p *printer) untested(r *props.Report) {
	for _, g := range byReason(untestedOf(r)) {
		if n := len(g.Cells) - most; n > 0 {
			g.Cells = append(g.Cells[:most:most], fmt.Sprintf("and %d more, which --json lists", n))
		}
		p.wrap("untested: ", "%s", g.Reason)
		p.wrapped(g.Cells, "  ")
	}
}

// wrapped prints a list, with semicolons between, in indented lines of the terminal's width.
func (p *printer) wrapped(list []string, indent string) {
	line := ""
	room := width - len(indent)
	flush := func() {
		for _, part := range finding.Wrap(line, room, 0) { // one of a long name takes several
			p.line("%s%s", indent, part)
		}
		line = ""
	}
	for i, item := range list {
		if i < len(list)-1 {
			item += "; "
		}
		if line != "" && len([]rune(line+strings.TrimRight(item, " "))) > room {
			flush()
		}
		line += item
	}
	flush()
}

// summary prints the numbers of the run.
func (p *printer) summary(r *props.Report) {
	allowed, forbidden := stakes(r)
	p.wrap("", "%s; seed %d", r.Server, r.Seed)
	p.line("%s, %s in %s; %d repeated with real logins", noun.Count(r.Checks, "check"), noun.Count(r.Steps, "statement"), r.Elapsed.Round(10*time.Millisecond), r.Sampled)
	p.line("at stake: something allowed %d times, something forbidden %d times", allowed, forbidden)
}

// asked says of how many findings the contract asks whether they are meant.
func (p *printer) asked(r *props.Report) {
	n := 0
	for _, b := range r.Blocks {
		n += min(1, len(b.Finding.Asked))
	}
	if n > 0 {
		p.wrap("asked: ", "%d of %s may be meant: the contract has an open question about each (asked); answer it first", n, noun.Count(len(r.Blocks), "cause"))
	}
}

// Verdict is the outcome of a run in one line: what was found, and how many cells were tested.
func Verdict(r *props.Report) string {
	verdict := "nothing found"
	if n := r.Findings(); n > 0 {
		verdict = noun.Count(n, "finding") + ", " + noun.Count(len(r.Blocks), "cause")
	}
	switch {
	case r.BrokeOff != "":
		verdict = "broke off: " + verdict
	case r.Ended:
		verdict = "interrupted: " + verdict
	}
	all, untested := r.Cells()
	return fmt.Sprintf("%s; %d cells tested, %d untested", verdict, all-untested, untested)
}

// stakes is how often something allowed was at stake in all cells, and something forbidden.
func stakes(r *props.Report) (allowed, forbidden int) {
	r.EachCell(func(s *model.Session, t *model.Table, c model.Command) {
		st := r.Matrix.Cell(s.ID, t.ID, c)
		allowed += st.Allowed
		forbidden += st.Forbidden
	})
	r.EachPath(func(s *model.Session, p *model.Path) {
		st := r.Matrix.Path(s.ID, p.ID)
		allowed += st.Allowed
		forbidden += st.Forbidden
	})
	return allowed, forbidden
}
