package contract

import "slices"

// Place is where the contract says what a session may do with a table or a path: the
// entry of the path, of the table, of every table, or of the session itself. Table is a
// label, and may be schema.table; path is empty for the table itself. Both numbers count
// from 1; 0, 0 where the contract has no such session and path.
func (f *File) Place(session, table, path string, writes bool) (line, col int) {
	for i := range f.paths {
		if path != "" && f.paths[i].name.value == path {
			at := f.paths[i].name.place()
			return at.line, at.col
		}
	}
	i := slices.IndexFunc(f.sessions, func(d sessionDecl) bool { return d.name.value == session })
	if i < 0 {
		return 0, 0
	}
	at := f.sessions[i].place(table, path == "" && writes)
	return at.line, at.col
}

// place is the entry of a table in a session, else the session's name.
func (d *sessionDecl) place(table string, writes bool) place {
	name := d.name.place()
	if writes {
		every := name
		if e := d.writes.every; e != nil && e.at.line > 0 {
			every = e.at
		}
		return entryOf(d.writes, table, every)
	}
	every := name
	if e := d.sees.every; e != nil && e.rule.given() {
		every = e.rule.place()
	}
	return entryOf(d.sees, table, every)
}

func entryOf[T any](g grants[T], table string, every place) place {
	for i := range g.tables {
		if named := g.tables[i].table; named.value == table || named.value == "public."+table {
			return named.place()
		}
	}
	return every
}
