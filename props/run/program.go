package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/program"
)

// Programs is how the programs of a contract are run.
type Programs struct {
	home   string
	limits program.Limits
	funcs  map[string]PathFunc
	failed map[*model.Path]string // those that no other run makes better, and why
	waits  map[*model.Path]string // those that do not end when their server is gone
}

// NewPrograms runs programs that are named relative to a folder, and functions of a test.
func NewPrograms(home string, limits program.Limits, funcs map[string]PathFunc) *Programs {
	return &Programs{home: home, limits: limits, funcs: funcs, failed: map[*model.Path]string{}, waits: map[*model.Path]string{}}
}

// inProgram starts the program of a path, which connects by itself: with the login of the
// session, and none of its settings.
type inProgram struct{ m *Committer }

func (r inProgram) run(ctx context.Context, _ *session, id *model.Identity, step *model.Step) (*model.Output, error) {
	how := r.m.Programs
	if how == nil {
		return &model.Output{Unclear: "programs are not run here"}, nil
	}
	cfg, end, unclear, err := r.m.outside(id, step)
	if err != nil {
		return nil, err
	}
	if unclear != "" {
		return &model.Output{Unclear: unclear}, nil
	}
	defer end()
	c, err := r.command(cfg, id, step)
	if err != nil {
		return nil, err
	}
	before, err := r.m.backends(ctx)
	if err != nil {
		return nil, err
	}
	done, err := c.Run(ctx)
	if err != nil {
		return nil, err
	}
	end() // nothing of it reaches the server any more
	if done.Untested != "" {
		how.note(step, done.Untested, done.Lasting)
		return &model.Output{Unclear: done.Untested}, r.m.hangUp(ctx, before)
	}
	return output(done), r.m.hangUp(ctx, before)
}

// unable is why a step cannot show anything; empty where it can.
func (h *Programs) unable(step *model.Step) string {
	if reason := h.failed[step.Op.Path]; reason != "" || step.Cut == 0 {
		return reason
	}
	return h.waits[step.Op.Path]
}

// note keeps in mind what another run would not make better.
func (h *Programs) note(step *model.Step, reason string, lasting bool) {
	switch {
	case lasting && step.Cut > 0:
		h.waits[step.Op.Path] = reason
	case lasting:
		h.failed[step.Op.Path] = reason
	}
}

// outside is how a step that connects by itself reaches the server, and what ends that; or why it
// cannot show anything.
func (m *Committer) outside(id *model.Identity, step *model.Step) (cfg *pgx.ConnConfig, end func(), unclear string, err error) {
	if reason := m.Programs.unable(step); reason != "" {
		return nil, nil, reason, nil
	}
	if err := m.Services.gone(); err != nil {
		return nil, nil, "", err
	}
	cfg, end, err = m.reached(id.Login, step)
	if errors.Is(err, errEncrypted) {
		return nil, nil, err.Error(), nil
	}
	return cfg, end, "", err
}

// reached is how a step reaches the server: as its login, and where it is cut, for so many
// statements only.
func (m *Committer) reached(login string, step *model.Step) (*pgx.ConnConfig, func(), error) {
	cfg := m.server.Config(m.database, login)
	if step.Cut == 0 {
		return cfg, func() {}, nil
	}
	o, err := newOutage(cfg, step.Cut)
	if err != nil {
		return nil, nil, err
	}
	return cfg, o.Close, nil
}

// command is what is started.
func (r inProgram) command(cfg *pgx.ConnConfig, id *model.Identity, step *model.Step) (*program.Command, error) {
	m, p := r.m, step.Op.Path
	in := model.Surroundings{DSN: postgres.URL(cfg), Port: m.Services.Port}
	fill := func(list []model.PathText) ([]string, error) {
		out := make([]string, len(list))
		for i, t := range list {
			var err error
			if out[i], err = t.Fill(id, step.Op.Args, in); err != nil {
				return nil, fmt.Errorf("call %s: %w", p.Name, err)
			}
		}
		return out, nil
	}
	out := &program.Command{Home: m.Programs.home, Convert: p.Convert, Limits: m.Programs.limits, Env: m.environment(cfg)}
	if password := cfg.Password; len(password) >= 8 {
		out.Secret = password
	}
	var err error
	if out.Args, err = fill(p.Program.Args); err != nil {
		return nil, err
	}
	if out.Output, err = fill(p.Program.Output); err != nil {
		return nil, err
	}
	for _, e := range p.Program.Env {
		v, err := e.Value.Fill(id, step.Op.Args, in)
		if err != nil {
			return nil, fmt.Errorf("call %s: %w", p.Name, err)
		}
		out.Env = append(out.Env, e.Name+"="+v)
	}
	return out, nil
}

