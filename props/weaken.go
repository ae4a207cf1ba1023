package props

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/contract"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// weakened is the file that statements of a weakening stand in.
const weakened = "weakened"

// Weakened is a target whose schema is this one's after some statements, on the same
// server: a copy of the loaded database, neither a new server nor a new load. edit, where
// it is not nil, changes the copy's own contract: how sessions are bound and what paths
// run. What the rules say is resolved anew, and stays. Close drops the copy.
func (t *Target) Weakened(ctx context.Context, statements []string, edit func(*model.Contract)) (*Target, error) {
	w := &Target{
		Server: t.Server, File: t.File, Notes: t.Notes, Statements: slices.Clone(t.Statements),
		walk: &walkOnce{}, known: newExplanations(), made: t.made, skip: t.skip, copied: true,
	}
	var err error
	if w.template, err = t.Scratch(ctx); err != nil {
		return nil, err
	}
	if err := w.change(ctx, statements); err != nil {
		_ = w.Close()
		return nil, err
	}
	if edit != nil {
		edit(w.Contract)
	}
	return w, nil
}

func (t *Target) change(ctx context.Context, statements []string) error {
	conn, err := t.Server.Connect(ctx, t.template, "")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, text := range statements {
		_, err := conn.Exec(ctx, text)
		var pg *pgconn.PgError
		if errors.As(err, &pg) && pg.Severity == "ERROR" {
			return &RefusedError{Statement: text, Err: err}
		}
		if err != nil {
			return fmt.Errorf("weaken the schema: %w", err)
		}
		t.Statements = append(t.Statements, script.Statement{File: weakened, Line: 1, Col: 1, Text: text})
	}
	var unfit *contract.Error
	if err := t.resolve(ctx, conn); errors.As(err, &unfit) {
		return &UnfitError{Err: err}
	} else if err != nil {
		return err
	}
	return nil
}

// UnfitError says that the contract no longer fits a weakened schema: a check of it ends
// with that message.
type UnfitError struct{ Err error }

// Error is the contract's message.
func (e *UnfitError) Error() string { return e.Err.Error() }

// Unwrap gives the contract's error.
func (e *UnfitError) Unwrap() error { return e.Err }

// RefusedError says that Postgres refuses a statement that weakens a schema.
type RefusedError struct {
	Statement string
	Err       error
}

// Error has Postgres' message.
func (e *RefusedError) Error() string { return fmt.Sprintf("%s: %v", e.Statement, e.Err) }

// Unwrap gives Postgres' error.
func (e *RefusedError) Unwrap() error { return e.Err }

// Made lists the roles that the schema's files created.
func (t *Target) Made() []string { return slices.Clone(t.made) }
