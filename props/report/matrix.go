package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props"
)

// A matrix that does not fit a screen is left to --json.
const (
	matrixTables  = 40
	matrixColumns = 9 // characters of a session's column
)

// matrix prints a line for each table: of each session, the commands of which something
// was at stake by their first letters, a dot for one that was not tested, and a mark
// where there is a finding.
func (p *printer) matrix(r *props.Report) {
	sessions := len(r.Sessions)
	label := width - sessions*(matrixColumns+1)
	if sessions == 0 || len(r.Tables) > matrixTables || label < 16 {
		return
	}
	head := strings.Repeat(" ", label)
	for _, s := range r.Sessions {
		head += " " + clip(s.Name, matrixColumns)
	}
	p.line("%s", strings.TrimRight(head, " "))
	found := cellsOf(r)
	for _, t := range r.Tables {
		line := clip(t.Label(), label)
		for _, s := range r.Sessions {
			cell := ""
			for _, c := range model.Commands {
				letter := strings.ToUpper(c.String()[:1])
				if st := r.Matrix.Cell(s.ID, t.ID, c); st.Allowed+st.Forbidden == 0 {
					letter = "."
				}
				if found[cellName{s.Name, t.Label(), c.String()}] {
					letter += "!"
				}
				cell += letter
			}
			line += " " + clip(cell, matrixColumns)
		}
		p.line("%s", strings.TrimRight(line, " "))
	}
	p.line("S I U D: select, insert, update, delete were tested; a dot: not; !: a finding")
}

// cellName names a cell of a session and a table.
type cellName struct{ session, table, command string }

// cellsOf is the cells that have findings.
func cellsOf(r *props.Report) map[cellName]bool {
	out := map[cellName]bool{}
	for _, b := range r.Blocks {
		f := b.Finding
		out[cellName{f.Session, f.Table, f.Divergence.Cell.Command.String()}] = true
		for _, like := range b.Like { // session: command table (class)
			session, rest, _ := strings.Cut(like, ": ")
			command, rest, _ := strings.Cut(rest, " ")
			if at := strings.LastIndex(rest, " ("); at > 0 && slices.ContainsFunc(model.Commands, func(c model.Command) bool { return c.String() == command }) {
				out[cellName{session, rest[:at], command}] = true
			}
		}
	}
	return out
}

// clip makes text exactly n characters long.
func clip(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return fmt.Sprintf("%-*s", n, text)
}
