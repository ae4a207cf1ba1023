package catalog

import (
	"context"

	"github.com/rlsfuzz/rlsfuzz/model"
)

func (r *reader) readKeys(ctx context.Context, _ Options) error {
	type key struct {
		Table      uint32
		Name       string
		Columns    []int16
		Primary    bool
		Partial    bool
		NullsEqual bool
		Deferrable bool
		Where      string
	}
	found, err := query[key](ctx, r, `
SELECT i.indrelid, c.relname::text, (i.indkey::int2[])[0:i.indnkeyatts - 1], i.indisprimary,
       i.indpred IS NOT NULL, i.indnullsnotdistinct, NOT i.indimmediate, coalesce(pg_get_expr(i.indpred, i.indrelid), '')
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY ($1::oid[]) AND i.indisunique AND i.indisready AND i.indexprs IS NULL
ORDER BY i.indrelid, c.relname::text COLLATE "C"`, r.oids)
	if err != nil {
		return err
	}
	for _, f := range found {
		t := r.tables[f.Table]
		columns := r.columns(f.Table, f.Columns)
		if f.Primary {
			t.Key = columns
		}
		t.Unique = append(t.Unique, model.Unique{
			Name: f.Name, Columns: columns, Partial: f.Partial,
			Where: f.Where, NullsEqual: f.NullsEqual, Deferrable: f.Deferrable,
		})
	}
	return nil
}

// enforced leaves out NOT ENFORCED constraints, which Postgres 18 introduced.
func (r *reader) enforced() string {
	if r.schema.Version >= 180000 {
		return "k.conenforced"
	}
	return "true"
}

// readForeignKeys leaves out the rows that Postgres adds to a key for each
// partition of its target; a partition's own copy of a key is kept.
func (r *reader) readForeignKeys(ctx context.Context, _ Options) error {
	type key struct {
		Table, Target    uint32
		Name             string
		Schema, Relation string
		Columns, Targets []int16
		Delete, Update   string
		Deferred, Full   bool
	}
	found, err := query[key](ctx, r, `
SELECT k.conrelid, k.confrelid, k.conname::text, n.nspname::text, c.relname::text, k.conkey, k.confkey,
       k.confdeltype::text, k.confupdtype::text, k.condeferred, k.confmatchtype = 'f'
FROM pg_constraint k JOIN pg_class c ON c.oid = k.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_constraint p ON p.oid = k.conparentid
WHERE k.contype = 'f' AND k.conrelid = ANY ($1::oid[]) AND p.conrelid IS DISTINCT FROM k.conrelid AND `+r.enforced()+`
ORDER BY k.conrelid, k.conname::text COLLATE "C"`, r.oids)
	if err != nil {
		return err
	}
	for _, f := range found {
		k := model.ForeignKey{
			Name: f.Name, Columns: r.columns(f.Table, f.Columns), Target: r.tables[f.Target],
			TargetName: f.Schema + "." + f.Relation, OnDelete: f.Delete, OnUpdate: f.Update,
			Deferred: f.Deferred, Full: f.Full,
		}
		if k.Target != nil {
			k.Targets = r.columns(f.Target, f.Targets)
		}
		t := r.tables[f.Table]
		t.ForeignKeys = append(t.ForeignKeys, k)
	}
	return nil
}

// readChecks reads the checks of tables, then those of the columns' domains,
// in which VALUE becomes the column.
func (r *reader) readChecks(ctx context.Context, _ Options) error {
	type check struct {
		Table   uint32
		Domain  bool
		Name    string
		Expr    string
		Columns []int16
	}
	found, err := query[check](ctx, r, `
WITH RECURSIVE `+domains+`
SELECT k.conrelid AS relation, false AS domain, k.conname::text AS name, pg_get_expr(k.conbin, k.conrelid),
       coalesce(k.conkey, '{}')
FROM pg_constraint k WHERE k.contype = 'c' AND k.conrelid = ANY ($1::oid[]) AND `+r.enforced()+`
UNION ALL
SELECT a.attrelid, true, k.conname::text, pg_get_expr(k.conbin, 0), ARRAY[a.attnum]
FROM pg_attribute a JOIN domains d ON d.domain = a.atttypid
JOIN pg_constraint k ON k.contypid = d.link AND k.contype = 'c'
WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY relation, domain, 5, name`, r.oids)
	if err != nil {
		return err
	}
	for _, f := range found {
		t := r.tables[f.Table]
		c := model.Check{Name: f.Name, Expr: f.Expr, Columns: r.columns(f.Table, f.Columns)}
		if f.Domain {
			c.Expr = replaceValue(f.Expr, t.Columns[c.Columns[0]].Name)
		}
		if len(c.Columns) == 1 {
			c.Values = listed(c.Expr, t.Columns[c.Columns[0]].Name)
		}
		c.Differ = differing(t, c.Expr)
		t.Checks = append(t.Checks, c)
	}
	return nil
}
