package report

import (
	_ "embed"
	"html/template"
	"io"
	"slices"
	"strings"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"inc":   func(i int) int { return i + 1 },
	"deref": func(s *string) string { return *s },
	"clock": clock,
	"has":   strings.Contains,
}).Parse(pageText))

// page is what the template shows.
type page struct {
	D        *Document
	Sessions []string
	Rows     []matrixRow
	Gaps     []gap
	Chart    *chart
	Mutants  *Mutants
	Facts    []Fact
}

// matrixRow is an object with its cells, by session.
type matrixRow struct {
	Object string
	Cells  [][]Cell
}

// numbered is an entry with its place in the report.
type numbered struct {
	*Entry
	Number int
}

// Numbered is an entry with its number in the page, by its index from 0.
func (e *Entry) Numbered(i int) any { return &numbered{e, i + 1} }

// Lockout reports whether an entry is about something allowed that was refused.
func (e *Entry) Lockout() bool { return e.Class == "lockout" }

// Tested reports whether something was at stake.
func (c Cell) Tested() bool { return c.Allowed+c.Forbidden > 0 }

// Mood is the style of a cell in the page: bad with a finding, wait if it was not tested, else
// none.
func (c Cell) Mood() string {
	switch {
	case c.Findings > 0:
		return "bad"
	case !c.Tested():
		return "wait"
	}
	return ""
}

// HTML writes the document as one page that needs nothing else: no network, no script.
// Every value is escaped, since values of databases are anybody's.
func (d *Document) HTML(w io.Writer, b Beside) error {
	p := page{D: d, Chart: newChart(b.Samples), Mutants: b.Mutants, Facts: d.facts()}
	rows := map[string]int{}
	for i := range d.Matrix {
		c := &d.Matrix[i]
		if !slices.Contains(p.Sessions, c.Session) {
			p.Sessions = append(p.Sessions, c.Session)
		}
		if _, ok := rows[c.Object]; !ok {
			rows[c.Object] = len(p.Rows)
			p.Rows = append(p.Rows, matrixRow{Object: c.Object})
		}
	}
	for i := range p.Rows {
		p.Rows[i].Cells = make([][]Cell, len(p.Sessions))
	}
	for _, c := range d.Matrix {
		cells := p.Rows[rows[c.Object]].Cells
		at := slices.Index(p.Sessions, c.Session)
		cells[at] = append(cells[at], c)
	}
	p.Gaps = byReason(d.Untested)
	return pageTemplate.Execute(w, p)
}