// environment is the connection of a login, as libpq and what behaves like it read it. A
// server of ours brings its own psql: the one on the PATH may be of another version, or a
// script that takes long to choose one.
func (m *Committer) environment(cfg *pgx.ConnConfig) []string {
	out := []string{"PGHOST=" + cfg.Host, "PGPORT=" + strconv.Itoa(int(cfg.Port)), "PGUSER=" + cfg.User, "PGDATABASE=" + cfg.Database}
	if dir := m.server.Clients(); dir != "" {
		out = append(out, "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
	if cfg.Password != "" {
		out = append(out, "PGPASSWORD="+cfg.Password)
	}
	return append(out, "PGSSLMODE="+sslMode(&cfg.Config))
}

// sslMode is the mode in which libpq connects as pgx does: with and without encryption, in
// turn, or in one way only (manual, "SSL Mode Descriptions").
func sslMode(cfg *pgconn.Config) string {
	plain, secret := cfg.TLSConfig == nil, cfg.TLSConfig != nil
	for _, f := range cfg.Fallbacks {
		plain, secret = plain || f.TLSConfig == nil, secret || f.TLSConfig != nil
	}
	switch {
	case !secret:
		return "disable"
	case plain:
		return "prefer"
	}
	return "require"
}

// backends lists who is connected to the scratch database.
func (m *Committer) backends(ctx context.Context) ([]string, error) {
	kept, _, err := m.super.exec(ctx, "SELECT pid FROM pg_stat_activity WHERE datname = current_database()", nil)
	if err != nil {
		return nil, fmt.Errorf("list connections: %w", err)
	}
	var out []string
	for _, row := range kept {
		out = append(out, row[0].Text)
	}
	return out, nil
}

// hangUp ends the connections that a program left, or a run that was cut short, so that nothing of it goes on.
// Those that were there before it are not its own, and those of services are not either. It asks again
// and again whether they are gone: Postgres, told to wait for it, looks ten times a second.
func (m *Committer) hangUp(ctx context.Context, before []string) error {
	ctx, cancel := context.WithTimeout(ctx, hangsUp)
	defer cancel()
	left := []model.Value{{Text: "{" + strings.Join(before, ",") + "}"}, {Text: serviceApp}}
	for {
		kept, _, err := m.super.exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND application_name <> $2 AND pid <> ALL ($1::int[])`, left)
		if err != nil {
			return fmt.Errorf("end the connections that were left: %w", err)
		}
		if len(kept) == 0 {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
}

// hangsUp is how long connections may take to end.
const hangsUp = 5 * time.Second

// Plan makes Postgres read in another way in the scratch database, whoever connects to it,
// until the returned function is called.
func (m *Committer) Plan(ctx context.Context, settings []string) (func() error, error) {
	var names []string
	alter := func(what string) error {
		_, _, err := m.super.exec(ctx, "ALTER DATABASE "+model.Quote(m.database)+" "+what, nil)
		return err
	}
	undo := func() error {
		for _, name := range names {
			if err := alter("RESET " + name); err != nil {
				return err
			}
		}
		return nil
	}
	for _, text := range settings {
		text = strings.TrimPrefix(text, "SET LOCAL ")
		name, _, ok := strings.Cut(text, " ")
		if !ok {
			continue
		}
		if err := alter("SET " + text); err != nil {
			return undo, fmt.Errorf("change how Postgres reads: %w", err)
		}
		names = append(names, name)
	}
	return undo, nil
}

// output is what a program did, as the output of a path.
func output(r *program.Run) *model.Output {
	out := &model.Output{Notices: r.Errs}
	did := []string{r.How}
	for i := range r.Parts {
		part := &r.Parts[i]
		result := model.Result{Place: part.Name, Head: part.Head}
		for _, cells := range part.Rows {
			row := make(model.Row, len(cells))
			for k, text := range cells {
				row[k].Text = text
			}
			result.Rows = append(result.Rows, row)
		}
		result.Count = len(result.Rows)
		out.Results = append(out.Results, result)
		if n := len(result.Rows); n == 0 {
			did = append(did, part.Name+" is empty")
		} else {
			did = append(did, fmt.Sprintf("%d lines in %s", n, part.Name))
		}
	}
	out.Did = strings.Join(did, ", ")
	if r.Exit != 0 {
		message := r.How
		if n := len(r.Errs); n > 0 {
			message = r.Errs[n-1]
		}
		out.Err = &model.Failure{Code: strings.ReplaceAll(r.How, " status", ""), Message: message}
	}
	return out
}
