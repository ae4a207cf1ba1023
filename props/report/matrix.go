package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/judge"
)

// The sizes of a matrix: one with more rows, or more columns than fit a line, is left to --json.
const (
	matrixRows    = 40
	matrixColumns = 9 // characters of a session's column
)

// matrix prints a line for each table and path, with a column for each session: the first letter
// of each command for which something was at stake, a dot for one that was not tested, a dash for
// a path to which no row makes a difference, and ! after one with a finding. What a session
// writes itself to learn what it is not shown has a line only where that is a finding.
func (p *printer) matrix(r *props.Report) {
	sessions := len(r.Sessions)
	label := width - sessions*(matrixColumns+1)
	found := cellsOf(r)
	paths := slices.DeleteFunc(slices.Clone(r.Paths), func(path *model.Path) bool {
		return path.Asked() && !slices.ContainsFunc(r.Sessions, func(s *model.Session) bool { return found[cellName{s.Name, path.Name, model.Call.String()}] })
	})
	if len(r.Tables)+len(paths) == 0 { // nothing else was asked for
		paths = r.Paths
	}
	if sessions == 0 || len(r.Tables)+len(paths) > matrixRows || label < 16 {
		return
	}
	label = min(label, longest(r.Tables, paths))
	head := strings.Repeat(" ", label)
	for _, s := range r.Sessions {
		head += " " + clip(s.Name, matrixColumns)
	}
	p.line("%s", strings.TrimRight(head, " "))
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
	p.calls(r, paths, label, found)
	p.line("letters: tested (select, insert, update, delete, call); dot: not; !: a finding")
}

// longest is the length of the longest name of a table or path.
func longest(tables []*model.Table, paths []*model.Path) int {
	n := 0
	for _, t := range tables {
		n = max(n, len([]rune(t.Label())))
	}
	for _, p := range paths {
		n = max(n, len([]rune(p.Name)))
	}
	return n
}

// calls prints the lines of paths. There may be two paths of one name, the contract's for some
// sessions and the catalog's for the others: they are one line.
func (p *printer) calls(r *props.Report, paths []*model.Path, label int, found map[cellName]bool) {
	said := map[string]bool{}
	for _, path := range paths {
		if said[path.Name] {
			continue
		}
		said[path.Name] = true
		line := clip(path.Name, label)
		for _, s := range r.Sessions {
			cell := ""
			if path := used(paths, path.Name, s); path != nil {
				cell = "C"
				switch {
				case r.Rowless[judge.PathCell(s.ID, path)]:
					cell = "-"
				case path.Untried != "", slices.ContainsFunc(r.Untested, func(u props.Untested) bool { return u.Session == s.Name && u.Object == path.Name }):
					cell = "."
				}
			}
			if found[cellName{s.Name, path.Name, model.Call.String()}] {
				cell += "!"
			}
			line += " " + clip(cell, matrixColumns)
		}
		p.line("%s", strings.TrimRight(line, " "))
	}
}

// used is the path of a name that a session uses; nil where it has none.
func used(paths []*model.Path, name string, s *model.Session) *model.Path {
	for _, path := range paths {
		if path.Name == name && path.User(s) != nil {
			return path
		}
	}
	return nil
}

// cellName names a cell of a session and a table or path.
type cellName struct{ session, table, command string }

// cellsOf is the cells that have findings.
func cellsOf(r *props.Report) map[cellName]bool {
	out := map[cellName]bool{}
	for _, b := range r.Blocks {
		out[cellName{b.Finding.Session, b.Finding.Object(), b.Finding.Action()}] = true
		for _, like := range b.Like {
			if cell, ok := likeCell(like); ok {
				out[cell] = true
			}
		}
	}
	return out
}

// likeCell reads the cell of a block's Like: SESSION: COMMAND OBJECT (CLASS).
func likeCell(like string) (c cellName, ok bool) {
	session, rest, _ := strings.Cut(like, ": ")
	command, rest, _ := strings.Cut(rest, " ")
	at := strings.LastIndex(rest, " (")
	if at <= 0 {
		return c, false
	}
	return cellName{session, rest[:at], command}, true
}

// cells lists the cells in which a document's entry shows: the case's own first.
func (e *Entry) cells() []cellName {
	out := []cellName{{e.Session, e.Object(), e.Command}}
	for _, like := range e.Like {
		if cell, ok := likeCell(like); ok {
			out = append(out, cell)
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
