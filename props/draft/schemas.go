package draft

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// schemaQuery is the schemas with tables; of a preset's own, those that the users' tables
// refer to, at whatever distance, and those with policies, which presets do not write.
const schemaQuery = `
WITH RECURSIVE tables AS (
  SELECT c.oid, n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e')
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')
), wanted AS (
  SELECT oid FROM tables WHERE nspname <> ALL ($1::text[]) OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = tables.oid)
  UNION
  SELECT k.confrelid FROM wanted w JOIN pg_constraint k ON k.conrelid = w.oid AND k.contype = 'f'
)
SELECT DISTINCT t.nspname::text COLLATE "C" FROM tables t JOIN wanted w ON w.oid = t.oid ORDER BY 1`

// Schemas is the schemas that a draft is about. own names those that a preset brings.
func Schemas(ctx context.Context, conn *pgx.Conn, own []string) ([]string, error) {
	if own == nil {
		own = []string{}
	}
	rows, err := conn.Query(ctx, schemaQuery, own)
	if err != nil {
		return nil, fmt.Errorf("list schemas: %w", err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list schemas: %w", err)
	}
	return out, nil
}

// Login is SQL that makes a login for roles that none of the schema's can take; without
// such roles, one with the usual privileges of an application.
func Login(s *Survey, login string, roles []string) string {
	var b strings.Builder
	name := sql.QuoteName(login)
	if len(roles) > 0 {
		b.WriteString("-- Made by rlsfuzz init: no role of the schema has LOGIN and may take the roles that\n-- have privileges. Put the application's own login in its place.\n")
		b.WriteString("CREATE ROLE " + name + " LOGIN NOINHERIT;\n")
		for _, r := range roles {
			b.WriteString("GRANT " + sql.QuoteName(r) + " TO " + name + ";\n")
		}
		return b.String()
	}
	b.WriteString("-- Made by rlsfuzz init: no role of the schema has privileges. This one has those that an\n-- application usually has, and owns nothing. Put the application's own role in its place.\n")
	b.WriteString("CREATE ROLE " + name + " LOGIN;\n")
	for _, schema := range tableSchemas(s.Schema) {
		if slices.Contains(s.Own, schema) {
			continue
		}
		at := sql.QuoteName(schema)
		b.WriteString("GRANT USAGE ON SCHEMA " + at + " TO " + name + ";\n")
		b.WriteString("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA " + at + " TO " + name + ";\n")
		b.WriteString("GRANT USAGE ON ALL SEQUENCES IN SCHEMA " + at + " TO " + name + ";\n")
	}
	return b.String()
}

func tableSchemas(s *model.Schema) []string {
	var out []string
	for _, t := range s.Tables {
		if !slices.Contains(out, t.Schema) {
			out = append(out, t.Schema)
		}
	}
	return out
}
