package model

import (
	"slices"
	"strings"
)

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

// PathPiece is literal text, a variable, the connection string of the session's login, or
// the port of a service.
type PathPiece struct {
	Text  string
	Param *PathParam
	DSN   bool
	Port  string // the service's name
}

// Surroundings is where a program runs.
type Surroundings struct {
	DSN  string                      // of the session's login
	Port func(service string) string // of the application's services
}

// Fill writes the values of a call into the text. A program knows no NULL: a variable
// without a value, such as the tenant of a job that was started without one, is empty.
func (t PathText) Fill(id *Identity, args []Value, in Surroundings) (string, error) {
	var b strings.Builder
	for _, p := range t {
		switch {
		case p.DSN:
			b.WriteString(in.DSN)
		case p.Port != "":
			b.WriteString(in.Port(p.Port))
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
func (p *Path) Really() bool { return p.Program != nil || p.Go != "" }

// Asked reports whether a session writes a path itself to learn what it is not shown: only the walk
// calls it, and what it tells is reported apart.
func (p *Path) Asked() bool { return p.Leaky || p.Keyed != nil }

// Job reports whether a path works off what others left for it: a job, a webhook, or one
// with a queue.
func (p *Path) Job() bool { return p.Kind == "job" || p.Kind == "webhook" || p.Enqueue != nil }

// Runs reports whether a step starts a program, or calls a Go function. It cannot be rolled back.
func (s *Step) Runs() bool { return s.Op.Path != nil && s.Op.Path.Really() }

// Real reports whether a scenario takes real logins and commits.
func (s *Scenario) Real() bool {
	return s.Committed || slices.ContainsFunc(s.Steps, func(st Step) bool { return st.Runs() || st.Undone || st.Prepared || st.From > 0 })
}

// Runs reports whether some step starts a program.
func (s *Scenario) Runs() bool {
	for i := range s.Steps {
		if s.Steps[i].Runs() {
			return true
		}
	}
	return false
}
