package inventory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Read reads the relations and routines of a database, less those of Postgres, of
// extensions, and of temporary schemas; roles are those whose rights are wanted. The
// connection must be outside a transaction and a superuser's; it is left as it was.
func Read(ctx context.Context, conn *pgx.Conn, roles []string) (*Catalog, error) {
	r := &reader{conn: conn, roles: roles, catalog: &Catalog{Roles: map[string]*Role{}}}
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	if err := pgx.BeginTxFunc(ctx, conn, options, func(pgx.Tx) error { return r.read(ctx) }); err != nil {
		return nil, fmt.Errorf("read the ways into the database: %w", err)
	}
	return r.catalog, nil
}

// reader is one reading of one database.
type reader struct {
	conn    *pgx.Conn
	roles   []string
	catalog *Catalog
	classes map[uint32]*Object // relations by OID
	procs   map[uint32]*Object // routines by OID
}

// read reads everything, in a transaction that the caller began.
func (r *reader) read(ctx context.Context) error {
	if _, err := r.conn.PgConn().Exec(ctx, "SET LOCAL search_path = ''; SET LOCAL quote_all_identifiers = off").ReadAll(); err != nil {
		return fmt.Errorf("set formats: %w", err)
	}
	r.classes, r.procs = map[uint32]*Object{}, map[uint32]*Object{}
	for _, subject := range []struct {
		name string
		read func(context.Context) error
	}{
		{"roles", r.readRoles},
		{"relations", r.readRelations},
		{"policies", r.readPolicies},
		{"routines", r.readRoutines},
		{"rights", r.readRights},
		{"dependencies", r.readDependencies},
	} {
		if err := subject.read(ctx); err != nil {
			return fmt.Errorf("%s: %w", subject.name, err)
		}
	}
	r.readBodies()
	for _, o := range r.catalog.Objects {
		slices.SortStableFunc(o.Needs, compareNeeds)
		o.Needs = slices.Compact(o.Needs)
	}
	return nil
}

// compareNeeds orders needs by how they come about, then by name.
func compareNeeds(a, b Need) int {
	if a.Via != b.Via {
		return int(a.Via) - int(b.Via)
	}
	return strings.Compare(a.Name+"\x00"+a.To.ID(), b.Name+"\x00"+b.To.ID())
}

// query runs SQL without preparing it, so that nothing stays on the connection.
func query[T any](ctx context.Context, r *reader, sql string, args ...any) ([]T, error) {
	rows, err := r.conn.Query(ctx, sql, append([]any{pgx.QueryExecModeExec}, args...)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[T])
}

func (r *reader) readRoles(ctx context.Context) error {
	found, err := query[Role](ctx, r, `
SELECT rolname::text, rolcanlogin, rolsuper, rolbypassrls, oid = 10,
       CASE WHEN rolsuper THEN '{}' ELSE ARRAY(SELECT o.rolname::text FROM pg_roles o WHERE pg_has_role(r.oid, o.oid, 'USAGE') ORDER BY o.rolname::text COLLATE "C") END,
       CASE WHEN rolsuper THEN '{}' ELSE ARRAY(SELECT o.rolname::text FROM pg_roles o WHERE o.oid <> r.oid AND pg_has_role(r.oid, o.oid, 'MEMBER') ORDER BY o.rolname::text COLLATE "C") END,
       ''
FROM pg_roles r ORDER BY rolname::text COLLATE "C"`)
	if err != nil {
		return err
	}
	for i := range found {
		f := &found[i]
		f.Print = fingerprint(f.Name, fmt.Sprint(f.Login, f.Super, f.BypassRLS), strings.Join(f.Has, ","), strings.Join(f.Becomes, ","))
		r.catalog.Roles[f.Name] = f
	}
	return nil
}

// An object is the user's if it is in none of Postgres' own schemas, and no member of an extension: the
// parameters of free are the catalog and the OID.
const (
	ours = `n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`
	free = `NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '%s'::regclass AND e.objid = %s AND e.deptype = 'e')`
)

// grants prints privileges by name, without those of the first superuser, whose name
// differs from server to server.
const grants = `(SELECT string_agg(CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END || ' ' || a.privilege_type || a.is_grantable, ',' ORDER BY a.grantee::regrole::text, a.privilege_type)
          FROM aclexplode(coalesce(%s, acldefault(%s, %s))) a WHERE a.grantee <> 10)`

// columnGrants prints the privileges on a column, likewise.
const columnGrants = `(SELECT string_agg(g.grantee::regrole || ' ' || g.privilege_type, ',' ORDER BY g.grantee::regrole::text, g.privilege_type)
              FROM aclexplode(a.attacl) g WHERE g.grantee <> 10)`

