package run

import (
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// failedBefore is the SQLSTATE of what comes after an error in a transaction.
const failedBefore = "25P02"

// RuleError says that Postgres could not tell for some row whether a rule of the contract
// holds: it divides by zero, or compares with a sub-select of two rows.
type RuleError struct {
	Rule *model.Rule
	Err  *pgconn.PgError
}

// Error names the rule.
func (e *RuleError) Error() string {
	return fmt.Sprintf("the rule %s fails on some rows: %s (SQLSTATE %s)", e.Rule.Text, e.Err.Message, e.Err.Code)
}

// Unwrap gives Postgres' answer.
func (e *RuleError) Unwrap() error { return e.Err }
