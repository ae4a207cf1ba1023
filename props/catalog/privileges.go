package catalog

import (
	"context"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// readPrivileges asks for each role, then for each table: Postgres remembers the
// memberships of the last role only.
func (r *reader) readPrivileges(ctx context.Context, _ Options) error {
	type privilege struct {
		Role                   string
		Table                  uint32
		Select, Insert, Update bool
		Delete, Truncate       bool
		Usage                  bool
	}
	found, err := query[privilege](ctx, r, `
SELECT r.rolname::text, t.* FROM pg_roles r CROSS JOIN LATERAL (
  SELECT c.oid, has_table_privilege(r.oid, c.oid, 'SELECT'), has_table_privilege(r.oid, c.oid, 'INSERT'),
         has_table_privilege(r.oid, c.oid, 'UPDATE'), has_table_privilege(r.oid, c.oid, 'DELETE'),
         has_table_privilege(r.oid, c.oid, 'TRUNCATE'), has_schema_privilege(r.oid, c.relnamespace, 'USAGE')
  FROM pg_class c WHERE c.oid = ANY ($2::oid[]) OFFSET 0
) t WHERE r.rolname = ANY ($1::text[])`, texts(r.session), r.oids)
	if err != nil {
		return err
	}
	all := map[string][]model.Privilege{}
	for _, name := range r.session {
		all[name] = make([]model.Privilege, len(r.schema.Tables))
	}
	for _, f := range found {
		t := r.tables[f.Table]
		n := len(t.Columns)
		all[f.Role][t.ID] = model.Privilege{
			Select: repeat(f.Select, n), Insert: repeat(f.Insert, n), Update: repeat(f.Update, n),
			Delete: f.Delete, Truncate: f.Truncate, Usage: f.Usage,
		}
	}
	r.schema.Privileges = all
	return nil
}

// readColumnPrivileges adds what single columns grant beyond their table.
func (r *reader) readColumnPrivileges(ctx context.Context, _ Options) error {
	type privilege struct {
		Role                   string
		Table                  uint32
		Number                 int16
		Select, Insert, Update bool
	}
	found, err := query[privilege](ctx, r, `
SELECT r.rolname::text, t.* FROM pg_roles r CROSS JOIN LATERAL (
  SELECT a.attrelid, a.attnum, has_column_privilege(r.oid, a.attrelid, a.attnum, 'SELECT'),
         has_column_privilege(r.oid, a.attrelid, a.attnum, 'INSERT'),
         has_column_privilege(r.oid, a.attrelid, a.attnum, 'UPDATE')
  FROM pg_attribute a
  WHERE a.attrelid = ANY ($2::oid[]) AND a.attnum > 0 AND NOT a.attisdropped AND a.attacl IS NOT NULL OFFSET 0
) t WHERE r.rolname = ANY ($1::text[])`, texts(r.session), r.oids)
	if err != nil {
		return err
	}
	for _, f := range found {
		p := r.schema.Privileges[f.Role][r.tables[f.Table].ID]
		i := r.indexes[f.Table][f.Number]
		p.Select[i], p.Insert[i], p.Update[i] = f.Select, f.Insert, f.Update
	}
	return nil
}

func repeat(v bool, n int) []bool {
	out := make([]bool, n)
	for i := range out {
		out[i] = v
	}
	return out
}
