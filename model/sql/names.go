package sql

import "strings"

// Mention is a name in a text that the grammar cannot take as a whole, such as the body
// of a function in PL/pgSQL, with what stands around it.
type Mention struct {
	Parts  []string // schema, name, column: as far as dots join them
	After  string   // the word or the sign before it, in lower case
	Clause string   // the last keyword before it that begins a clause
	Call   bool     // a parenthesis follows
	Quoted bool     // it stands inside of a string
}

// clauses are the words that say what a list of names is a list of.
var clauses = map[string]bool{
	"select": true, "from": true, "where": true, "group": true, "order": true, "having": true, "limit": true, "set": true,
	"values": true, "returning": true, "into": true, "insert": true, "update": true, "delete": true, "using": true,
	"join": true, "on": true, "begin": true, "declare": true, "then": true, "else": true, "perform": true, "call": true, "execute": true,
}

// Scan lists the names of a text in their order, outside of comments; with literals also
// those inside of strings, which may be SQL that is run.
func Scan(text string, literals bool) []Mention {
	s := nameScan{text: text, literals: literals}
	s.run()
	return s.found
}

type nameScan struct {
	text     string
	literals bool
	after    string
	clause   string
	found    []Mention
}

func (s *nameScan) run() {
	for i := 0; i < len(s.text); {
		c := s.text[i]
		n := Skip(s.text, i)
		switch {
		case c == '"' && n > 0, n == 0 && isNameStart(c):
			i = s.name(i)
		case n > 0:
			if s.literals && (c == '\'' || c == '$') {
				s.inside(s.text[i : i+n])
			}
			if c == '\'' || c == '$' {
				s.after = "'"
			}
			i += n
		case isDigit(c) || c == '$':
			for i < len(s.text) && isNamePart(s.text[i]) {
				i++
			}
			s.after = "1"
		default:
			if strings.IndexByte(blanks, c) < 0 {
				s.after = string(c)
			}
			i++
		}
	}
}

// name reads a name with its dots, or a keyword, and gives where it ends.
func (s *nameScan) name(at int) int {
	m := Mention{After: s.after, Clause: s.clause}
	quoted := false
	end := at
	for {
		var part string
		if s.text[end] == '"' {
			n := Skip(s.text, end)
			part, quoted = strings.ReplaceAll(strings.Trim(s.text[end:end+n], `"`), `""`, `"`), true
			end += n
		} else {
			n := nameLen(s.text[end:])
			part = strings.ToLower(s.text[end : end+n])
			end += n
		}
		m.Parts = append(m.Parts, part)
		if end+1 >= len(s.text) || s.text[end] != '.' || s.text[end+1] != '"' && !isNameStart(s.text[end+1]) {
			break
		}
		end++
	}
	m.Call = strings.HasPrefix(strings.TrimLeft(s.text[end:], blanks), "(")
	s.found = append(s.found, m)
	s.after = strings.Join(m.Parts, ".")
	if !quoted && clauses[s.after] {
		s.clause = s.after
	}
	return end
}

// inside scans the text of a string.
func (s *nameScan) inside(literal string) {
	if literal[0] == '$' {
		n := strings.IndexByte(literal[1:], '$') + 2
		literal = strings.TrimSuffix(literal[n:], literal[:n])
	} else {
		literal = strings.ReplaceAll(strings.Trim(literal, "'"), "''", "'")
	}
	in := nameScan{text: literal, literals: true}
	in.run()
	for _, m := range in.found {
		m.Quoted = true
		s.found = append(s.found, m)
	}
}

// Normal is a statement without its constants, parameters, comments and layout, so that
// two texts of one statement are equal.
func Normal(text string) string {
	var out []string
	word := func(w string) {
		// A list of constants may be of any length.
		if n := len(out); w == "?" && n >= 2 && out[n-1] == "," && out[n-2] == "?" {
			out = out[:n-1]
			return
		}
		out = append(out, w)
	}
	for i := 0; i < len(text); {
		c := text[i]
		n := Skip(text, i)
		switch {
		case n > 0 && c == '"':
			word(text[i : i+n])
			i += n
		case n > 0:
			if c == '\'' || c == '$' {
				word("?")
			}
			i += n
		case isNameStart(c):
			n = nameLen(text[i:])
			word(strings.ToLower(text[i : i+n]))
			i += n
		case isDigit(c) || c == '$':
			for i < len(text) && (isNamePart(text[i]) || text[i] == '.') {
				i++
			}
			word("?")
		default:
			if strings.IndexByte(blanks, c) < 0 && c != ';' {
				word(string(c))
			}
			i++
		}
	}
	return strings.Join(out, " ")
}
