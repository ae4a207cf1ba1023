package model

import "strings"

// ResultColumn is one column of what a function returns.
type ResultColumn struct {
	Name   string
	Cursor bool // its value is the name of a cursor that the function leaves open
}

// ReadCursors is a statement that makes a call, which is SQL, and reads the cursors that the
// function opens, in the place of their names, which differ in each call. columns is what the
// function returns; none: a cursor or a set of cursors.
func ReadCursors(call string, columns []ResultColumn) string {
	read := func(name string) string { // a row of the output for each of the cursor: their order says nothing
		return "regexp_split_to_table(cursor_to_xml(" + name + ", 1000, true, true, '')::text, chr(10) || chr(10))"
	}
	if len(columns) == 0 {
		return "SELECT " + read("c") + " FROM " + call + " AS c"
	}
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = "c." + Quote(c.Name)
		if c.Cursor {
			list[i] = read(list[i])
		}
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM " + call + " AS c"
}
