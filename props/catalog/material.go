package catalog

import (
	"context"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// What this file reads is what rows are made of, beside the columns themselves.
// No prediction rests on it.

// readExclusions reads EXCLUDE constraints and unique indexes over expressions. An
// expression's columns are those of which the printed index mentions the name.
func (r *reader) readExclusions(ctx context.Context, _ Options) error {
	type part struct {
		Table    uint32
		Name     string
		Attnum   int16 // 0: an expression
		Operator string
		Expr     string
	}
	found, err := query[part](ctx, r, `
SELECT i.indrelid, c.relname::text, i.indkey[p.n - 1], coalesce(o.oprname::text, '='), pg_get_indexdef(i.indexrelid, p.n, true)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype = 'x'
CROSS JOIN LATERAL generate_series(1, i.indnkeyatts) p (n)
LEFT JOIN pg_operator o ON o.oid = k.conexclop[p.n]
WHERE i.indrelid = ANY ($1::oid[]) AND i.indisready AND (i.indisexclusion OR i.indisunique AND i.indexprs IS NOT NULL)
ORDER BY i.indrelid, c.relname::text COLLATE "C", p.n`, r.oids)
	if err != nil {
		return err
	}
	for _, f := range found {
		t := r.tables[f.Table]
		n := len(t.Exclusions)
		if n == 0 || t.Exclusions[n-1].Name != f.Name {
			t.Exclusions = append(t.Exclusions, model.Exclusion{Name: f.Name})
			n++
		}
		x := &t.Exclusions[n-1]
		list := &x.Reads
		if f.Attnum != 0 {
			switch f.Operator {
			case "=":
				list = &x.Same
			case "<>":
				list = &x.Differ
			case "&&":
				list = &x.Overlap
			}
			*list = append(*list, r.columns(f.Table, []int16{f.Attnum})...)
			continue
		}
		for i := range t.Columns {
			if mentions(f.Expr, t.Columns[i].Name) && !slices.Contains(x.Reads, i) {
				x.Reads = append(x.Reads, i)
			}
		}
	}
	return nil
}

// mentions reports whether an expression names something so.
func mentions(expr, name string) bool {
	return slices.ContainsFunc(sql.Tokens(expr), func(t sql.Token) bool {
		return (t.Kind == sql.Word || t.Kind == sql.QuotedName) && t.Text == name
	})
}

// readBounds reads what the partitions of a table take, of all levels below it.
func (r *reader) readBounds(ctx context.Context, _ Options) error {
	type bound struct {
		Table uint32
		Text  string
	}
	found, err := query[bound](ctx, r, `
SELECT c.oid, pg_get_partition_constraintdef(p.relid)
FROM pg_class c CROSS JOIN LATERAL pg_partition_tree(c.oid) p
WHERE c.oid = ANY ($1::oid[]) AND c.relkind = 'p' AND p.isleaf AND pg_get_partition_constraintdef(p.relid) IS NOT NULL
ORDER BY c.oid, p.relid::regclass::text COLLATE "C"`, r.oids)
	if err != nil {
		return err
	}
	for _, f := range found {
		t := r.tables[f.Table]
		t.Bounds = append(t.Bounds, f.Text)
	}
	return nil
}

// readShapes reads the composite and range types and the domains that the schema's own
// files made.
func (r *reader) readShapes(ctx context.Context, _ Options) error {
	type shape struct {
		Name     string
		Relation uint32 // of a composite type
		Multi    bool
		Element  string // of a range: the name of the type
		Base     string
		Checks   []string
	}
	found, err := query[shape](ctx, r, `
WITH RECURSIVE `+domains+`
SELECT format_type(t.oid, NULL), t.typrelid, t.typtype = 'm',
       coalesce(format_type(g.rngsubtype, NULL), ''), coalesce(e.typname::text, ''),
       ARRAY(SELECT pg_get_expr(k.conbin, 0) FROM domains d JOIN pg_constraint k ON k.contypid = d.link AND k.contype = 'c'
             WHERE d.domain = t.oid ORDER BY d.depth, k.conname::text COLLATE "C")
FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
LEFT JOIN pg_range g ON t.oid IN (g.rngtypid, g.rngmultitypid) LEFT JOIN pg_type e ON e.oid = g.rngsubtype
WHERE (t.typtype = 'c' AND c.relkind = 'c' OR t.typtype IN ('r', 'm', 'd'))
  AND t.typnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
ORDER BY format_type(t.oid, NULL) COLLATE "C"`)
	if err != nil || len(found) == 0 {
		return err
	}
	var relations []uint32
	for _, f := range found {
		relations = append(relations, f.Relation)
	}
	attributes, err := query[attribute](ctx, r, columnQuery, array(relations))
	if err != nil {
		return err
	}
	for _, f := range found {
		s := model.TypeShape{Name: f.Name, Multi: f.Multi}
		if len(f.Checks) > 0 {
			s.Checks = f.Checks
		}
		if f.Element != "" {
			s.Element = &model.Type{Name: f.Element, Plain: f.Element, Base: f.Base, Kind: kind(f.Base, "b", false, true)}
		}
		for i := range attributes {
			if a := &attributes[i]; f.Relation != 0 && a.Table == f.Relation {
				s.Fields = append(s.Fields, model.Field{Name: a.Name, Type: a.columnType()})
			}
		}
		r.schema.Shapes = append(r.schema.Shapes, s)
	}
	return nil
}

// ownText leaves out what Postgres and extensions made.
const ownText = `n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = o.oid AND d.objsubid = 0 AND d.deptype = 'e')`

// readTexts reads what functions, views and indexes say, and into which tables
// triggers insert.
func (r *reader) readTexts(ctx context.Context, _ Options) error {
	found, err := query[model.Text](ctx, r, `
SELECT 'function' AS kind, n.nspname || '.' || o.proname AS name,
       coalesce(nullif(o.prosrc, ''), CASE WHEN o.prosqlbody IS NOT NULL THEN pg_get_functiondef(o.oid) END, '') AS body
FROM pg_proc o JOIN pg_namespace n ON n.oid = o.pronamespace
WHERE `+ownText+` AND o.prokind IN ('f', 'p') AND o.prolang NOT IN (SELECT oid FROM pg_language WHERE lanname IN ('c', 'internal'))
UNION ALL
SELECT 'view', n.nspname || '.' || o.relname, coalesce(pg_get_viewdef(o.oid), '')
FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace WHERE `+ownText+` AND o.relkind IN ('v', 'm')
UNION ALL
SELECT 'index', n.nspname || '.' || t.relname, pg_get_expr(i.indpred, i.indrelid)
FROM pg_index i JOIN pg_class o ON o.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = t.relnamespace WHERE `+ownText+` AND i.indpred IS NOT NULL
UNION ALL
SELECT 'index', n.nspname || '.' || t.relname, pg_get_expr(i.indexprs, i.indrelid) -- of parts of documents
FROM pg_index i JOIN pg_class o ON o.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = t.relnamespace WHERE `+ownText+` AND pg_get_expr(i.indexprs, i.indrelid) LIKE '%->%'
ORDER BY 1, 2, 3`)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		r.schema.Texts = found
	}
	return r.readStirs(ctx)
}

