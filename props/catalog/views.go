package catalog

import (
	"context"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// readViews finds the views of the judged schemas, and who may use them.
func (r *reader) readViews(ctx context.Context, _ Options) error {
	type view struct {
		OID          uint32
		Schema, Name string
		Materialized bool
		Invoker      bool
		Barrier      bool
		Check        string
		Owner        string
		Columns      []string
		Types        []string
		Definition   string
		Updatable    int
	}
	found, err := query[view](ctx, r, `
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind = 'm',
       coalesce((SELECT o.option_value::boolean FROM pg_options_to_table(c.reloptions) o WHERE o.option_name = 'security_invoker'), false),
       coalesce((SELECT o.option_value::boolean FROM pg_options_to_table(c.reloptions) o WHERE o.option_name = 'security_barrier'), false),
       coalesce((SELECT upper(o.option_value) FROM pg_options_to_table(c.reloptions) o WHERE o.option_name = 'check_option'), ''),
       pg_get_userbyid(c.relowner)::text,
       ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
       ARRAY(SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
       pg_get_viewdef(c.oid), CASE c.relkind WHEN 'v' THEN pg_relation_is_updatable(c.oid, true) ELSE 0 END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm') AND c.relpersistence <> 't' AND c.relnamespace = ANY ($1::oid[])
  AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e')
ORDER BY c.oid`, r.judged)
	if err != nil || len(found) == 0 {
		return err
	}
	byOID := map[uint32]*model.View{}
	oids := make([]uint32, len(found))
	for i, f := range found {
		v := &model.View{
			Schema: f.Schema, Name: f.Name, Materialized: f.Materialized, Invoker: f.Invoker, Barrier: f.Barrier, Check: f.Check, Owner: f.Owner,
			Columns: f.Columns, Types: f.Types, Definition: f.Definition, Readers: map[string][]bool{}, Writers: map[string]model.ViewWrite{}, Updates: map[string][]bool{},
		}
		v.Writable = model.ViewWrite{Insert: f.Updatable&canInsert != 0, Update: f.Updatable&canUpdate != 0, Delete: f.Updatable&canDelete != 0}
		oids[i], byOID[f.OID] = f.OID, v
		r.schema.Views = append(r.schema.Views, v)
	}
	if err := r.eachTrigger(ctx, array(oids), func(of uint32, tr model.Trigger) { byOID[of].Triggers = append(byOID[of].Triggers, tr) }); err != nil {
		return err
	}
	if err := r.readBases(ctx, byOID); err != nil {
		return err
	}
	return r.readViewRights(ctx, byOID, array(oids))
}

// Bits of pg_relation_is_updatable.
const (
	canUpdate = 1 << 2
	canInsert = 1 << 3
	canDelete = 1 << 4
)

func (r *reader) readViewRights(ctx context.Context, views map[uint32]*model.View, oids string) error {
	type right struct {
		Role                   string
		View                   uint32
		Select, Set            []bool
		Insert, Update, Delete bool
	}
	found, err := query[right](ctx, r, `
SELECT r.rolname::text, t.* FROM pg_roles r CROSS JOIN LATERAL (
  SELECT c.oid,
         ARRAY(SELECT has_column_privilege(r.oid, c.oid, a.attnum, 'SELECT') FROM pg_attribute a
               WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
         ARRAY(SELECT has_column_privilege(r.oid, c.oid, a.attnum, 'UPDATE') FROM pg_attribute a
               WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
         has_any_column_privilege(r.oid, c.oid, 'INSERT'), has_any_column_privilege(r.oid, c.oid, 'UPDATE'),
         has_table_privilege(r.oid, c.oid, 'DELETE')
  FROM pg_class c WHERE c.oid = ANY ($2::oid[]) AND has_schema_privilege(r.oid, c.relnamespace, 'USAGE') OFFSET 0
) t WHERE r.rolname = ANY ($1::text[])`, texts(r.session), oids)
	if err != nil {
		return err
	}
	for _, f := range found {
		v := views[f.View]
		for _, ok := range f.Select {
			if ok {
				v.Readers[f.Role] = f.Select
			}
		}
		w := model.ViewWrite{Insert: f.Insert && v.Writable.Insert, Update: f.Update && v.Writable.Update, Delete: f.Delete && v.Writable.Delete}
		if w != (model.ViewWrite{}) {
			v.Writers[f.Role] = w
		}
		if w.Update {
			v.Updates[f.Role] = f.Set
		}
	}
	return nil
}
