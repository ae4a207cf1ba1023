package contract

import (
	"path/filepath"
	"slices"
	"strings"
)

// Service is a long-running program of the application. Its texts may name $dsn, the
// connection string of its login, and $port, a port that only it has.
type Service struct {
	Name    string
	Login   string // a role of the schema; empty: the first session's
	Command []string
	Env     [][2]string // names and values
	Ready   string      // tcp PORT, http URL or run COMMAND; empty: as soon as it runs
}

// Fill writes the values of variables into a text of a service.
func (s *Service) Fill(text, dsn, port string) string {
	var b strings.Builder
	for _, p := range parts(text) {
		switch p.name {
		case "dsn":
			b.WriteString(dsn)
		case "port":
			b.WriteString(port)
		default:
			b.WriteString(p.text + p.source)
		}
	}
	return b.String()
}

func (s *source) service(n *node) Service {
	o := s.object(n, serviceShape)
	out := Service{Name: o.text("name").value, Login: o.text("login").value, Command: values(o.scalars("command")), Ready: o.text("ready").value}
	texts := append(o.scalars("command"), o.text("ready"))
	for _, e := range o.strings("env") {
		out.Env = append(out.Env, [2]string{e.key.value, e.value.value})
		texts = append(texts, e.value)
	}
	if out.Name == "" && len(out.Command) > 0 {
		out.Name = filepath.Base(out.Command[0])
	}
	ported := false
	for _, t := range texts {
		for _, p := range parts(t.value) {
			ported = ported || p.name == "port"
			if p.name != "" && p.name != "dsn" && p.name != "port" {
				s.fail(t.place(), "$dsn, $port, or $$ for a dollar sign", "a service has no %s", p.source)
			}
		}
	}
	if strings.HasPrefix(out.Ready, "http://") || strings.HasPrefix(out.Ready, "https://") {
		out.Ready = "http " + out.Ready
	}
	how, what, _ := strings.Cut(out.Ready, " ")
	switch {
	case out.Ready == "":
	case !slices.Contains([]string{"tcp", "http", "run"}, how) || strings.TrimSpace(what) == "":
		s.fail(o.text("ready").place(), "tcp PORT, http URL, or run COMMAND", "ready is %q", out.Ready)
	case how != "run" && !ported:
		s.fail(o.text("ready").place(), "$port, in ready and in command or env", "each scratch database has a %s of its own, and they cannot share a port", out.Name)
	}
	return out
}

// services checks what services say of the schema.
func (r *resolver) services() {
	seen := map[string]bool{}
	for i, s := range r.file.Services {
		if seen[s.Name] {
			r.fail(r.file.serviceAt[i], "a name of its own", "two services are called %q", s.Name)
		}
		seen[s.Name] = true
		if s.Login == "" {
			continue
		}
		if role, ok := r.schema.Roles[s.Login]; !ok || !role.Login {
			r.fail(r.file.serviceAt[i], "a role of the schema with LOGIN", "service %s cannot log in as %q", s.Name, s.Login)
		}
	}
}