// relationQuery reads relations, each with a text of all that makes it up, whose hash tells
// whether it changed.
var relationQuery = `
SELECT c.oid, c.relkind::text, n.nspname::text, c.relname::text, pg_get_userbyid(c.relowner)::text, c.relrowsecurity, c.relforcerowsecurity,
       coalesce((SELECT o.option_value::boolean FROM pg_options_to_table(c.reloptions) o WHERE o.option_name = 'security_invoker'), false),
       coalesce((SELECT i.inhparent FROM pg_inherits i WHERE i.inhrelid = c.oid ORDER BY i.inhseqno LIMIT 1), 0)::oid,
       concat_ws(E'\n', c.relkind, CASE c.relowner WHEN 10 THEN ' ' ELSE pg_get_userbyid(c.relowner) END, c.relrowsecurity, c.relforcerowsecurity, c.reloptions::text,
         ` + fmt.Sprintf(grants, "c.relacl", `'r'::"char"`, "c.relowner") + `,
         (SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, ` + columnGrants + `, pg_get_expr(d.adbin, d.adrelid)), E'\n' ORDER BY a.attnum)
          FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
         (SELECT string_agg(k.conname || ' ' || pg_get_constraintdef(k.oid), E'\n' ORDER BY k.conname) FROM pg_constraint k WHERE k.conrelid = c.oid),
         (SELECT string_agg(indexdef, E'\n' ORDER BY indexdef) FROM (SELECT pg_get_indexdef(i.indexrelid) AS indexdef FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique) x),
         (SELECT string_agg(pg_get_triggerdef(t.oid) || t.tgenabled::text, E'\n' ORDER BY t.tgname) FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal),
         (SELECT string_agg(concat_ws(' ', p.polname, p.polcmd::text, p.polpermissive,
                   (SELECT string_agg(CASE u WHEN 0 THEN 'public' WHEN 10 THEN ' ' ELSE pg_get_userbyid(u) END, ',' ORDER BY u::regrole::text) FROM unnest(p.polroles) u),
                   pg_get_expr(p.polqual, p.polrelid), '/', pg_get_expr(p.polwithcheck, p.polrelid)), E'\n' ORDER BY p.polname)
          FROM pg_policy p WHERE p.polrelid = c.oid),
         (SELECT string_agg(pg_get_ruledef(w.oid), E'\n' ORDER BY w.rulename) FROM pg_rewrite w WHERE w.ev_class = c.oid))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND c.relpersistence <> 't' AND ` + ours + ` AND ` + fmt.Sprintf(free, "pg_class", "c.oid AND e.objsubid = 0") + `
ORDER BY CASE c.relkind WHEN 'f' THEN 1 WHEN 'v' THEN 2 WHEN 'm' THEN 3 ELSE 0 END, n.nspname::text COLLATE "C", c.relname::text COLLATE "C"`

func (r *reader) readRelations(ctx context.Context) error {
	type relation struct {
		OID                         uint32
		Kind, Schema, Name, Owner   string
		RowSecurity, Force, Invoker bool
		Parent                      uint32
		Text                        string
	}
	found, err := query[relation](ctx, r, relationQuery)
	if err != nil {
		return err
	}
	kinds := map[string]Kind{"r": Table, "p": Table, "f": ForeignTable, "v": View, "m": Materialized}
	for _, f := range found {
		o := &Object{
			Kind: kinds[f.Kind], Schema: f.Schema, Name: f.Name, Owner: f.Owner, RowSecurity: f.RowSecurity, Force: f.Force,
			Invoker: f.Invoker, Rights: map[string]Rights{}, Print: fingerprint(f.Text), oid: f.OID,
		}
		r.classes[f.OID] = o
		r.catalog.Objects = append(r.catalog.Objects, o)
	}
	for _, f := range found {
		r.classes[f.OID].Parent = r.classes[f.Parent]
	}
	return nil
}

func (r *reader) readPolicies(ctx context.Context) error {
	type policy struct {
		Table         uint32
		Name, Command string
		Permissive    bool
		Roles         []string
	}
	found, err := query[policy](ctx, r, `
SELECT p.polrelid, p.polname::text,
       CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END, p.polpermissive,
       ARRAY(SELECT CASE u.oid WHEN 0 THEN 'public' ELSE pg_get_userbyid(u.oid)::text END FROM unnest(p.polroles) u (oid) ORDER BY 1)
FROM pg_policy p ORDER BY p.polrelid, p.polname::text COLLATE "C"`)
	if err != nil {
		return err
	}
	for _, f := range found {
		if o := r.classes[f.Table]; o != nil {
			o.Policies = append(o.Policies, Policy{Name: f.Name, Command: f.Command, Permissive: f.Permissive, Roles: f.Roles})
		}
	}
	return nil
}

