package finding

import (
	"regexp"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// programmed reports whether a finding is about a program: SQL cannot show it then.
func (f *Finding) programmed() bool { return f.Scenario.Runs() }

// command is the line that starts the program of a step, with its environment.
func command(id *model.Identity, st *model.Step) string {
	p := st.Op.Path.Program
	if p == nil {
		return function(id, st)
	}
	fill := func(t model.PathText) string {
		text, err := t.Fill(id, st.Op.Args, model.Surroundings{
			DSN: "postgres://" + id.Login + "@…", Port: func(string) string { return "…" },
		})
		if err != nil {
			return err.Error()
		}
		return text
	}
	var words []string
	for _, e := range p.Env {
		words = append(words, e.Name+"="+ShellWord(fill(e.Value)))
	}
	words = append(words, "PGUSER="+ShellWord(id.Login))
	for _, t := range p.Args {
		words = append(words, ShellWord(fill(t)))
	}
	return strings.Join(words, " ")
}

// function is a call of a Go function.
func function(id *model.Identity, st *model.Step) string {
	words := []string{"tenant " + shown(id.Tenant)}
	for _, a := range st.Op.Args {
		words = append(words, shown(a))
	}
	return "go: " + st.Op.Path.Go + "(" + strings.Join(words, ", ") + ") as " + id.Login
}

var plainWord = regexp.MustCompile(`^[-+_./:=@%,0-9A-Za-z…]+$`)

// ShellWord writes a word, such as a path, as a person pastes it into a shell: in quotes
// where it needs them.
func ShellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
