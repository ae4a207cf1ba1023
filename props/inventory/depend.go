package inventory

import (
	"context"
	"slices"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// dependencies is what pg_depend records of the queries of views and rules, of policies, of
// bodies in the SQL standard's form, of aggregates, of defaults and checks; and the functions of triggers. The
// column via is a Via.
const dependencies = `
WITH owners AS (
  SELECT 'pg_rewrite'::regclass::oid AS class, w.oid, 'pg_class'::regclass::oid AS owner_class, w.ev_class AS owner,
         CASE c.relkind WHEN 'v' THEN 0 WHEN 'm' THEN 0 ELSE 3 END AS via, w.rulename::text AS name
  FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class
  UNION ALL SELECT 'pg_policy'::regclass, p.oid, 'pg_class'::regclass, p.polrelid, 1, p.polname::text FROM pg_policy p
  UNION ALL SELECT 'pg_attrdef'::regclass, d.oid, 'pg_class'::regclass, d.adrelid, 4, '' FROM pg_attrdef d
  UNION ALL SELECT 'pg_constraint'::regclass, k.oid, 'pg_class'::regclass, k.conrelid, 4, '' FROM pg_constraint k WHERE k.contype = 'c' AND k.conrelid <> 0
  UNION ALL SELECT 'pg_proc'::regclass, p.oid, 'pg_proc'::regclass, p.oid, 0, '' FROM pg_proc p WHERE p.prosqlbody IS NOT NULL OR p.prokind = 'a'
)
SELECT DISTINCT o.owner_class = 'pg_proc'::regclass, o.owner, d.refclassid = 'pg_proc'::regclass, d.refobjid, o.via, CASE o.via WHEN 0 THEN '' ELSE o.name END
FROM owners o JOIN pg_depend d ON d.classid = o.class AND d.objid = o.oid
WHERE d.refclassid IN ('pg_class'::regclass, 'pg_proc'::regclass)
UNION SELECT false, t.tgrelid, true, t.tgfoid, 2, t.tgname::text FROM pg_trigger t WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'`

func (r *reader) readDependencies(ctx context.Context) error {
	type dependency struct {
		FromProc bool
		From     uint32
		ToProc   bool
		To       uint32
		Via      int
		Name     string
	}
	found, err := query[dependency](ctx, r, dependencies)
	if err != nil {
		return err
	}
	pick := func(proc bool, oid uint32) *Object {
		if proc {
			return r.procs[oid]
		}
		return r.classes[oid]
	}
	for _, f := range found {
		from, to := pick(f.FromProc, f.From), pick(f.ToProc, f.To)
		if from != nil && to != nil && from != to {
			from.Needs = append(from.Needs, Need{To: to, Via: Via(f.Via), Name: f.Name})
		}
	}
	return nil
}

// readBodies finds what those routines touch whose bodies the catalog keeps as text.
func (r *reader) readBodies() {
	for _, o := range r.catalog.Objects {
		if o.source == "" {
			continue
		}
		switch o.Language {
		case "sql", "plpgsql":
			from := text{schemas: o.path, guessed: o.Language != "sql"}
			named, uncertain := r.catalog.named(o.source, from)
			o.Uncertain = uncertain
			for _, n := range named {
				if n.To != o {
					o.Needs = append(o.Needs, n)
				}
			}
		default:
			o.Uncertain = "it is written in " + o.Language + ", which is not read"
		}
	}
}

// text says how a text of SQL is read.
type text struct {
	schemas []string // where names without a schema are looked for; empty: everywhere
	guessed bool     // it is no SQL that the grammar takes as a whole: names in it are guessed at
}

// built is why not all that a text touches is known.
const built = "it runs SQL that it builds from texts"

// named lists what a text touches. uncertain is why something may be missing.
func (c *Catalog) named(source string, from text) (found []Need, uncertain string) {
	if !from.guessed {
		if refs, err := sql.References(source); err == nil {
			for _, ref := range refs {
				for _, o := range c.resolve(ref, from.schemas) {
					found = append(found, Need{To: o})
				}
			}
			return found, ""
		}
	}
	dynamic := runsText(source)
	for _, m := range sql.Scan(source, dynamic) {
		for _, o := range c.mentioned(m, from.schemas) {
			if n := (Need{To: o, Guessed: true}); !slices.Contains(found, n) {
				found = append(found, n)
			}
		}
	}
	if dynamic {
		uncertain = built
	}
	return found, uncertain
}

// runsText reports whether a body runs SQL that it makes: EXECUTE, but not the EXECUTE FUNCTION
// of a CREATE TRIGGER.
func runsText(source string) bool {
	list := sql.Scan(source, false)
	for i, m := range list {
		if len(m.Parts) != 1 || m.Parts[0] != "execute" {
			continue
		}
		next := ""
		if i+1 < len(list) {
			next = list[i+1].Parts[0]
		}
		if next != "function" && next != "procedure" {
			return true
		}
	}
	return false
}

// resolve finds the objects that a reference may mean: of several of one name without a
// schema, the first in the search path, else all of them.
func (c *Catalog) resolve(ref sql.Reference, schemas []string) []*Object {
	var out []*Object
	for _, o := range c.Objects {
		if o.Name == ref.Name && o.relation() != ref.Call && (ref.Schema == "" || ref.Schema == o.Schema) {
			out = append(out, o)
		}
	}
	if ref.Schema != "" {
		return out
	}
	for _, schema := range schemas {
		in := slices.DeleteFunc(slices.Clone(out), func(o *Object) bool { return o.Schema != schema })
		if len(in) > 0 {
			return in
		}
	}
	return out
}

// lists are the clauses in which a name after a comma is a relation's.
var lists = []string{"from", "join", "on", "using"}

// before are the words that a relation's name follows.
var before = []string{"from", "join", "into", "update", "only", "table", "using"}

// mentioned finds the objects that a name in a text may mean.
func (c *Catalog) mentioned(m sql.Mention, schemas []string) []*Object {
	var out []*Object
	if n := len(m.Parts); m.Call {
		ref := sql.Reference{Name: m.Parts[n-1], Call: true}
		if n > 1 {
			ref.Schema = m.Parts[n-2]
		}
		out = c.resolve(ref, schemas)
		if m.After != "into" { // INSERT INTO t (…)
			return out
		}
	}
	if len(m.Parts) > 1 {
		return append(out, c.resolve(sql.Reference{Schema: m.Parts[0], Name: m.Parts[1]}, nil)...)
	}
	follows := slices.Contains(before, m.After) || m.After == "," && slices.Contains(lists, m.Clause)
	if !follows || strings.HasPrefix(m.Parts[0], "$") {
		return out
	}
	return append(out, c.resolve(sql.Reference{Name: m.Parts[0]}, schemas)...)
}