// readRoutines reads functions, procedures and aggregates; of extensions, those that run with their
// owners' rights. The catalog keeps the bodies of some as text, which readBodies reads later.
func (r *reader) readRoutines(ctx context.Context) error {
	type routine struct {
		OID                             uint32
		Kind                            string
		Schema, Name, Signature, Owner  string
		Definer, Trigger, Parsed        bool
		Language, Source, Path, Printed string
	}
	found, err := query[routine](ctx, r, `
SELECT p.oid, p.prokind::text, n.nspname::text, p.proname::text,
       (SELECT coalesce(string_agg(format_type(a.t, NULL), ', ' ORDER BY a.i), '') FROM unnest(p.proargtypes) WITH ORDINALITY a (t, i)),
       pg_get_userbyid(p.proowner)::text, p.prosecdef, p.prorettype IN ('trigger'::regtype, 'event_trigger'::regtype), p.prosqlbody IS NOT NULL OR p.prokind = 'a',
       l.lanname::text, coalesce(p.prosrc, ''),
       coalesce((SELECT substr(s, strpos(s, '=') + 1) FROM unnest(p.proconfig) s WHERE s LIKE 'search_path=%'), ''),
       concat_ws(E'\n', CASE WHEN p.prokind = 'a' THEN 
           (SELECT (to_jsonb(a) - ARRAY['aggtranstype', 'aggmtranstype', 'aggsortop'])::text || format_type(a.aggtranstype, NULL) FROM pg_aggregate a WHERE a.aggfnoid = p.oid) ELSE pg_get_functiondef(p.oid) END, CASE p.proowner WHEN 10 THEN ' ' ELSE pg_get_userbyid(p.proowner) END,
         `+fmt.Sprintf(grants, "p.proacl", `'f'::"char"`, "p.proowner")+`)
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
WHERE `+ours+` AND (p.prosecdef OR `+fmt.Sprintf(free, "pg_proc", "p.oid")+`)
ORDER BY p.prokind IN ('p', 'a'), p.prokind = 'a', n.nspname::text COLLATE "C", p.proname::text COLLATE "C", 5`)
	if err != nil {
		return err
	}
	named := map[string][]*Object{} // a trigger's function is called by nobody: it makes no other ambiguous
	for _, f := range found {
		o := &Object{
			Kind: Function, Schema: f.Schema, Name: f.Name, Signature: f.Signature, Owner: f.Owner, Definer: f.Definer, Trigger: f.Trigger,
			Language: f.Language, Rights: map[string]Rights{}, Print: fingerprint(f.Printed), oid: f.OID, path: searchPath(f.Path),
		}
		switch f.Kind {
		case "p":
			o.Kind = Procedure
		case "a":
			o.Kind = Aggregate
		}
		if !f.Parsed {
			o.source = f.Source
		}
		r.procs[f.OID] = o
		r.catalog.Objects = append(r.catalog.Objects, o)
		if !o.Trigger {
			named[o.Label()] = append(named[o.Label()], o)
		}
	}
	for _, list := range named {
		for _, o := range list {
			o.overloaded = len(list) > 1
		}
	}
	return nil
}

// searchPath takes the setting of a routine apart.
func searchPath(setting string) []string {
	var out []string
	for _, name := range strings.Split(setting, ",") {
		if name = strings.Trim(strings.TrimSpace(name), `"`); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// readRights reads what each of the wanted roles may do with each object.
func (r *reader) readRights(ctx context.Context) error {
	type right struct {
		Role                                     string
		OID                                      uint32
		Select, Insert, Update, Delete, Truncate bool
	}
	found, err := query[right](ctx, r, `
SELECT r.rolname::text, t.* FROM pg_roles r CROSS JOIN LATERAL (
  SELECT c.oid, has_any_column_privilege(r.oid, c.oid, 'SELECT'), has_any_column_privilege(r.oid, c.oid, 'INSERT'),
         has_any_column_privilege(r.oid, c.oid, 'UPDATE'), has_table_privilege(r.oid, c.oid, 'DELETE'), has_table_privilege(r.oid, c.oid, 'TRUNCATE')
  FROM pg_class c WHERE c.oid = ANY ($2::oid[]) AND has_schema_privilege(r.oid, c.relnamespace, 'USAGE') OFFSET 0
) t WHERE r.rolname = ANY ($1::text[])`, r.roles, oids(r.classes))
	if err != nil {
		return err
	}
	for _, f := range found {
		if may := (Rights{Select: f.Select, Insert: f.Insert, Update: f.Update, Delete: f.Delete, Truncate: f.Truncate}); may.Any() {
			r.classes[f.OID].Rights[f.Role] = may
		}
	}
	type call struct {
		Role string
		OID  uint32
	}
	calls, err := query[call](ctx, r, `
SELECT r.rolname::text, t.oid FROM pg_roles r CROSS JOIN LATERAL (
  SELECT p.oid FROM pg_proc p WHERE p.oid = ANY ($2::oid[]) AND has_schema_privilege(r.oid, p.pronamespace, 'USAGE')
     AND has_function_privilege(r.oid, p.oid, 'EXECUTE') OFFSET 0
) t WHERE r.rolname = ANY ($1::text[])`, r.roles, oids(r.procs))
	if err != nil {
		return err
	}
	for _, f := range calls {
		r.procs[f.OID].Rights[f.Role] = Rights{Execute: true}
	}
	return nil
}

func oids(objects map[uint32]*Object) []uint32 {
	out := []uint32{}
	for oid := range objects {
		out = append(out, oid)
	}
	slices.Sort(out)
	return out
}
