package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

const defaultImage = "postgres:17-alpine"

func startGiven(ctx context.Context, o Options, dsn string) (*Server, error) {
	return nil, errors.New("soon")
}
func startFetched(ctx context.Context, o Options, version string) (*Server, error) {
	return nil, errors.New("soon")
}
func startContainer(ctx context.Context, o Options, image string) (*Server, error) {
	return nil, errors.New("soon")
}
func reachableCopy(ctx context.Context, dir string, as account) (string, error) {
	return "", errors.New("soon")
}

// Removed is what Clean removed.
type Removed struct{ Databases, Roles, Kept []string }

// Clean removes what killed runs left on a given server.
func Clean(ctx context.Context, dsn string, log func(string, ...any)) (Removed, error) {
	return Removed{}, errors.New("soon")
}

func sqlState(err error) string {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return server.Code
	}
	return ""
}
