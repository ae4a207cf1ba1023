package contract

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Questions lists the comments of the contract that ask something about a table or a path, as init
// leaves them: each with the file's name and its line. A comment is about what the next line says,
// here the table's entries, or those of the path; and about the objects that it names. Table is a
// label, and may be empty, as path may.
func (f *File) Questions(session, table, path string, objects ...string) []string {
	lines := map[int]bool{} // of entries that are about it
	for i := range f.paths {
		if path != "" && f.paths[i].name.value == path {
			lines[f.paths[i].name.place().line] = true
		}
	}
	for i := range f.tables {
		if name := f.tables[i].name; table != "" && (name.value == table || name.value == "public."+table) {
			lines[name.place().line] = true
		}
	}
	for i := range f.sessions {
		if d := &f.sessions[i]; d.name.value == session && table != "" {
			for _, writes := range []bool{false, true} {
				if at := d.place(table, writes); at != d.name.place() {
					lines[at.line] = true
				}
			}
		}
	}
	var out []string
	for _, c := range f.comments() {
		about := lines[c.next] || slices.ContainsFunc(objects, func(name string) bool { return sql.Mentions(c.text, name) })
		if about && strings.Contains(c.text, "?") {
			out = append(out, fmt.Sprintf("%s:%d: %s", filepath.Base(f.Path), c.line, c.text))
		}
	}
	return out
}

// comment is a comment that has lines of its own.
type comment struct {
	line int // the first one, from 1
	next int // the line of what it stands before
	text string
}

// comments lists the file's comments: one begins at each line of it that is not set off by more than
// one blank.
func (f *File) comments() []comment {
	var out []comment
	open := 0 // where those begin whose next line is not there yet
	for i, line := range f.source.lines {
		text, is := strings.CutPrefix(strings.TrimSpace(line), "#")
		if !is {
			for ; open < len(out); open++ {
				out[open].next = i + 1
			}
			continue
		}
		if further := strings.HasPrefix(text, "  ") && open < len(out); further {
			out[len(out)-1].text += " " + strings.TrimSpace(text)
			continue
		}
		out = append(out, comment{line: i + 1, text: strings.TrimPrefix(strings.TrimSpace(text), "? ")})
	}
	return out
}
