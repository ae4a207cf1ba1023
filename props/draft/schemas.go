package draft

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props/catalog"
)

// schemaQuery lists the tables to judge, as schema, table, and whether the schema is a preset's own
// ($1). Of a preset's own schemas these are the tables with policies, which presets do not write,
// those that the users' tables refer to at whatever distance, and auth.users where a column holds
// a list that may name users, since no foreign key can lead there. Then come the users' schemas
// with views or functions, with an empty table: they may hold nothing else.
const schemaQuery = `
WITH RECURSIVE tables AS (
  SELECT c.oid, n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e')
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')
), wanted AS (
  SELECT oid FROM tables WHERE nspname <> ALL ($1::text[]) OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = tables.oid)
  UNION
  SELECT u.attrelid FROM pg_attribute u JOIN pg_type y ON y.oid = u.atttypid JOIN tables t ON t.oid = u.attrelid
  WHERE t.nspname = 'auth' AND t.oid::regclass::text = 'auth.users' AND t.nspname = ANY ($1) AND u.attname = 'id'
    AND EXISTS (SELECT FROM pg_attribute a JOIN tables o ON o.oid = a.attrelid WHERE a.atttypid = y.typarray AND o.nspname <> ALL ($1))
  UNION
  SELECT k.confrelid FROM wanted w JOIN pg_constraint k ON k.conrelid = w.oid AND k.contype = 'f'
)
SELECT t.nspname::text COLLATE "C", c.relname::text COLLATE "C", t.nspname = ANY ($1::text[])
FROM tables t JOIN wanted w ON w.oid = t.oid JOIN pg_class c ON c.oid = t.oid
UNION ALL
SELECT n.nspname::text, '', false FROM pg_namespace n
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname <> ALL ($1::text[])
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')
  AND EXISTS (
    SELECT 'pg_class'::regclass AS class, c.oid FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('v', 'm')
    UNION ALL
    SELECT 'pg_proc'::regclass, p.oid FROM pg_proc p WHERE p.pronamespace = n.oid
    EXCEPT ALL
    SELECT d.classid, d.objid FROM pg_depend d WHERE d.deptype = 'e')
ORDER BY 1, 2`

// Judged is the schemas that a draft is about, and the single tables of the schemas that a preset
// brings, which own names.
func Judged(ctx context.Context, conn *pgx.Conn, own []string) ([]string, []catalog.TableName, error) {
	if own == nil {
		own = []string{}
	}
	rows, err := conn.Query(ctx, schemaQuery, own)
	if err != nil {
		return nil, nil, fmt.Errorf("list tables: %w", err)
	}
	var schemas []string
	var single []catalog.TableName
	var t catalog.TableName
	var brought bool
	_, err = pgx.ForEachRow(rows, []any{&t.Schema, &t.Name, &brought}, func() error {
		if brought {
			single = append(single, t)
		} else if !slices.Contains(schemas, t.Schema) {
			schemas = append(schemas, t.Schema)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list tables: %w", err)
	}
	return schemas, single, nil
}

// inner is the schemas that clients of a preset's API are taken not to reach, since they hold
// nothing but functions that policies call. If such a function tells too much, it shows where the
// policies let rows through.
func (s *Survey) inner() []string {
	whole := s.policies()
	var out []string
	for _, f := range s.Functions {
		if !slices.Contains(out, f.Schema) && !slices.Contains(s.Own, f.Schema) {
			out = append(out, f.Schema)
		}
	}
	return slices.DeleteFunc(out, func(schema string) bool {
		return slices.Contains(tableSchemas(s.Schema), schema) ||
			slices.ContainsFunc(s.Views, func(v *View) bool { return v.Schema == schema }) ||
			slices.ContainsFunc(s.Functions, func(f *Function) bool {
				return f.Schema == schema && !f.Trigger && len(f.Callers) > 0 && !stands(whole, f.Name)
			})
	})
}

// Keeps calls run, which runs the users' files, and gives those of the preset's schemas that are
// still its own. A schema that the files drop and create anew is the users'.
func Keeps(ctx context.Context, conn *pgx.Conn, own []string, run func() error) ([]string, error) {
	before, err := namespaces(ctx, conn)
	if err != nil {
		return nil, err
	}
	if err := run(); err != nil {
		return nil, err
	}
	after, err := namespaces(ctx, conn)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, name := range own {
		if before[name] == after[name] {
			out = append(out, name)
		}
	}
	return out, nil
}

// namespaces is the OIDs of all schemas by name.
func namespaces(ctx context.Context, conn *pgx.Conn) (map[string]uint32, error) {
	rows, err := conn.Query(ctx, "SELECT nspname::text, oid FROM pg_namespace")
	if err != nil {
		return nil, fmt.Errorf("list schemas: %w", err)
	}
	out := map[string]uint32{}
	var name string
	var oid uint32
	if _, err := pgx.ForEachRow(rows, []any{&name, &oid}, func() error { out[name] = oid; return nil }); err != nil {
		return nil, fmt.Errorf("list schemas: %w", err)
	}
	return out, nil
}

// tableSchemas is the schemas that have tables.
func tableSchemas(s *model.Schema) []string {
	var out []string
	for _, t := range s.Tables {
		if !slices.Contains(out, t.Schema) {
			out = append(out, t.Schema)
		}
	}
	return out
}
