package run

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props/contract"
	"github.com/rlsfuzz/rlsfuzz/props/service"
)

// Services is the application's own servers and workers, started beside one scratch database.
// None are there at nil.
type Services struct {
	running []*service.Running
	ports   map[string]string // by the service's name
}

// serviceApp is the application_name of what services connect as, unless they name themselves.
const serviceApp = "rlsfuzz service"

// StartServices starts services for the committer's database, in their order, each when the
// one before is ready. home is the folder that their files are relative to; limit is how long
// each may take.
func (m *Committer) StartServices(ctx context.Context, list []contract.Service, home string, limit time.Duration) error {
	m.Services = &Services{ports: map[string]string{}}
	for i := range list {
		s := &list[i]
		login := s.Login
		if login == "" && len(m.Contract.Sessions) > 0 {
			login = m.Contract.Sessions[0].Login.Text
		}
		port, err := service.Port()
		if err != nil {
			return err
		}
		m.Services.ports[s.Name] = strconv.Itoa(port)
		r, err := m.service(s, login, home, limit).Start(ctx)
		if err != nil {
			return err
		}
		m.Services.running = append(m.Services.running, r)
	}
	return nil
}

// service is what is started.
func (m *Committer) service(s *contract.Service, login, home string, limit time.Duration) *service.Command {
	dsn, port := m.server.URL(m.database, login), m.Services.ports[s.Name]
	if u, err := url.Parse(dsn); err == nil {
		q := u.Query()
		q.Set("application_name", serviceApp)
		u.RawQuery = q.Encode()
		dsn = u.String()
	}
	out := &service.Command{
		Name: s.Name, Home: home, Time: limit, Ready: s.Fill(s.Ready, dsn, port),
		Env: append(m.environment(m.server.Config(m.database, login)), "PGAPPNAME="+serviceApp),
	}
	if password := m.server.Config(m.database, login).Password; len(password) >= 8 {
		out.Secret = password
	}
	for _, w := range s.Command {
		out.Args = append(out.Args, s.Fill(w, dsn, port))
	}
	for _, e := range s.Env {
		out.Env = append(out.Env, e[0]+"="+s.Fill(e[1], dsn, port))
	}
	return out
}

// Port is the port of a service; empty where there is none.
func (s *Services) Port(name string) string {
	if s == nil {
		return ""
	}
	return s.ports[name]
}

// gone is an error when a service has ended.
func (s *Services) gone() error {
	if s == nil {
		return nil
	}
	for _, r := range s.running {
		if err := r.Gone(); err != nil {
			return err
		}
	}
	return nil
}

// close ends the services, the last one first.
func (s *Services) close() {
	if s == nil {
		return
	}
	for i := len(s.running) - 1; i >= 0; i-- {
		s.running[i].Close()
	}
}
