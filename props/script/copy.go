package script

import "strings"

// outside refuses a COPY that leaves the database: it runs a program, or reads or writes a file,
// with the rights of the server's account.
func (s *Statement) outside() error {
	w := words{text: s.Text}
	for depth, before := 0, w.next(); before != ""; {
		t := w.peek()
		next := w.next()
		switch {
		case next == "(":
			depth++
		case next == ")":
			depth--
		case depth > 0, before != "from" && before != "to":
		case t.kind == word && next == "program":
			e := s.fault(t.start, "COPY "+strings.ToUpper(before)+" PROGRAM is not supported")
			e.Hint = refused["!"]
			return e
		case t.kind == text:
			e := s.fault(t.start, "COPY "+strings.ToUpper(before)+" a file of the server is not supported")
			e.Hint = "a schema is loaded without the server's files: " + refused["copy"]
			return e
		default:
			return nil // stdin or stdout
		}
		before = next
	}
	return nil
}
