package script

// A Script is what a file holds, split and with its backslash commands obeyed.
type Script struct {
	Statements []Statement
	// Notes say what was left out and why, one sentence each, with file and line.
	Notes []string
}

// A Statement is one SQL statement with the place that it was written at.
type Statement struct {
	File      string
	Line, Col int    // of its first character, from 1; columns count characters
	Text      string // without the semicolon, variables filled in
	Copy      []byte // the data of COPY … FROM stdin; nil for any other statement

	origin *source
	start  int  // offset of Text in the source, as edited
	data   int  // offset of Copy in the source
	fresh  bool // after it a new session begins, with the settings of database and role
}

// Options are what Parse needs to know besides the text.
type Options struct {
	// Read reads a file named by \i or, relative to the including file, \ir.
	// Defaults to os.ReadFile.
	Read func(path string) ([]byte, error)
	// Vars are psql's variables, as -v sets them.
	Vars map[string]string
}

// position is where the byte at offset of the statement's text was written.
func (s *Statement) position(offset int) (line, col int) {
	if s.origin != nil {
		return s.origin.position(s.start + offset)
	}
	plain := newSource(s.File, s.Text)
	line, col = plain.position(offset)
	if line == 1 {
		col += s.Col - 1
	}
	return line + s.Line - 1, col
}

// fault is an error at an offset of the statement's text.
func (s *Statement) fault(offset int, msg string) *Error {
	src, at := s.origin, s.start+offset
	if src == nil {
		src, at = newSource(s.File, s.Text), offset
	}
	e := src.fault(at, msg)
	e.Line, e.Col = s.position(offset)
	return e
}
