package script

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// RunOptions say where a script runs.
type RunOptions struct {
	// Database is the scratch database that the connection leads to. What the
	// script says about databases is said about this one.
	Database string
	// ExistingRole is asked when the script creates a role that exists already,
	// and before it alters or drops one that existed before it: may the script
	// treat this role as its own? Then CREATE ROLE is skipped with a note.
	// Defaults to refusing the former with an *Error and allowing the latter.
	ExistingRole func(name string) (ok bool, err error)
}

// A Result is what a script left besides the contents of the database.
type Result struct {
	Roles []string // created by it, sorted
	Notes []string // what was skipped or rewritten and why, with file and line
}

// Run executes the statements one by one, as psql would with ON_ERROR_STOP.
// The first failure is an *Error and ends the run; the Result says what was
// done until then. Afterwards the session is as it was before: no transaction,
// no temporary tables, settings and authorization reset. Settings that an
// earlier script gave to the database hold, as they do in a new session.
func Run(ctx context.Context, conn *pgx.Conn, s *Script, o RunOptions) (*Result, error) {
	r := &runner{conn: conn.PgConn(), forget: conn.DeallocateAll, options: o, result: &Result{}, said: map[string]bool{}}
	if err := r.prepare(ctx); err != nil {
		return r.result, err
	}
	err := r.all(ctx, s.Statements)
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	if after := r.leave(ending); err == nil {
		err = after
	}
	return r.result, err
}

// leaveTimeout is how long a cancelled run may take to tidy up.
const leaveTimeout = 10 * time.Second

// A runner is one run.
type runner struct {
	conn    *pgconn.PgConn
	forget  func(context.Context) error // drops the prepared statements, pgx's own too
	options RunOptions
	result  *Result
	said    map[string]bool // notes that are made once
	before  map[string]bool // roles that existed
	self    string          // the role that the connection logged in as
	created []string        // by a CREATE ROLE of the script, which may be rolled back
	open    *Statement      // the one that began the transaction
}

// note says what was skipped or rewritten.
func (r *runner) note(s *Statement, format string, args ...any) {
	r.result.Notes = append(r.result.Notes, fmt.Sprintf("%s:%d: %s", s.File, s.Line, fmt.Sprintf(format, args...)))
}

// once notes what may be so of many statements, at the first of a script.
func (r *runner) once(s *Statement, format string, args ...any) {
	if !r.said[format] {
		r.said[format] = true
		r.note(s, format, args...)
	}
}

// query returns the first column of a query's rows.
func (r *runner) query(ctx context.Context, sql string, args ...string) ([]string, error) {
	values := make([][]byte, len(args))
	for i, a := range args {
		values[i] = []byte(a)
	}
	result := r.conn.ExecParams(ctx, sql, values, nil, nil, nil).Read()
	var out []string
	for _, row := range result.Rows {
		out = append(out, string(row[0]))
	}
	return out, result.Err
}

const (
	roleNames = "SELECT rolname FROM pg_catalog.pg_roles"
	listRoles = roleNames + " ORDER BY rolname"
)

// prepare notes which roles exist and who we are, before the script changes anything.
func (r *runner) prepare(ctx context.Context) error {
	roles, err := r.query(ctx, listRoles)
	if err != nil {
		return fmt.Errorf("list roles: %w", err)
	}
	r.before = map[string]bool{}
	for _, name := range roles {
		r.before[name] = true
	}
	self, err := r.query(ctx, "SELECT session_user::text")
	if err != nil {
		return fmt.Errorf("ask for session_user: %w", err)
	}
	r.self = self[0]
	if _, err := r.query(ctx, freshSettings); err != nil {
		return fmt.Errorf("apply settings of the database: %w", err)
	}
	return nil
}

// freshSettings sets what ALTER DATABASE and ALTER ROLE of an earlier script
// set: that script ran in this session, yet for psql each file is a new one.
const freshSettings = `
SELECT pg_catalog.set_config(name, value, false) FROM (
  SELECT pg_catalog.split_part(one, '=', 1) AS name, pg_catalog.substr(one, pg_catalog.strpos(one, '=') + 1) AS value
  FROM pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) AS one
  WHERE s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
    AND s.setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user))
  ORDER BY s.setrole <> 0, s.setdatabase <> 0
) settings
WHERE pg_catalog.strpos(name, '.') > 0
   OR name IN (SELECT p.name FROM pg_catalog.pg_settings p WHERE p.context IN ('user', 'superuser'))`

// all runs the statements in order, and refuses a transaction that is still open at the end.
func (r *runner) all(ctx context.Context, statements []Statement) error {
	for i := range statements {
		s := &statements[i]
		adapted, err := r.adapt(ctx, s)
		if err != nil {
			return err
		}
		if adapted.skip {
			continue
		}
		if err := r.execute(ctx, s, adapted.text); err != nil {
			return r.failure(err, s, adapted, len(statements)-i-1)
		}
		if adapted.role != "" {
			r.created = append(r.created, adapted.role)
		}
		if r.conn.TxStatus() == 'I' {
			r.open = nil
		} else if r.open == nil {
			r.open = s
		}
	}
	if r.open != nil {
		e := r.open.fault(0, "the transaction that begins here never ends: psql would roll it back")
		e.Hint = "write COMMIT at its end"
		return e
	}
	return nil
}

// execute sends one statement as it is, by the simple protocol, as psql does.
func (r *runner) execute(ctx context.Context, s *Statement, text string) error {
	if s.Copy != nil {
		_, err := r.conn.CopyFrom(ctx, bytes.NewReader(s.Copy), text)
		return err
	}
	results, err := r.conn.Exec(ctx, text).ReadAll()
	for _, one := range results {
		if tag := one.CommandTag.String(); tag == "DISCARD ALL" || tag == "DEALLOCATE ALL" {
			return r.forget(ctx) // ExistingRole may use the connection
		}
	}
	if s.fresh && err == nil {
		_, err = r.query(ctx, freshSettings)
	}
	return err
}

// leave puts the session back and says which roles are new.
func (r *runner) leave(ctx context.Context) error {
	if r.conn.IsClosed() {
		r.result.Roles = r.created // as far as can be known
		return errors.New("the connection was lost")
	}
	reset := []string{"SET SESSION AUTHORIZATION DEFAULT", "RESET ALL", "CLOSE ALL", "UNLISTEN *", "DISCARD TEMP", "DISCARD SEQUENCES"}
	if r.conn.TxStatus() != 'I' {
		reset = slices.Insert(reset, 0, "ROLLBACK")
	}
	for _, one := range reset {
		if _, err := r.conn.Exec(ctx, one).ReadAll(); err != nil {
			return fmt.Errorf("reset the session: %w", err)
		}
	}
	if err := r.forget(ctx); err != nil {
		return fmt.Errorf("reset the session: %w", err)
	}
	roles, err := r.query(ctx, listRoles)
	if err != nil {
		return fmt.Errorf("list roles: %w", err)
	}
	for _, name := range roles {
		if !r.before[name] {
			r.result.Roles = append(r.result.Roles, name)
		}
	}
	return nil
}
