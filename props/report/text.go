package report

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
)

// width is the columns of a terminal.
const width = 80

// Text writes a report for a person. The last line says how many cells were tested
// and how many were not.
func Text(w io.Writer, r *props.Report) error {
	p := &printer{w: w}
	Blocks(w, r)
	p.leads(r)
	for _, b := range r.Accepted {
		f := b.Finding
		p.line("accepted: %s: %s %s (%s): %s", f.Session, f.Divergence.Cell.Action(), f.Divergence.Cell.Object(r.Contract.Schema), f.Class, b.Accepted)
	}
	for _, b := range r.Apart {
		f := b.Finding
		p.line("existence: %s: %s %s: Postgres tells of a key that is taken, or missing; --strict makes it a finding", f.Session, f.Divergence.Cell.Action(), f.Divergence.Cell.Object(r.Contract.Schema))
	}
	p.untested(r)
	for _, n := range r.Notes {
		p.line("note: %s", n)
	}
	p.matrix(r)
	p.summary(r)
	p.line("%s", Verdict(r))
	return p.err
}

// Blocks writes the findings, and those whole that could not be saved.
func Blocks(w io.Writer, r *props.Report) {
	p := &printer{w: w}
	for i, b := range r.Blocks {
		p.block(i+1, b)
	}
}

// printer remembers the first error of a writer.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *printer) block(n int, b *props.Block) {
	p.line("%d. %s", n, strings.TrimRight(finding.Block(b.Finding), "\n"))
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
	p.line("  NOT SAVED: %v", err)
	p.line("  Keep the lines below as FILE; rlsfuzz replay FILE runs them again.")
	p.line("%s", strings.TrimRight(string(b.Case), "\n"))
}

func (p *printer) leads(r *props.Report) {
	for _, l := range r.Leads {
		p.line("unconfirmed  %s: %s", l.Cell, l.Reason)
	}
}

// most is how many untested cells of one reason are named.
const most = 8

// untested groups what was not tested by its reason.
func (p *printer) untested(r *props.Report) {
	byReason := map[string][]string{}
	var reasons []string
	for i := range r.Untested {
		u := &r.Untested[i]
		reason := u.Reason
		if u.Accepted != "" {
			reason = "accepted: " + u.Accepted
		}
		if byReason[reason] == nil {
			reasons = append(reasons, reason)
		}
		byReason[reason] = append(byReason[reason], u.String())
	}
	for _, reason := range reasons {
		list := byReason[reason]
		if n := len(list) - most; n > 0 {
			list = append(list[:most:most], fmt.Sprintf("and %d more, which --json lists", n))
		}
		p.line("untested: %s", reason)
		p.wrapped(list, "  ")
	}
}

// wrapped prints a list in lines of the terminal's width.
func (p *printer) wrapped(list []string, indent string) {
	line := indent
	for i, item := range list {
		if i < len(list)-1 {
			item += "; "
		}
		if len(line) > len(indent) && len(line)+len(item) > width {
			p.line("%s", strings.TrimRight(line, " "))
			line = indent
		}
		line += item
	}
	p.line("%s", line)
}

func (p *printer) summary(r *props.Report) {
	allowed, forbidden := stakes(r)
	p.line("%s; seed %d", r.Server, r.Seed)
	p.line("%s, %s in %s; %d repeated with real logins", counted(r.Checks, "check"), counted(r.Steps, "statement"), r.Elapsed.Round(10*time.Millisecond), r.Sampled)
	p.line("at stake: something allowed %d times, something forbidden %d times", allowed, forbidden)
}

// Verdict is the last line of a report.
func Verdict(r *props.Report) string {
	verdict := "nothing found"
	if n := r.Findings(); n > 0 {
		verdict = counted(n, "finding") + ", " + counted(len(r.Blocks), "cause")
	}
	if r.Ended {
		verdict = "interrupted: " + verdict
	}
	all, untested := r.Cells()
	return fmt.Sprintf("%s; %d cells tested, %d untested", verdict, all-untested, untested)
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

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
