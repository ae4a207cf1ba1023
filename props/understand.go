package props

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
	"github.com/rlsfuzz/rlsfuzz/props/postgres"
	"github.com/rlsfuzz/rlsfuzz/props/run"
)

// understand lets Postgres read what the contract says in SQL, before anything is searched:
// a function that there is not, or an aggregate, is a mistake of the contract. The connection
// is a new one, so that the database's own settings hold.
func (t *Target) understand(ctx context.Context) error {
	conn, err := t.Server.Connect(ctx, t.template, "")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.Background()) }()
	unsteady, err := volatile(ctx, conn)
	if err != nil {
		return err
	}
	if err := t.bindable(ctx, conn); err != nil {
		return err
	}
	asked := map[string]bool{}
	for i := range t.Contract.Written {
		text := &t.Contract.Written[i]
		if asked[text.SQL] {
			continue
		}
		asked[text.SQL] = true
		_, err := conn.Prepare(ctx, "", text.SQL)
		var refused *pgconn.PgError
		if errors.As(err, &refused) && postgres.TroubleOf(err) == "" {
			return t.File.Refused(text, refusedBy(refused))
		}
		if err != nil {
			return err
		}
		for _, c := range sql.Calls(text.SQL) {
			if (c.Schema == "" || c.Schema == "pg_catalog") && unsteady[c.Name] {
				return t.File.Refused(text, c.Name+" gives another answer each time it is asked")
			}
		}
	}
	return nil
}

// volatile is Postgres' own functions that answer anew each time, such as random. What users
// wrote themselves is as a rule called volatile without being so.
func volatile(ctx context.Context, conn *pgx.Conn) (map[string]bool, error) {
	rows, err := conn.Query(ctx, "SELECT DISTINCT proname::text FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND provolatile = 'v' AND prokind = 'f'")
	if err != nil {
		return nil, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	out := map[string]bool{}
	for _, name := range names {
		out[name] = true
	}
	return out, err
}

func refusedBy(e *pgconn.PgError) string { return "Postgres refuses it: " + e.Message }

// blame puts the failure of a rule or a setting at its place in the contract; other errors stay.
func (t *Target) blame(ctx context.Context, err error) error {
	var unbound *run.BindError
	if errors.As(err, &unbound) {
		return t.unbound(ctx, unbound)
	}
	var failed *run.RuleError
	if !errors.As(err, &failed) {
		return err
	}
	i := slices.IndexFunc(t.Contract.Written, func(x model.Written) bool { return x.Rule == failed.Rule })
	if i < 0 {
		return err
	}
	return t.File.Refused(&t.Contract.Written[i], refusedBy(failed.Err))
}
