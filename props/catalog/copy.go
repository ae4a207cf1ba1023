package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// lists are the settings that hold lists of names. A literal would be taken for
// one name, so their stored text is set first and copied from the session.
var lists = []string{"search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries"}

// CopySettings gives the database to what belongs to from and is not part of a
// template: ALTER DATABASE … SET, ALTER ROLE … IN DATABASE … SET, the owner and
// the privileges, in place of its own; and the comment, unless it bears one. The
// connection is a superuser's, outside a transaction, to any database. All of it
// is done or nothing. A name that is no database is a *NotFoundError.
func CopySettings(ctx context.Context, conn *pgx.Conn, from, to string) error {
	if conn.PgConn().TxStatus() != 'I' {
		return errors.New("copy database settings: the connection is in a transaction")
	}
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		c := databaseCopy{tx: tx, from: from, to: to}
		return c.run(ctx)
	})
	if err != nil {
		return fmt.Errorf("copy database settings %q to %q: %w", from, to, err)
	}
	return nil
}

type databaseCopy struct {
	tx       pgx.Tx
	from, to string
}

func (c *databaseCopy) run(ctx context.Context) error {
	for _, name := range []string{c.from, c.to} {
		var exists bool
		err := c.tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = $1)",
			pgx.QueryExecModeExec, name).Scan(&exists)
		if err != nil {
			return err
		}
		if !exists {
			return &NotFoundError{Object: "database", Name: name}
		}
	}
	// Read everything first: the search_path changes on the way.
	var statements []string
	for _, query := range []string{clearSettings, copyOwner, clearPrivileges, copyPrivileges, copyComment} {
		more, err := c.strings(ctx, query)
		if err != nil {
			return err
		}
		statements = append(statements, more...)
	}
	settings, err := c.settings(ctx)
	if err != nil {
		return err
	}
	for _, statement := range statements {
		if err := c.exec(ctx, statement); err != nil {
			return err
		}
	}
	for _, s := range settings {
		if err := c.set(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// The queries below write statements about the database $2 after the model of $1.
const (
	clearSettings = `
SELECT CASE s.setrole WHEN 0 THEN format('ALTER DATABASE %I RESET ALL', $2::text)
       ELSE format('ALTER ROLE %I IN DATABASE %I RESET ALL', pg_get_userbyid(s.setrole), $2::text) END
FROM pg_db_role_setting s JOIN pg_database t ON t.oid = s.setdatabase WHERE t.datname = $2 AND $1::text <> ''`

	copyOwner = `
SELECT format('ALTER DATABASE %I OWNER TO %I', t.datname, pg_get_userbyid(f.datdba))
FROM pg_database f, pg_database t WHERE f.datname = $1 AND t.datname = $2 AND f.datdba <> t.datdba`

	// Privileges of the owner follow the database when it changes hands.
	clearPrivileges = `
SELECT DISTINCT format('REVOKE ALL ON DATABASE %I FROM %s CASCADE', t.datname,
       CASE g.grantee WHEN 0 THEN 'PUBLIC' WHEN t.datdba THEN quote_ident(pg_get_userbyid(f.datdba))
       ELSE quote_ident(pg_get_userbyid(g.grantee)) END)
FROM pg_database f, pg_database t, aclexplode(coalesce(t.datacl, acldefault('d', t.datdba))) g
WHERE f.datname = $1 AND t.datname = $2 AND (f.datacl IS NOT NULL OR t.datacl IS NOT NULL)`

	copyPrivileges = `
SELECT format('GRANT %s ON DATABASE %I TO %s%s', g.privilege_type, t.datname,
       CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
       CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
FROM pg_database f, pg_database t, aclexplode(coalesce(f.datacl, acldefault('d', f.datdba))) g
WHERE f.datname = $1 AND t.datname = $2 AND (f.datacl IS NOT NULL OR t.datacl IS NOT NULL)
ORDER BY g.grantee, g.privilege_type`

	copyComment = `
SELECT format('COMMENT ON DATABASE %I IS %L', t.datname, shobj_description(f.oid, 'pg_database'))
FROM pg_database f, pg_database t
WHERE f.datname = $1 AND t.datname = $2 AND shobj_description(f.oid, 'pg_database') IS NOT NULL
  AND shobj_description(t.oid, 'pg_database') IS NULL`
)

// setting is one stored setting with the statement that makes it for the other database.
type setting struct {
	Name, Value string
	Statement   string // ends after the setting's name
	Literal     string
}

func (c *databaseCopy) settings(ctx context.Context) ([]setting, error) {
	rows, err := c.tx.Query(ctx, `
SELECT e.name, e.value,
       CASE s.setrole WHEN 0 THEN format('ALTER DATABASE %I', $2::text)
       ELSE format('ALTER ROLE %I IN DATABASE %I', pg_get_userbyid(s.setrole), $2::text) END || ' SET ' ||
       (SELECT string_agg(quote_ident(part), '.' ORDER BY at) FROM string_to_table(e.name, '.') WITH ORDINALITY p (part, at)),
       quote_literal(e.value)
FROM pg_db_role_setting s JOIN pg_database f ON f.oid = s.setdatabase
CROSS JOIN LATERAL unnest(s.setconfig) WITH ORDINALITY c (entry, at)
CROSS JOIN LATERAL (SELECT split_part(c.entry, '=', 1), substr(c.entry, strpos(c.entry, '=') + 1)) e (name, value)
WHERE f.datname = $1 ORDER BY s.setrole, c.at`, pgx.QueryExecModeExec, c.from, c.to)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[setting])
}

func (c *databaseCopy) set(ctx context.Context, s setting) error {
	if !slices.Contains(lists, s.Name) {
		return c.exec(ctx, s.Statement+" TO "+s.Literal)
	}
	if err := c.exec(ctx, "SELECT pg_catalog.set_config($1, $2, true)", s.Name, s.Value); err != nil {
		return err
	}
	return c.exec(ctx, s.Statement+" FROM CURRENT")
}

func (c *databaseCopy) exec(ctx context.Context, statement string, args ...any) error {
	_, err := c.tx.Exec(ctx, statement, append([]any{pgx.QueryExecModeExec}, args...)...)
	return err
}

func (c *databaseCopy) strings(ctx context.Context, query string) ([]string, error) {
	rows, err := c.tx.Query(ctx, query, pgx.QueryExecModeExec, c.from, c.to)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
