package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/finding"
)

// Text writes a report for a person. The last line says how many cells were tested
// and how many were not.
func Text(w io.Writer, r *props.Report) error {
	p := &printer{w: w}
	for i, b := range r.Blocks {
		p.block(i+1, b)
	}
	p.leads(r)
	p.untested(r)
	for _, n := range r.Notes {
		p.line("note: %s", n)
	}
	p.summary(r)
	return p.err
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
	if b.Unsaved != nil {
		p.line("  NOT SAVED: %v", b.Unsaved)
	}
	p.line("")
}

func few(list []string, n int) string {
	if len(list) <= n {
		return strings.Join(list, "; ")
	}
	return strings.Join(list[:n], "; ") + "; …"
}

func (p *printer) leads(r *props.Report) {
	for _, l := range r.Leads {
		p.line("unconfirmed  %s: %s", l.Cell, l.Reason)
	}
}

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
		p.line("untested  %s", reason)
		p.line("          %s", few(byReason[reason], 6))
	}
}

func (p *printer) summary(r *props.Report) {
	allowed, forbidden := stakes(r)
	p.line("%s, %d checks, %d statements, %s, seed %d", r.Server, r.Checks, r.Steps, r.Elapsed.Round(10*time.Millisecond), r.Seed)
	p.line("at stake: %d times something allowed, %d times something forbidden; %d passed checks repeated with real logins", allowed, forbidden, r.Sampled)
	verdict := "nothing found"
	if n := r.Findings(); n > 0 {
		verdict = fmt.Sprintf("%d findings with %d causes", n, len(r.Blocks))
	}
	all, untested := r.Cells()
	p.line("%s; %d cells tested, %d untested", verdict, all-untested, untested)
}

func stakes(r *props.Report) (allowed, forbidden int) {
	for _, s := range r.Contract.Sessions {
		for _, t := range r.Contract.Schema.Tables {
			for _, c := range model.Commands {
				st := r.Matrix.Cell(s.ID, t.ID, c)
				allowed += st.Allowed
				forbidden += st.Forbidden
			}
		}
	}
	return allowed, forbidden
}
