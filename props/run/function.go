package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/program"
)

// PathFunc is a path that is a Go function. It connects as its call says, binds the tenant as
// the application does, and returns what a user would receive. An error is an outcome, as an
// exit status is one of a program; without a tenant a job must return one.
type PathFunc func(ctx context.Context, call PathCall) (PathOutput, error)

// PathCall is what a [PathFunc] is called with.
type PathCall struct {
	// Config connects to the scratch database with the session's login, and none of its settings.
	Config *pgx.ConnConfig
	URL    string // the same as a connection string
	// Session is the session's name in the contract. Tenant and User are keys; they are empty
	// for a session without one.
	Session, Tenant, User string
	Args                  []*string // of the path's args; nil is NULL
}

// PathOutput is what a user would receive of a [PathFunc].
type PathOutput struct {
	Rows [][]string
	// Files are read like those of a program: CSV, JSON, text, gzip and zip, by their names.
	Files map[string][]byte
}

// inGo calls a Go function.
type inGo struct{ m *Committer }

func (r inGo) run(ctx context.Context, _ *session, id *model.Identity, step *model.Step) (*model.Output, error) {
	p, how := step.Op.Path, r.m.Programs
	if how == nil || how.funcs[p.Go] == nil {
		return &model.Output{Unclear: NoFunction}, nil
	}
	cfg, end, unclear, err := r.m.outside(id, step)
	if err != nil {
		return nil, err
	}
	if unclear != "" {
		return &model.Output{Unclear: unclear}, nil
	}
	defer end()
	before, err := r.m.backends(ctx)
	if err != nil {
		return nil, err
	}
	done := r.call(ctx, how.funcs[p.Go], cfg, id, step)
	end() // nothing of it reaches the server any more
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	how.note(step, done.unclear, done.lasting)
	return r.output(p, &done), r.m.hangUp(ctx, before)
}

// NoFunction is why a path is not tested where nobody handed its function over.
const NoFunction = "it is a Go function, which only a Go test runs: see props.Config.Paths"

// returned is how a call ended.
type returned struct {
	out     PathOutput
	err     error
	unclear string
	lasting bool
}

// call calls the function in a goroutine of its own, which it may panic in or end. One that
// does not return when its time is up is left behind.
func (r inGo) call(ctx context.Context, f PathFunc, cfg *pgx.ConnConfig, id *model.Identity, step *model.Step) returned {
	limit := r.m.Programs.limits.Time
	if limit <= 0 {
		limit = program.DefaultTime
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	call := PathCall{
		Config: cfg, URL: postgres.URL(cfg),
		Session: id.Session.Name, Tenant: id.Tenant.Text, User: id.User.Text,
	}
	for _, a := range step.Op.Args {
		v := &a.Text
		if a.Null {
			v = nil
		}
		call.Args = append(call.Args, v)
	}
	ended := make(chan returned, 1)
	go func() {
		out := returned{unclear: "it ended its goroutine, as t.FailNow does"}
		defer func() {
			if p := recover(); p != nil {
				out = returned{unclear: fmt.Sprintf("it panicked: %v", p)}
			}
			ended <- out
		}()
		got, err := f(limited, call)
		out = returned{out: got, err: err}
	}()
	select {
	case out := <-ended:
		return out
	case <-limited.Done():
	}
	select { // it may notice
	case out := <-ended:
		if out.unclear == "" && ctx.Err() == nil {
			out.unclear, out.lasting = fmt.Sprintf("it did not end within %s", limit), true
		}
		return out
	case <-time.After(time.Second):
		return returned{unclear: fmt.Sprintf("it did not end within %s, and went on when it was told to", limit), lasting: true}
	}
}

// output is what the function did, as the output of a path.
func (r inGo) output(p *model.Path, done *returned) *model.Output {
	if done.unclear != "" {
		return &model.Output{Unclear: done.unclear}
	}
	read := program.Read(done.out.Files, p.Convert, r.m.Programs.limits)
	if read.Untested != "" {
		return &model.Output{Unclear: read.Untested}
	}
	if len(done.out.Rows) > 0 || len(done.out.Files) == 0 && done.err == nil {
		read.Parts = append([]program.Part{{Name: "rows", Rows: done.out.Rows}}, read.Parts...)
	}
	read.How = "returned"
	out := output(read)
	var pg *pgconn.PgError
	switch {
	case errors.As(done.err, &pg):
		out.Err = failure(pg)
	case done.err != nil:
		out.Err = &model.Failure{Code: "error", Message: done.err.Error()}
	}
	return out
}