// readStirs reads what changes along with a table.
func (r *reader) readStirs(ctx context.Context) error {
	type trigger struct {
		Table   uint32
		Body    string
		Inserts bool
	}
	triggers, err := query[trigger](ctx, r, `
SELECT t.tgrelid, p.prosrc, t.tgtype & 4 <> 0 FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
WHERE t.tgrelid = ANY ($1::oid[]) AND NOT t.tgisinternal AND t.tgenabled <> 'D'
ORDER BY t.tgrelid, t.tgname::text COLLATE "C"`, r.oids)
	if err != nil {
		return err
	}
	rules, err := query[trigger](ctx, r, `
SELECT ev_class, pg_get_ruledef(oid), false FROM pg_rewrite
WHERE ev_class = ANY ($1::oid[]) AND ev_enabled <> 'D' ORDER BY ev_class, rulename::text COLLATE "C"`, r.oids)
	if err != nil {
		return err
	}
	triggers = append(triggers, rules...)
	bodies := map[string]string{}
	for i := range r.schema.Texts {
		if x := &r.schema.Texts[i]; x.Kind == "function" {
			bodies[x.Name[strings.LastIndexByte(x.Name, '.')+1:]] += " " + x.Body
		}
	}
	for _, f := range triggers {
		t := r.tables[f.Table]
		for _, o := range r.schema.Tables {
			if f.Inserts && o != t && inserts(f.Body, o) && !slices.Contains(t.Fills, o.Label()) {
				t.Fills = append(t.Fills, o.Label())
			}
		}
		r.stir(t, f.Body, bodies, true, map[string]bool{})
	}
	for _, t := range r.schema.Tables {
		for i := range t.Policies {
			r.stir(t, t.Policies[i].Using+" "+t.Policies[i].Check, bodies, false, map[string]bool{})
		}
	}
	return nil
}

// stir notes the tables that a text names, if it may write, and those of the functions
// that it calls.
func (r *reader) stir(t *model.Table, text string, bodies map[string]string, writes bool, seen map[string]bool) {
	names := map[string]bool{}
	add := func(label string) {
		if label != t.Label() && !slices.Contains(t.Stirs, label) {
			t.Stirs = append(t.Stirs, label)
		}
	}
	for _, token := range sql.Tokens(text) {
		if token.Kind != sql.Word && token.Kind != sql.QuotedName {
			continue
		}
		names[token.Text] = true
		switch body, called := bodies[token.Text]; {
		case called && !seen[token.Text]:
			seen[token.Text] = true
			r.stir(t, body, bodies, writes || mayWrite(body), seen)
		case writes && token.Kind == sql.Word && strings.EqualFold(token.Text, "execute"):
			add("*") // SQL that is made at run time
		}
	}
	for _, o := range r.schema.Tables {
		if writes && names[o.Name] {
			add(o.Label())
		}
	}
}

func mayWrite(body string) bool {
	return slices.ContainsFunc(sql.Tokens(body), func(t sql.Token) bool {
		w := strings.ToLower(t.Text)
		return t.Kind == sql.Word && (w == "insert" || w == "update" || w == "delete" || w == "merge" || w == "truncate" || w == "execute")
	})
}

// inserts reports whether the body of a function has INSERT INTO a table.
func inserts(body string, t *model.Table) bool {
	tokens := sql.Tokens(body)
	for i := range tokens {
		if !strings.EqualFold(tokens[i].Text, "insert") || i+2 >= len(tokens) || !strings.EqualFold(tokens[i+1].Text, "into") {
			continue
		}
		if i+4 < len(tokens) && tokens[i+3].Text == "." {
			if tokens[i+2].Text == t.Schema && tokens[i+4].Text == t.Name {
				return true
			}
			continue
		}
		if tokens[i+2].Text == t.Name {
			return true
		}
	}
	return false
}
