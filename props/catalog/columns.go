package catalog

import (
	"context"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// domains is a recursive query of every domain with the types it stands on.
// The modifier of the innermost domain is the one that counts; base is false
// for the steps on the way.
const domains = `
domains (domain, link, type, typmod, depth) AS (
  SELECT oid, oid, typbasetype, typtypmod, 1 FROM pg_type WHERE typtype = 'd'
  UNION ALL
  SELECT d.domain, t.oid, t.typbasetype, t.typtypmod, d.depth + 1
  FROM domains d JOIN pg_type t ON t.oid = d.type WHERE t.typtype = 'd'
)`

// columnQuery resolves a column's type twice: the column's own domains, then
// those of an array's elements.
const columnQuery = `
WITH RECURSIVE ` + domains + `,
bases AS (
  SELECT DISTINCT ON (domain) domain, type, typmod,
         bool_or(l.typnotnull) OVER (PARTITION BY domain) AS notnull,
         first_value(pg_get_expr(l.typdefaultbin, 0)) OVER (PARTITION BY domain ORDER BY l.typdefaultbin IS NULL, depth) AS fallback
  FROM domains d JOIN pg_type l ON l.oid = d.link ORDER BY domain, depth DESC
),
labels AS (
  SELECT enumtypid, array_agg(enumlabel::text ORDER BY enumsortorder) AS labels FROM pg_enum GROUP BY enumtypid
)
SELECT a.attrelid, a.attnum, a.attname::text, format_type(a.atttypid, a.atttypmod), format_type(t.oid, m.typmod),
       e.typname::text, e.typtype::text, t.oid <> u.oid, coalesce(l.labels, '{}'),
       coalesce(o.collisdeterministic, true),
       CASE WHEN u.typname IN ('varchar', 'bpchar') AND m.typmod > 4 THEN m.typmod - 4 ELSE 0 END,
       a.attnotnull OR coalesce(b.notnull, false), a.attidentity::text, a.attgenerated <> '',
       coalesce(pg_get_expr(f.adbin, f.adrelid), CASE WHEN a.attidentity = '' AND a.attgenerated = '' THEN b.fallback END, '')
FROM pg_attribute a
LEFT JOIN bases b ON b.domain = a.atttypid
JOIN pg_type t ON t.oid = coalesce(b.type, a.atttypid)
CROSS JOIN LATERAL (SELECT coalesce(b.typmod, a.atttypmod) AS typmod) m
JOIN pg_type u ON u.oid = CASE WHEN t.typsubscript = 'array_subscript_handler'::regproc THEN t.typelem ELSE t.oid END
LEFT JOIN bases eb ON eb.domain = u.oid
JOIN pg_type e ON e.oid = coalesce(eb.type, u.oid)
LEFT JOIN labels l ON l.enumtypid = e.oid
LEFT JOIN pg_collation o ON o.oid = a.attcollation
LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum`

// attribute is a row of columnQuery.
type attribute struct {
	Table         uint32
	Number        int16
	Name          string
	Type, Plain   string
	Base, Family  string
	Array         bool
	Enum          []string
	Deterministic bool
	Length        int
	NotNull       bool
	Identity      string
	Generated     bool
	Default       string
}

func (a *attribute) columnType() model.Type {
	t := model.Type{
		Name: a.Type, Plain: a.Plain, Base: a.Base, Array: a.Array, Length: a.Length,
		Kind: kind(a.Base, a.Family, a.Array, a.Deterministic),
	}
	if len(a.Enum) > 0 {
		t.Enum = a.Enum
	}
	return t
}

func (r *reader) readColumns(ctx context.Context, _ Options) error {
	found, err := query[attribute](ctx, r, columnQuery, r.oids)
	if err != nil {
		return err
	}
	for i := range found {
		f := &found[i]
		c := model.Column{Name: f.Name, NotNull: f.NotNull, Identity: f.Identity, Generated: f.Generated, Type: f.columnType()}
		if f.Generated {
			c.Formula = f.Default
		} else {
			c.Default = f.Default
		}
		t := r.tables[f.Table]
		r.indexes[f.Table][f.Number] = len(t.Columns)
		t.Columns = append(t.Columns, c)
	}
	return nil
}

// kind says whether Go may compare values of a type. char(n) ignores trailing
// blanks and name is truncated, so neither is text.
func kind(base, family string, array, deterministic bool) model.Kind {
	switch {
	case array:
		return sql.Other
	case family == "e":
		return sql.Enum
	case family != "b":
		return sql.Other
	}
	switch base {
	case "int2", "int4", "int8":
		return sql.Int
	case "bool":
		return sql.Bool
	case "uuid":
		return sql.UUID
	case "text", "varchar":
		if deterministic {
			return sql.Text
		}
	}
	return sql.Other
}
