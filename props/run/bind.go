package run

import (
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// BindError says that Postgres does not let a connection act as an identity: it refuses a
// setting of its session.
type BindError struct {
	ID  *model.Identity
	Err *pgconn.PgError
}

// Error names the identity.
func (e *BindError) Error() string {
	return fmt.Sprintf("act as %s: %s (SQLSTATE %s)", e.ID.Label(), e.Err.Message, e.Err.Code)
}

// Unwrap gives Postgres' answer.
func (e *BindError) Unwrap() error { return e.Err }
