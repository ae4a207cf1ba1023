package run

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
)

// Own is the SQLSTATEs that statements of a schema are known to raise by themselves,
// although they look like trouble of the surroundings: a trigger may raise any. They are
// answers then. The nil map holds none.
type Own map[string]bool

// trouble is what kind of trouble an error is.
func (o Own) trouble(err error) postgres.Trouble {
	t := postgres.TroubleOf(err)
	if t.OfStatement() {
		var pg *pgconn.PgError
		if errors.As(err, &pg) && o[pg.Code] {
			return ""
		}
	}
	return t
}

// refusal tells an answer of a statement from trouble of the surroundings, which is the
// error that it returns.
func (o Own) refusal(err error) (*model.Failure, error) {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Severity != "FATAL" && pg.Severity != "PANIC" && o.trouble(err) == "" {
		return failure(pg), nil
	}
	return nil, err
}

// Move goes on in another scratch database, on a new connection.
func (w *Worker) Move(ctx context.Context, server *postgres.Server, database string) error {
	w.dial = func(ctx context.Context) (*pgx.Conn, error) { return server.Connect(ctx, database, "") }
	w.dead, w.waste = 0, 0
	if err := w.connect(ctx); err != nil {
		return fmt.Errorf("go on in another database: %w", err)
	}
	return nil
}

// Accept lets SQLSTATEs count as answers of statements.
func (w *Worker) Accept(own Own) { w.own, w.wire.own = own, own }
