package catalog

import (
	"context"
	"slices"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// Changing lists the names by which SQL asks for what differs between sessions: who they
// are, and the tables of a schema.
func Changing(s *model.Schema) []string {
	out := sql.Identities()
	for _, t := range s.Tables {
		out = append(out, t.Name)
	}
	return out
}

// readFrozen finds the functions that are marked IMMUTABLE though their text asks for what
// differs between sessions: a setting, who they are, a table, or a function that is not
// IMMUTABLE itself. The planner takes their result for a constant, so that a plan which is
// kept goes on with the result of the session for which it was made (manual, "Function
// Volatility Categories").
func (r *reader) readFrozen(ctx context.Context, _ Options) error {
	type function struct {
		Schema, Name, Signature, Body string
		Immutable                     bool
	}
	found, err := query[function](ctx, r, `
SELECT n.nspname::text, o.proname::text,
       (SELECT coalesce(string_agg(format_type(a.t, NULL), ', ' ORDER BY a.i), '') FROM unnest(o.proargtypes) WITH ORDINALITY a (t, i)),
       coalesce(nullif(o.prosrc, ''), CASE WHEN o.prosqlbody IS NOT NULL THEN pg_get_function_sqlbody(o.oid) END, ''), o.provolatile = 'i'
FROM pg_proc o JOIN pg_namespace n ON n.oid = o.pronamespace
WHERE `+ownText+` AND o.prokind = 'f' AND o.prolang NOT IN (SELECT oid FROM pg_language WHERE lanname IN ('c', 'internal'))
ORDER BY n.nspname::text COLLATE "C", o.proname::text COLLATE "C", 3`)
	if err != nil {
		return err
	}
	changing := Changing(r.schema)
	for _, f := range found {
		if !f.Immutable {
			changing = append(changing, f.Name)
		}
	}
	for again := true; again; { // one may hide behind another
		again = false
		for i, f := range found {
			asks := func(name string) bool { return name != f.Name && sql.Mentions(f.Body, name) }
			if f.Immutable && slices.ContainsFunc(changing, asks) {
				r.schema.Frozen = append(r.schema.Frozen, &model.Routine{Schema: f.Schema, Name: f.Name, Signature: f.Signature, Source: f.Body})
				found[i].Immutable, changing, again = false, append(changing, f.Name), true
			}
		}
	}
	return nil
}
