package draft

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// Survey is what a draft is made from: the catalog of the tables, and beside it the
// functions and views through which sessions reach them.
type Survey struct {
	Schema    *model.Schema
	Functions []*Function
	Views     []*View
	Own       []string // schemas that the preset brings
}

// Function is a function or a procedure that no extension made.
type Function struct {
	Schema, Name string
	Args         []Arg // of its call, without OUT ones
	Returns      string
	Set          bool // returns any number of rows
	Procedure    bool
	Trigger      bool // can only be called by a trigger
	Definer      bool // SECURITY DEFINER
	Language     string
	Body         string // its text; for SQL bodies the statement
	Owner        string
	Callers      []string             // roles that may call it
	Public       bool                 // everybody may
	Results      []model.ResultColumn // what it returns, where some of it is cursors
}

// Arg is an argument of a function.
type Arg struct {
	Name, Type string
	Default    bool
	Variadic   bool // the array of any number of arguments
}

// View is a view or a materialized view.
type View struct {
	Schema, Name string
	Stored       bool // materialized
	Invoker      bool // security_invoker
	Owner        string
	Definition   string
	Readers      []string // roles that may select from it
}

// functionQuery reads functions and procedures; $1 is the roles of which it is told whether they may
// call them.
const functionQuery = `
SELECT n.nspname::text, p.proname::text, coalesce(a.names, '{}'), coalesce(a.types, '{}'), p.pronargdefaults::int, p.provariadic <> 0,
       coalesce(pg_get_function_result(p.oid), ''), p.proretset, p.prokind = 'p',
       p.prorettype IN ('trigger'::regtype, 'event_trigger'::regtype), p.prosecdef, l.lanname::text,
       coalesce(nullif(p.prosrc, ''), pg_get_function_sqlbody(p.oid), ''), pg_get_userbyid(p.proowner)::text,
       ARRAY(SELECT r.rolname::text FROM pg_roles r WHERE r.rolname = ANY ($1::text[])
             AND has_function_privilege(r.oid, p.oid, 'EXECUTE') AND has_schema_privilege(r.oid, n.oid, 'USAGE') ORDER BY 1),
       has_function_privilege('public', p.oid, 'EXECUTE'), coalesce(o.names, '{}'), coalesce(o.cursors, '{}')
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
LEFT JOIN LATERAL (
  SELECT array_agg(coalesce(p.proargnames[i.place], '')::text ORDER BY i.place) AS names, array_agg(i.type = 'refcursor'::regtype ORDER BY i.place) AS cursors
  FROM unnest(p.proallargtypes) WITH ORDINALITY i (type, place) WHERE p.prokind = 'f' AND p.proargmodes[i.place] IN ('o', 'b', 't')
) o ON 'refcursor'::regtype = ANY (p.proallargtypes)
CROSS JOIN LATERAL (
  SELECT array_agg(coalesce(p.proargnames[i.place], '')::text ORDER BY i.place) AS names,
         array_agg(format_type(i.type, NULL) ORDER BY i.place) AS types
  FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY i (type, place)
  WHERE coalesce(p.proargmodes[i.place], 'i') IN ('i', 'b', 'v')
) a
WHERE p.prokind IN ('f', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
ORDER BY n.nspname::text COLLATE "C", p.proname::text COLLATE "C", pg_get_function_identity_arguments(p.oid) COLLATE "C"`

// viewQuery reads views; $1 is the roles of which it is told whether they may read them.
const viewQuery = `
SELECT n.nspname::text, c.relname::text, c.relkind = 'm',
       coalesce((SELECT o.option_value::bool FROM pg_options_to_table(c.reloptions) o WHERE o.option_name = 'security_invoker'), false),
       pg_get_userbyid(c.relowner)::text, coalesce(pg_get_viewdef(c.oid), ''),
       ARRAY(SELECT r.rolname::text FROM pg_roles r WHERE r.rolname = ANY ($1::text[])
             AND has_any_column_privilege(r.oid, c.oid, 'SELECT') AND has_schema_privilege(r.oid, n.oid, 'USAGE') ORDER BY 1)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e')
ORDER BY n.nspname::text COLLATE "C", c.relname::text COLLATE "C"`

// Look reads the functions and views of the connection's database. own names the
// schemas that a preset brings.
func Look(ctx context.Context, conn *pgx.Conn, s *model.Schema, own []string) (*Survey, error) {
	out := &Survey{Schema: s, Own: own}
	roles := make([]string, 0, len(s.Privileges))
	for name := range s.Privileges {
		roles = append(roles, name)
	}
	tx := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, conn, tx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL search_path = ''"); err != nil {
			return err
		}
		if err := out.readFunctions(ctx, tx, roles); err != nil {
			return fmt.Errorf("functions: %w", err)
		}
		if err := out.readViews(ctx, tx, roles); err != nil {
			return fmt.Errorf("views: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read catalog: %w", err)
	}
	return out, nil
}

// searched is the schemas where a name without a schema is looked for: public first, then all
// others, since functions may have any in their search paths.
func (s *Survey) searched() []string {
	out := []string{"public"}
	add := func(schema string) {
		if !slices.Contains(out, schema) {
			out = append(out, schema)
		}
	}
	for _, t := range s.Schema.Tables {
		add(t.Schema)
	}
	for _, f := range s.Functions {
		add(f.Schema)
	}
	return out
}

// readFunctions reads functions and procedures; roles are those whose right to call them is told.
func (s *Survey) readFunctions(ctx context.Context, tx pgx.Tx, roles []string) error {
	rows, err := tx.Query(ctx, functionQuery, roles)
	if err != nil {
		return err
	}
	var f Function
	var names, types, results []string
	var cursors []bool
	var defaults int
	var variadic bool
	_, err = pgx.ForEachRow(rows, []any{
		&f.Schema, &f.Name, &names, &types, &defaults, &variadic, &f.Returns, &f.Set, &f.Procedure, &f.Trigger, &f.Definer, &f.Language,
		&f.Body, &f.Owner, &f.Callers, &f.Public, &results, &cursors,
	}, func() error {
		one := f
		one.Args = nil
		for i := range types {
			one.Args = append(one.Args, Arg{Name: names[i], Type: types[i], Default: i >= len(types)-defaults, Variadic: variadic && i == len(types)-1})
		}
		for i, cursor := range cursors {
			one.Results = append(one.Results, model.ResultColumn{Name: results[i], Cursor: cursor})
		}
		results, cursors = nil, nil
		s.Functions = append(s.Functions, &one)
		f.Callers, names, types = nil, nil, nil
		return nil
	})
	return err
}

// readViews reads views; roles are those whose right to read them is told.
func (s *Survey) readViews(ctx context.Context, tx pgx.Tx, roles []string) error {
	rows, err := tx.Query(ctx, viewQuery, roles)
	if err != nil {
		return err
	}
	var v View
	_, err = pgx.ForEachRow(rows, []any{&v.Schema, &v.Name, &v.Stored, &v.Invoker, &v.Owner, &v.Definition, &v.Readers}, func() error {
		one := v
		s.Views = append(s.Views, &one)
		v.Readers = nil
		return nil
	})
	return err
}
