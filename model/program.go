package model

import "strings"

// Program is the command of a path, its variables found.
type Program struct {
	Args   []PathText // the program and its arguments
	Env    []PathEnv
	Output []PathText // files that it should leave
}

// PathEnv is an environment variable.
type PathEnv struct {
	Name  string
	Value PathText
}

// PathText is a text with variables, in pieces.
type PathText []PathPiece

// PathPiece is literal text, a variable, or the connection string of the session's login.
type PathPiece struct {
	Text  string
	Param *PathParam
	DSN   bool
}

// Fill writes the values of a call into the text. A program knows no NULL: a variable
// without a value, such as the tenant of a job that was started without one, is empty.
func (t PathText) Fill(id *Identity, args []Value, dsn string) (string, error) {
	var b strings.Builder
	for _, p := range t {
		switch {
		case p.DSN:
			b.WriteString(dsn)
		case p.Param == nil:
			b.WriteString(p.Text)
		default:
			v, err := id.Value(*p.Param, args)
			if err != nil {
				return "", err
			}
			if !v.Null {
				b.WriteString(v.Text)
			}
		}
	}
	return b.String(), nil
}

// Really reports whether a path does what no transaction of rlsfuzz can roll back: it
// connects by itself.
func (p *Path) Really() bool { return p.Program != nil }

// Runs reports whether a step starts a program. It cannot be rolled back.
func (s *Step) Runs() bool { return s.Op.Path != nil && s.Op.Path.Really() }

// Real reports whether a scenario takes real logins and commits.
func (s *Scenario) Real() bool { return s.Committed || s.Runs() }

// Runs reports whether some step starts a program.
func (s *Scenario) Runs() bool {
	for i := range s.Steps {
		if s.Steps[i].Runs() {
			return true
		}
	}
	return false
}
