package catalog

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// Options says which part of a database is read.
type Options struct {
	// Schemas are the judged schemas. Defaults to every schema that PUBLIC or one
	// of Roles may use and that is not Postgres' own, an extension's, or in Skip.
	// Superusers among the roles count only when Roles names them.
	Schemas []string
	// Tables are single tables of further schemas, which are judged as well.
	Tables []TableName
	// Skip names schemas that are never judged by default, such as a preset's own.
	Skip []string
	// Roles are the roles, of login and group kind, whose privileges are wanted.
	// Defaults to every role of the cluster except the pg_ ones. On a server that
	// others use too, name them: a Fingerprint covers every role that was read.
	Roles []string
}

// TableName names a table.
type TableName struct{ Schema, Name string }

// NotFoundError says that a schema, table, role or database that was named does not exist.
type NotFoundError struct {
	Object string // schema, table, role or database
	Name   string
}

// Error names the object.
func (e *NotFoundError) Error() string {
	return fmt.Sprintf("%s %q does not exist", e.Object, e.Name)
}

// Read reads the catalog and the rows of the connection's database. The
// connection must be outside a transaction and a superuser's; it is left as it
// was. A table's Seed is the rows that it holds itself: a partitioned table has
// none, a parent has none of its children's. Errors are
// *NotFoundError for names in the options, and those of Postgres.
func Read(ctx context.Context, conn *pgx.Conn, o Options) (*model.Schema, error) {
	if conn.PgConn().TxStatus() != 'I' {
		return nil, errors.New("read catalog: the connection is in a transaction")
	}
	r := &reader{conn: conn, schema: &model.Schema{}}
	tx := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, conn, tx, func(pgx.Tx) error { return r.read(ctx, o) })
	if err != nil {
		return nil, fmt.Errorf("read catalog: %w", err)
	}
	return r.schema, nil
}

// reader is one reading of one database. Only it knows OIDs.
type reader struct {
	conn    *pgx.Conn
	schema  *model.Schema
	judged  string   // OIDs of the judged schemas, as a Postgres array
	single  string   // OIDs of tables that are judged by themselves
	session []string // roles whose privileges are read, by name

	tables  map[uint32]*model.Table
	indexes map[uint32]map[int16]int // by table: attnum to column index
	oids    string                   // OIDs of the judged tables in the order of schema.Tables
	filled  map[uint32]bool          // tables that have ever held rows
}

// formats are the settings under which names, expressions and values are printed.
// row_security off makes a reader who is no superuser fail rather than miss rows.
const formats = `
SET LOCAL search_path = '';
SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO, MDY';
SET LOCAL intervalstyle = 'postgres';
SET LOCAL extra_float_digits TO DEFAULT;
SET LOCAL bytea_output = 'hex';
SET LOCAL quote_all_identifiers = off;
SET LOCAL standard_conforming_strings = on;
SET LOCAL row_security = off`

func (r *reader) read(ctx context.Context, o Options) error {
	if _, err := r.conn.PgConn().Exec(ctx, formats).ReadAll(); err != nil {
		return fmt.Errorf("set formats: %w", err)
	}
	for _, subject := range []struct {
		name string
		read func(context.Context, Options) error
	}{
		{"server", r.readServer},
		{"roles", r.readRoles},
		{"schemas", r.readSchemas},
		{"tables", r.readTables},
		{"columns", r.readColumns},
		{"keys", r.readKeys},
		{"foreign keys", r.readForeignKeys},
		{"checks", r.readChecks},
		{"exclusions", r.readExclusions},
		{"partitions", r.readBounds},
		{"types", r.readShapes},
		{"policies", r.readPolicies},
		{"triggers", r.readTriggers},
		{"texts", r.readTexts},
		{"needed roles", r.keepRoles},
		{"privileges", r.readPrivileges},
		{"column privileges", r.readColumnPrivileges},
		{"views", r.readViews},
		{"routines", r.readRoutines},
		{"constant functions", r.readFrozen},
		{"settings", r.readSettings},
		{"sequences", r.readSequences},
		{"rows", r.readRows},
	} {
		if err := subject.read(ctx, o); err != nil {
			return fmt.Errorf("%s: %w", subject.name, err)
		}
	}
	return nil
}

// query runs SQL without preparing it, so that nothing stays on the connection.
func query[T any](ctx context.Context, r *reader, sql string, args ...any) ([]T, error) {
	rows, err := r.conn.Query(ctx, sql, append([]any{pgx.QueryExecModeExec}, args...)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[T])
}

func (r *reader) readServer(ctx context.Context, _ Options) error {
	type server struct {
		Version    int
		Owner      string
		Extensions []string
	}
	found, err := query[server](ctx, r, `
SELECT current_setting('server_version_num')::int, pg_get_userbyid(d.datdba)::text,
       ARRAY(SELECT extname::text FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY extname)
FROM pg_database d WHERE d.datname = current_database()`)
	if err != nil {
		return err
	}
	s := r.schema
	s.Version, s.Owner = found[0].Version, found[0].Owner
	if len(found[0].Extensions) > 0 {
		s.Extensions = found[0].Extensions
	}
	return nil
}
