package run

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// changesRoles reports whether a function of a schema, or a path, may make roles.
func changesRoles(c *model.Contract) bool {
	return slices.ContainsFunc(c.Schema.Texts, func(t model.Text) bool { return model.ChangesRoles(t.Body) }) ||
		slices.ContainsFunc(c.Paths, func(p *model.Path) bool { return slices.ContainsFunc(p.Run, model.ChangesRoles) })
}

// withoutRoles does f, of which no role remains: those belong to the whole server, so that what f
// makes would be there already when it is done again. Others that may make roles wait meanwhile. On
// a server that is others' too nothing is dropped: such paths are not called there.
func (m *Committer) withoutRoles(ctx context.Context, f func() error) error {
	if !m.makesRoles || !m.server.Owned() {
		return f()
	}
	alone := m.server.Alone()
	alone.Lock()
	defer alone.Unlock()
	before, err := m.roles(ctx)
	if err != nil {
		return err
	}
	err = f()
	return errors.Join(err, m.dropRoles(context.WithoutCancel(ctx), before))
}

func (m *Committer) roles(ctx context.Context) ([]string, error) {
	rows, _, err := m.super.exec(ctx, "SELECT rolname::text FROM pg_catalog.pg_roles", nil)
	if err != nil {
		return nil, fmt.Errorf("list roles: %w", err)
	}
	out := make([]string, len(rows))
	for i, row := range rows {
		out[i] = row[0].Text
	}
	return out, nil
}

// dropRoles drops all roles but some, with what they own or may do in the scratch database. The
// connections of the pool go: they may have been one of them.
func (m *Committer) dropRoles(ctx context.Context, but []string) error {
	if m.super.conn.IsClosed() { // and the server with it, or the run
		return nil
	}
	now, err := m.roles(ctx)
	if err != nil {
		return err
	}
	now = slices.DeleteFunc(now, func(name string) bool { return slices.Contains(but, name) })
	if len(now) > 0 {
		m.drain()
	}
	for _, text := range []string{"DROP OWNED BY %s CASCADE", "DROP ROLE %s"} {
		for _, name := range now {
			if _, _, err := m.super.exec(ctx, fmt.Sprintf(text, model.Quote(name)), nil); err != nil {
				return fmt.Errorf("drop a role that a run made: %w", err)
			}
		}
	}
	return nil
}
