package props

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/contract"
	"github.com/rlsfuzz/rlsfuzz/props/script"
)

// weakened is the file that statements of a weakening stand in.
const weakened = "weakened"

// Weakening is a change of a schema, or of how an application uses it.
type Weakening struct {
	Statements []string // of the superuser, in every scratch copy
	// Edit changes how sessions are bound and what paths run; nil for a change of the schema
	// alone. What the rules say is resolved anew, and stays.
	Edit func(*model.Contract)
	// Back takes the statements back in a scratch copy. Nil where another copy has to be
	// made, or where they change more than what policies, views and routines let through:
	// something that the contract is resolved against or rows are made for, as roles,
	// privileges, columns, keys, defaults and triggers are.
	Back []string
}

// Weakened is a target whose schema is this one's after some statements, on the same
// server: its scratch copies are those of the loaded database, changed, or those that an
// earlier one's search put back. It needs neither a new server nor a new load. Close drops
// what is left of them. Where Postgres refuses a statement, the first copy fails with a
// [RefusedError].
func (t *Target) Weakened(ctx context.Context, weakening Weakening) (*Target, error) {
	w := *t
	w.walk, w.known, w.copied, w.Catalog, w.spare = &walkOnce{}, newExplanations(), true, nil, make(chan string, 1)
	w.changes = slices.Concat(t.changes, weakening.Statements)
	w.Statements = slices.Clone(t.Statements)
	for _, text := range weakening.Statements {
		w.Statements = append(w.Statements, script.Statement{File: weakened, Line: 1, Col: 1, Text: text})
	}
	w.readOnce()
	if weakening.Back != nil && weakening.Edit == nil && len(t.changes) == 0 {
		w.back = weakening.Back
		return &w, nil
	}
	if err := w.again(ctx); err != nil {
		_ = w.Close()
		return nil, err
	}
	if weakening.Edit != nil {
		weakening.Edit(w.Contract)
	}
	return &w, nil
}

// again reads the changed schema and resolves the contract against it, in the first
// scratch copy.
func (t *Target) again(ctx context.Context) error {
	name, err := t.Scratch(ctx)
	if err != nil {
		return err
	}
	t.spare <- name
	conn, err := t.Server.Connect(ctx, name, "")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var unfit *contract.Error
	if err := t.resolve(ctx, conn); errors.As(err, &unfit) {
		return &UnfitError{Err: err}
	} else if err != nil {
		return err
	}
	return nil
}

// change runs the statements of a weakening in a scratch copy.
func (t *Target) change(ctx context.Context, conn *pgx.Conn) error {
	for _, text := range t.changes {
		if _, err := conn.Exec(ctx, text); err != nil {
			return refusal([]string{text}, err)
		}
	}
	return nil
}

// refusal is the error of statements that weaken a schema.
func refusal(statements []string, err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Severity == "ERROR" {
		return &RefusedError{Statement: strings.Join(statements, "; "), Err: err}
	}
	return fmt.Errorf("weaken the schema: %w", err)
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
