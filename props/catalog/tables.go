package catalog

import (
	"context"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// readSchemas finds the judged schemas.
func (r *reader) readSchemas(ctx context.Context, o Options) error {
	type schema struct {
		OID    uint32
		Name   string
		Usable bool
	}
	// With roles by name a superuser counts, and may use everything.
	found, err := query[schema](ctx, r, `
SELECT n.oid, n.nspname::text,
       n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname <> ALL ($1::text[])
       AND NOT EXISTS (SELECT FROM pg_depend d
           WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')
       AND (has_schema_privilege('public', n.oid, 'USAGE')
            OR EXISTS (SELECT FROM pg_roles r WHERE r.rolname = ANY ($2::text[]) AND ($3 OR NOT r.rolsuper)
                       AND has_schema_privilege(r.oid, n.oid, 'USAGE')))
FROM pg_namespace n ORDER BY n.nspname::text COLLATE "C"`, texts(o.Skip), texts(r.session), len(o.Roles) > 0)
	if err != nil {
		return err
	}
	oids := map[string]uint32{}
	var judged []uint32
	for _, s := range found {
		oids[s.Name] = s.OID
		if len(o.Schemas)+len(o.Tables) == 0 && s.Usable {
			judged = append(judged, s.OID)
		}
	}
	for _, name := range o.Schemas {
		oid, ok := oids[name]
		if !ok {
			return &NotFoundError{Object: "schema", Name: name}
		}
		judged = append(judged, oid)
	}
	r.judged = array(judged)
	return r.readSingle(ctx, o.Tables)
}

// readSingle finds the tables that are judged by themselves.
func (r *reader) readSingle(ctx context.Context, names []TableName) error {
	var oids []uint32
	for _, name := range names {
		found, err := query[struct{ OID uint32 }](ctx, r, `
SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')`, name.Schema, name.Name)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return &NotFoundError{Object: "table", Name: name.Schema + "." + name.Name}
		}
		oids = append(oids, found[0].OID)
	}
	r.single = array(oids)
	return nil
}

// readTables finds the judged tables and their parents.
func (r *reader) readTables(ctx context.Context, _ Options) error {
	type table struct {
		OID          uint32
		Schema, Name string
		Partitioned  bool
		Security     bool
		Force        bool
		Owner        string
		ParentSchema string
		Parent       string
		Filled       bool
	}
	found, err := query[table](ctx, r, `
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind = 'p', c.relrowsecurity, c.relforcerowsecurity,
       pg_get_userbyid(c.relowner)::text, coalesce(pn.nspname::text, ''), coalesce(p.relname::text, ''),
       c.relkind = 'r' AND pg_relation_size(c.oid) > 0
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND i.inhseqno = 1
LEFT JOIN pg_class p ON p.oid = i.inhparent
LEFT JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND (c.relnamespace = ANY ($1::oid[]) OR c.oid = ANY ($2::oid[]))
  AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e')
ORDER BY n.nspname::text COLLATE "C", c.relname::text COLLATE "C"`, r.judged, r.single)
	if err != nil {
		return err
	}
	r.tables, r.indexes = map[uint32]*model.Table{}, map[uint32]map[int16]int{}
	r.filled = map[uint32]bool{}
	oids := make([]uint32, len(found))
	for i, f := range found {
		t := &model.Table{
			ID: i, Schema: f.Schema, Name: f.Name, Partitioned: f.Partitioned,
			RowSecurity: f.Security, Force: f.Force, Owner: f.Owner,
		}
		if f.Parent != "" {
			t.Parent = (&model.Table{Schema: f.ParentSchema, Name: f.Parent}).Label()
		}
		oids[i], r.tables[f.OID], r.filled[f.OID] = f.OID, t, f.Filled
		r.indexes[f.OID] = map[int16]int{}
		r.schema.Tables = append(r.schema.Tables, t)
	}
	r.oids = array(oids)
	return nil
}

// columns translates attribute numbers of a table to column indexes. System
// columns and whole-row references are left out.
func (r *reader) columns(table uint32, attnums []int16) []int {
	var out []int
	for _, n := range attnums {
		if i, ok := r.indexes[table][n]; ok {
			out = append(out, i)
		}
	}
	return out
}

// array writes OIDs as the text of a Postgres array.
func array(oids []uint32) string {
	parts := make([]string, len(oids))
	for i, oid := range oids {
		parts[i] = strconv.FormatUint(uint64(oid), 10)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// texts is a list that is never NULL.
func texts(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
