package contract

import (
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// program takes a path's command apart. Its variables were checked before.
func (r *resolver) program(d *pathDecl, p *model.Path) *model.Program {
	u := &p.Users[0]
	in := binding{session: u.Session, vars: &u.Vars}
	in.args = r.argumentTypes(d, p, in)
	out := &model.Program{}
	for _, t := range d.command {
		out.Args = append(out.Args, r.pathText(t, in))
	}
	for _, e := range d.env {
		out.Env = append(out.Env, model.PathEnv{Name: e.key.value, Value: r.pathText(e.value, in)})
	}
	for _, t := range d.output {
		out.Output = append(out.Output, r.pathText(t, in))
	}
	return out
}

// pathText finds the variables of a text. What follows a variable and is no column of it
// is an ending: $tenant.csv.
func (r *resolver) pathText(t text, in binding) model.PathText {
	var out model.PathText
	for _, p := range parts(t.value) {
		n, err := strconv.Atoi(p.name)
		switch {
		case p.name == "":
			out = append(out, model.PathPiece{Text: p.text})
		case p.name == "dsn":
			out = append(out, model.PathPiece{DSN: true})
		case p.name == "port" && len(r.file.Services) > 0:
			out = append(out, model.PathPiece{Port: r.file.Services[0].Name})
		case strings.HasPrefix(p.name, "port."):
			out = append(out, model.PathPiece{Port: strings.TrimPrefix(p.name, "port.")})
		case err == nil:
			out = append(out, model.PathPiece{Param: &model.PathParam{Arg: n - 1}})
		default:
			name, rest := p.name, ""
			if _, problem, _ := r.variable(name, in); problem != "" {
				name, _, _ = strings.Cut(name, ".")
				rest = strings.TrimPrefix(p.source[1:], p.source[1:1+len(name)])
			}
			if v, problem, _ := r.variable(name, in); problem == "" {
				name = v.Name
			}
			out = append(out, model.PathPiece{Param: &model.PathParam{Arg: -1, Var: name}})
			if rest != "" {
				out = append(out, model.PathPiece{Text: rest})
			}
		}
	}
	return out
}
