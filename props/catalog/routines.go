package catalog

import (
	"context"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// readRoutines finds the functions, procedures and aggregates of the judged schemas that a session
// may call, the functions of others that policies ask, and those of triggers that run with their
// owners' rights. Of an extension, only what runs with its owner's rights is found: all else does
// nothing that its caller could not do without it.
func (r *reader) readRoutines(ctx context.Context, _ Options) error {
	var err error
	if r.schema.Routines, err = r.routines(ctx, "p.pronamespace = ANY ($1::oid[]) AND "+called); err != nil {
		return err
	}
	if r.schema.Firing, err = r.routines(ctx, "p.prosecdef AND p.prorettype = 'trigger'::regtype AND $1::oid[] IS NOT NULL AND p.oid IN (SELECT t.tgfoid FROM pg_trigger t)"); err != nil {
		return err
	}
	r.schema.Helpers, err = r.routines(ctx, called+` AND NOT p.pronamespace = ANY ($1::oid[]) AND p.oid >= 16384
  AND p.oid IN (SELECT d.refobjid FROM pg_depend d WHERE d.classid = 'pg_policy'::regclass AND d.refclassid = 'pg_proc'::regclass)`)
	return err
}

// called is that no trigger calls it.
const called = "p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)"

// routines finds those of which a condition holds.
func (r *reader) routines(ctx context.Context, which string) ([]*model.Routine, error) {
	type routine struct {
		OID               uint32
		Schema, Name      string
		Signature         string
		Procedure         bool
		Aggregate         bool
		Ordered           bool
		Direct            int
		Definer, Volatile bool
		Set               bool
		Owner, Language   string
		Source, Head      string
		Defaults          int
		Returns           string
		Record            bool
		Callers           []string
		Pinned            bool
		Names             []string
		Cursors           []bool
	}
	found, err := query[routine](ctx, r, `
SELECT p.oid, n.nspname::text, p.proname::text,
       (SELECT coalesce(string_agg(format_type(a.t, NULL), ', ' ORDER BY a.i), '') FROM unnest(p.proargtypes) WITH ORDINALITY a (t, i)),
       p.prokind = 'p', p.prokind = 'a', coalesce(g.aggkind <> 'n', false), coalesce(g.aggnumdirectargs, 0)::int,
       p.prosecdef, p.provolatile = 'v' OR coalesce(g.volatile, false), p.proretset, pg_get_userbyid(p.proowner)::text, l.lanname::text,
       coalesce(g.calls, coalesce(p.prosrc, '') || coalesce(pg_get_function_sqlbody(p.oid), '')),
       CASE WHEN p.prokind = 'a' THEN '' ELSE split_part(split_part(split_part(pg_get_functiondef(p.oid), E'\nAS ', 1), E'\nBEGIN ATOMIC', 1), E'\nRETURN ', 1) END,
       p.pronargdefaults::int, format_type(p.prorettype, NULL),
       p.prorettype = 'record'::regtype AND p.proargmodes IS NULL,
       ARRAY(SELECT r.rolname::text FROM pg_roles r WHERE r.rolname = ANY ($2::text[])
             AND has_function_privilege(r.oid, p.oid, 'EXECUTE') AND has_schema_privilege(r.oid, n.oid, 'USAGE') ORDER BY 1),
       p.prosqlbody IS NOT NULL OR p.prokind = 'a' OR EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%pg_temp%'),
       coalesce(o.names, '{}'), coalesce(o.cursors, '{}')
FROM pg_proc p LEFT JOIN LATERAL (`+aggregates+`) g ON p.prokind = 'a' LEFT JOIN LATERAL (
  SELECT array_agg(coalesce(p.proargnames[a.i], '')::text ORDER BY a.i) AS names, array_agg(a.t = 'refcursor'::regtype ORDER BY a.i) AS cursors
  FROM unnest(p.proallargtypes) WITH ORDINALITY a (t, i) WHERE p.prokind = 'f' AND p.proargmodes[a.i] IN ('o', 'b', 't')
) o ON 'refcursor'::regtype = ANY (p.proallargtypes) JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
WHERE `+which+` AND p.prokind IN ('f', 'p', 'a')
  AND (p.prosecdef OR NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'))
ORDER BY n.nspname::text COLLATE "C", p.proname::text COLLATE "C", 4`, r.judged, texts(r.session))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	var out []*model.Routine
	byOID := map[uint32]*model.Routine{}
	oids := make([]uint32, len(found))
	for i, f := range found {
		m := &model.Routine{
			Schema: f.Schema, Name: f.Name, Signature: f.Signature, Procedure: f.Procedure, Definer: f.Definer, Volatile: f.Volatile,
			Set: f.Set, Owner: f.Owner, Language: f.Language, Source: f.Source, Head: f.Head, Defaults: f.Defaults, Returns: f.Returns,
			Record: f.Record, Callers: f.Callers, Pinned: f.Pinned,
		}
		if f.Aggregate {
			m.Aggregate = &model.Aggregate{Ordered: f.Ordered, Direct: f.Direct}
		}
		for n, cursor := range f.Cursors {
			m.Results = append(m.Results, model.ResultColumn{Name: f.Names[n], Cursor: cursor})
		}
		oids[i], byOID[f.OID] = f.OID, m
		out = append(out, m)
	}
	return out, r.readArguments(ctx, byOID, array(oids))
}

// aggregates reads of an aggregate p how it is called, and a text that calls the functions that it is
// made of, without Postgres' own.
const aggregates = `
  SELECT a.aggkind, a.aggnumdirectargs, bool_or(f.provolatile = 'v') AS volatile,
         coalesce('SELECT ' || string_agg(quote_ident(s.nspname) || '.' || quote_ident(f.proname) || '()', ', ' ORDER BY x.i), '') AS calls
  FROM pg_aggregate a
  CROSS JOIN unnest(ARRAY[a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn]::oid[]) WITH ORDINALITY x (f, i)
  LEFT JOIN (pg_proc f JOIN pg_namespace s ON s.oid = f.pronamespace AND s.nspname <> 'pg_catalog') ON f.oid = x.f
  WHERE a.aggfnoid = p.oid GROUP BY a.aggkind, a.aggnumdirectargs`

// argumentQuery resolves an argument's type as columnQuery does a column's. The OUT
// arguments of a function are left out: a caller gives none. An argument of an aggregate that has
// no name goes by that of the transition or final function that it is handed to.
const argumentQuery = `
WITH RECURSIVE ` + domains + `,
bases AS (SELECT DISTINCT ON (domain) domain, type FROM domains ORDER BY domain, depth DESC),
labels AS (
  SELECT enumtypid, array_agg(enumlabel::text ORDER BY enumsortorder) AS labels FROM pg_enum GROUP BY enumtypid
),
args AS (
  SELECT p.oid AS routine, a.i, a.t AS type, coalesce(nullif(p.proargnames[a.i], ''), (
    SELECT f.proargnames[1 + a.i - CASE WHEN a.i > g.aggnumdirectargs THEN g.aggnumdirectargs ELSE 0 END]
    FROM pg_aggregate g JOIN pg_proc f ON f.oid = CASE WHEN a.i > g.aggnumdirectargs THEN g.aggtransfn ELSE g.aggfinalfn END WHERE g.aggfnoid = p.oid
  ), '') AS name, coalesce(p.proargmodes[a.i], 'i') AS mode, p.prokind
  FROM pg_proc p CROSS JOIN LATERAL unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY a (t, i)
  WHERE p.oid = ANY ($1::oid[])
)
SELECT x.routine, x.name, format_type(x.type, NULL), e.typname::text, e.typtype::text, t.oid <> u.oid, coalesce(l.labels, '{}'),
       x.mode = 'v', x.mode = 'o',
       CASE WHEN t.typrelid <> 0 THEN (SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.oid = t.typrelid AND c.relkind IN ('r', 'p')) END
FROM args x
LEFT JOIN bases b ON b.domain = x.type
JOIN pg_type t ON t.oid = coalesce(b.type, x.type)
JOIN pg_type u ON u.oid = CASE WHEN t.typsubscript = 'array_subscript_handler'::regproc THEN t.typelem ELSE t.oid END
LEFT JOIN bases eb ON eb.domain = u.oid
JOIN pg_type e ON e.oid = coalesce(eb.type, u.oid)
LEFT JOIN labels l ON l.enumtypid = e.oid
WHERE x.mode IN ('i', 'b', 'v') OR x.mode = 'o' AND x.prokind = 'p'
ORDER BY x.routine, x.i`

func (r *reader) readArguments(ctx context.Context, routines map[uint32]*model.Routine, oids string) error {
	type argument struct {
		Routine       uint32
		Name          string
		Type          string
		Base, Family  string
		Array         bool
		Enum          []string
		Variadic, Out bool
		Row           *string
	}
	found, err := query[argument](ctx, r, argumentQuery, oids)
	if err != nil {
		return err
	}
	for _, f := range found {
		m := routines[f.Routine]
		a := model.RoutineArg{Name: f.Name, Variadic: f.Variadic, Out: f.Out}
		a.Type = model.Type{Name: f.Type, Plain: f.Type, Base: f.Base, Array: f.Array, Kind: kind(f.Base, f.Family, f.Array, true)}
		if len(f.Enum) > 0 {
			a.Type.Enum = f.Enum
		}
		if f.Row != nil {
			a.Row = *f.Row
		}
		if f.Base == "refcursor" && f.Out {
			m.Unfit = "it opens a cursor under a name of which no caller knows"
		}
		if f.Family == "p" {
			pseudo(m, f.Base, &a)
		}
		m.Args = append(m.Args, a)
	}
	return nil
}

// pseudo gives an argument of a polymorphic type one that every value has; of any other
// pseudo-type nobody can make a value.
func pseudo(m *model.Routine, base string, a *model.RoutineArg) {
	text := model.Type{Name: "text", Plain: "text", Base: "text", Kind: sql.Text}
	switch base {
	case "anyelement", "anynonarray", "anycompatible", "anycompatiblenonarray":
		a.Type = text
	case "any":
		a.Type, a.Variadic = text, false // of VARIADIC "any" a caller gives one value
	case "anyarray", "anycompatiblearray":
		a.Type = model.Type{Name: "text[]", Plain: "text[]", Base: "text", Array: true, Kind: sql.Other}
	case "internal", "cstring":
		m.Unfit = "an argument is of the internal type " + base
	default:
		m.Unfit = "no value of the type " + base + " can be made"
	}
}
