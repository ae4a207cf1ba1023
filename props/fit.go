package props

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// fit lets the plan try its values against the tables' constraints, in a transaction
// of the template that is rolled back. Foreign keys and triggers are off: the rows
// stand alone.
func (t *Target) fit(ctx context.Context, conn *pgx.Conn) error {
	exec := func(text string, args []model.Value) error {
		params := make([][]byte, len(args))
		for i, a := range args {
			if !a.Null {
				params[i] = append([]byte{}, a.Text...)
			}
		}
		return conn.PgConn().ExecParams(ctx, text, params, nil, nil, nil).Read().Err
	}
	for _, text := range []string{"BEGIN", "SET LOCAL session_replication_role = replica", "SET LOCAL timezone = 'UTC'", "SAVEPOINT fit"} {
		if err := exec(text, nil); err != nil {
			return fmt.Errorf("try values: %w", err)
		}
	}
	err := t.Plan.Fit(func(table *model.Table, row model.Row) (string, string, error) {
		err := exec(run.LoadText(table), run.LoadArgs(table, []model.Row{row}))
		if rerr := exec("ROLLBACK TO fit", nil); rerr != nil {
			return "", "", rerr
		}
		var pg *pgconn.PgError
		switch {
		case err == nil:
			return "", "", nil
		case errors.As(err, &pg) && pg.Code == "23505": // beside a row of the schema's own; datasets avoid it
			return "", "", nil
		case errors.As(err, &pg):
			return pg.ConstraintName, pg.Message, nil
		}
		return "", "", err
	})
	if rerr := exec("ROLLBACK", nil); err == nil {
		err = rerr
	}
	return err
}
